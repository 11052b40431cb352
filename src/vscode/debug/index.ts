// debug: the `cryoscope` debug type: restore a snapshot and attach the debugger that fits, or debug the frozen images.
import * as vscode from "vscode";
import { PostmortemSession } from "../../debug/index.ts";
import type { CheckpointExplorer } from "../checkpoint/index.ts";
import type { Engines } from "../engines/index.ts";
import type { Catalog } from "../snapshots/index.ts";
import { isPostmortem, openFrozen, registerDebugFrozen, resolveFrozen } from "./frozen.ts";
import { liveNodeWork } from "./live-node.ts";
import { LiveSession } from "./live-session.ts";
import { sparingTracker } from "./spare-debuggee.ts";

export function registerDebug(
  context: vscode.ExtensionContext,
  { engines, catalog, checkpoint }: { engines: Engines; catalog: Catalog; checkpoint: CheckpointExplorer },
): void {
  context.subscriptions.push(
    sparingTracker(),
    registerDebugFrozen(checkpoint),
    vscode.debug.registerDebugConfigurationProvider("cryoscope", {
      // F5 without a launch.json gives an empty configuration: ask for the snapshot then.
      resolveDebugConfiguration: async (folder, configuration) => {
        const type = configuration.type || "cryoscope";
        if (isPostmortem(configuration)) return resolveFrozen({ ...configuration, type }, folder);
        const snapshot: unknown = configuration.snapshot;
        if (typeof snapshot === "string" && snapshot !== "") return { ...configuration, type };
        const asked = await askForSnapshot(catalog);
        if (asked === undefined) return undefined;
        return { ...configuration, type, request: "launch", name: `Wake ${asked}`, snapshot: asked };
      },
    }),
    vscode.debug.registerDebugAdapterDescriptorFactory("cryoscope", {
      createDebugAdapterDescriptor: (session) =>
        new vscode.DebugAdapterInlineImplementation(
          isPostmortem(session.configuration)
            ? new PostmortemSession(openFrozen(checkpoint, session))
            : new LiveSession(session, liveNodeWork(session.configuration, { engines, catalog })),
        ),
    }),
  );
}

async function askForSnapshot(catalog: Catalog): Promise<string | undefined> {
  const picked = await vscode.window.showQuickPick(
    (await catalog.list()).map((snapshot) => ({
      label: snapshot.name,
      description: snapshot.container.name,
      id: snapshot.id,
    })),
    { title: "Wake and Debug", placeHolder: "Which snapshot?" },
  );
  return picked?.id;
}
