import * as vscode from "vscode";
import { registerCheckpoint, registerRowCommands } from "./checkpoint/index.ts";
import type { CheckpointExplorer } from "./checkpoint/index.ts";
import { registerCorefile } from "./corefile/index.ts";
import { AttachedSessions, registerDebug } from "./debug/index.ts";
import { Engines, registerEngines, runInTerminal } from "./engines/index.ts";
import { registerExplain } from "./explain/index.ts";
import type { Explainer } from "./explain/index.ts";
import { registerImageEditor } from "./image-editor/index.ts";
import type { ImageEditor } from "./image-editor/index.ts";
import { createKeyRing } from "./keys/index.ts";
import { Catalog, registerSnapshots } from "./snapshots/index.ts";
import { registerMemory } from "./memory/index.ts";
import type { MemoryViews } from "./memory/index.ts";
import { registerOverview } from "./overview/index.ts";
import type { Overviews } from "./overview/index.ts";
import { openOnStartup } from "./startup.ts";
import { registerSeal } from "./seal/index.ts";
import { registerWalkthrough } from "./walkthrough/index.ts";

/** What `activate` gives to tests that run in the extension host. */
export interface TestApi {
  readonly imageEditor: ImageEditor;
  readonly checkpoint: CheckpointExplorer;
  readonly explain: Explainer;
  readonly overview: Overviews;
  readonly memory: MemoryViews;
  readonly runInTerminal: typeof runInTerminal;
  readonly catalog: Catalog;
}

let live: ReturnType<typeof registerDebug> | undefined;

/** Called by VS Code when the window closes; it waits for some seconds. */
export async function deactivate(): Promise<void> {
  await live?.end();
}

/** Called by VS Code when a command, a view or an editor of ours is first needed. Each part registers itself. */
export function activate(context: vscode.ExtensionContext): TestApi {
  const engines = new Engines();
  const catalog = new Catalog(context);
  const open = async (path: vscode.Uri): Promise<unknown> =>
    vscode.commands.executeCommand("cryoscope.openCheckpoint", path);
  registerEngines(context, { engines, catalog });
  registerSnapshots(context, { engines, catalog, open });
  const keys = createKeyRing(context);
  const checkpoint = registerCheckpoint(context, {
    sealFor: keys.sealFor,
    unlock: keys.unlock,
    onDidAddKey: keys.onDidAddKey,
  });
  registerSeal(context, { keys, checkpoint });
  const attached = new AttachedSessions();
  live = registerDebug(context, { engines, catalog, checkpoint, attached });
  const imageEditor = registerImageEditor(context, {
    resolve: checkpoint.resolveImage,
    onDidChangeLock: checkpoint.onDidChangeLock,
  });
  context.subscriptions.push(registerRowCommands(imageEditor, checkpoint.resolveImage));
  const explain = registerExplain(context, { images: imageEditor });
  registerCorefile(context, { checkpoint, attached });
  const overview = registerOverview(context, { checkpoint });
  const memory = registerMemory(context, { checkpoint });
  registerWalkthrough(context, { checkpoint, images: imageEditor, explain });
  context.subscriptions.push(openOnStartup(open));
  return { imageEditor, checkpoint, explain, overview, memory, catalog, runInTerminal };
}
