// debug: the `cryoscope` debug type: restore a snapshot, attach the debugger that fits.
import * as vscode from "vscode";
import type { Engines } from "../engines/index.ts";
import type { Catalog } from "../snapshots/index.ts";
import { liveNodeWork } from "./live-node.ts";
import { LiveSession } from "./live-session.ts";
import { sparingTracker } from "./spare-debuggee.ts";

export function registerDebug(
  context: vscode.ExtensionContext,
  { engines, catalog }: { engines: Engines; catalog: Catalog },
): void {
  context.subscriptions.push(
    sparingTracker(),
    vscode.debug.registerDebugConfigurationProvider("cryoscope", {
      // F5 without a launch.json gives an empty configuration: ask for the snapshot then.
      resolveDebugConfiguration: async (_folder, configuration) => {
        const type = configuration.type || "cryoscope";
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
          new LiveSession(session, liveNodeWork(session.configuration, { engines, catalog })),
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
