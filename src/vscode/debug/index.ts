// debug: the `cryoscope` debug type: restore a snapshot and attach the debugger that fits, or debug the frozen images.
import { join } from "node:path";
import * as vscode from "vscode";
import { LeftoverRecords, PostmortemSession } from "../../debug/index.ts";
import type { CheckpointExplorer } from "../checkpoint/index.ts";
import type { Snapshot } from "../../engine/index.ts";
import type { Engines } from "../engines/index.ts";
import { command } from "../messages.ts";
import { filesOf } from "../snapshots/index.ts";
import type { Catalog } from "../snapshots/index.ts";
import { debugErrors } from "./errors.ts";
import { entryPause } from "./entry-pause.ts";
import { entryTracker } from "./entry-tracker.ts";
import { isPostmortem, openFrozen, registerDebugFrozen } from "./frozen.ts";
import { registerFrozenMemory } from "./frozen-memory.ts";
import { bisectFrom } from "./bisect.ts";
import type { AskedOfSnapshots } from "./bisect.ts";
import type { AttachedSessions } from "./attached.ts";
import { registerCompletions } from "./completions.ts";
import { askForSnapshot, registerConfigurations } from "./configurations.ts";
import { LiveSessions } from "./live-commands.ts";
import { LiveSession } from "./live-session.ts";
import { liveWork } from "./live-work.ts";
import { sparingTracker } from "./spare-debuggee.ts";

export { AttachedSessions } from "./attached.ts";
export { editorDebuggers } from "./debug-types.ts";
export { chooseSysroot } from "./sysroot.ts";

const BISECTING = { title: "Bisect Snapshots", none: "There is no snapshot to bisect yet." };

export function registerDebug(
  context: vscode.ExtensionContext,
  {
    engines,
    catalog,
    checkpoint,
    attached,
  }: {
    engines: Engines;
    catalog: Catalog;
    checkpoint: CheckpointExplorer;
    attached: AttachedSessions;
  },
): LiveSessions {
  const live = new LiveSessions();
  // Of this machine, and so of all its windows: any of them sees to what another had to leave.
  const leftovers = new LeftoverRecords(join(context.globalStorageUri.fsPath, "sessions"), (wanted) =>
    engines.usableAt(wanted),
  );
  const parts = { engines, catalog, attached, leftovers };
  // What one that crashed held or made isn't left to the next session.
  const sweep = (): void => {
    if (vscode.workspace.isTrusted) void leftovers.sweep().catch(() => undefined);
  };
  sweep();
  context.subscriptions.push(
    vscode.workspace.onDidGrantWorkspaceTrust(sweep),
    leftovers,
    sparingTracker(),
    entryTracker(),
    entryPause(),
    attached.register(),
    live.register(),
    registerDebugFrozen(checkpoint),
    registerFrozenMemory(checkpoint),
    registerConfigurations(catalog),
    registerCompletions({ engines, catalog, checkpoint }),
    vscode.debug.registerDebugAdapterDescriptorFactory("cryoscope", {
      createDebugAdapterDescriptor: (session) => {
        const { configuration, workspaceFolder } = session;
        if (isPostmortem(configuration))
          return new vscode.DebugAdapterInlineImplementation(
            new PostmortemSession(openFrozen(checkpoint, session)),
          );
        const adapter = new LiveSession(session, (log) =>
          liveWork(configuration, workspaceFolder, parts, log),
        );
        live.add(session, adapter);
        return new vscode.DebugAdapterInlineImplementation(adapter);
      },
    }),
    command(
      "cryoscope.bisectSnapshots",
      async (chosen?: { readonly snapshot?: Snapshot }, asked?: string | AskedOfSnapshots) => {
        const id = chosen?.snapshot?.id ?? (await askForSnapshot(catalog, BISECTING))?.id;
        const snapshot = id === undefined ? undefined : await catalog.find(id);
        const given = typeof asked === "string" ? ({ kind: "command", text: asked } as const) : asked;
        return snapshot && bisectFrom(snapshot, given, { ...parts, checkpoint });
      },
    ),
    command("cryoscope.debugFrozenSnapshot", async (name: string) => {
      const snapshot = await catalog.find(name);
      if (snapshot === undefined) throw debugErrors.noSnapshot(name);
      const { fsPath } = await filesOf(engines, snapshot, catalog);
      return vscode.debug.startDebugging(undefined, {
        ...{ type: "cryoscope", request: "launch", mode: "postmortem" },
        ...{ name: `Frozen ${snapshot.name}`, checkpoint: fsPath },
      });
    }),
  );
  return live;
}
