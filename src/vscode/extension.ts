import * as vscode from "vscode";
import { registerDebug } from "./debug/index.ts";
import { Engines, registerEngines } from "./engines/index.ts";
import { Catalog, registerSnapshots } from "./snapshots/index.ts";

/** Called by VS Code when a command, a view or an editor of ours is first needed. Each part registers itself. */
export function activate(context: vscode.ExtensionContext): void {
  const engines = new Engines();
  const catalog = new Catalog(context);
  const open = async (path: vscode.Uri): Promise<unknown> =>
    vscode.commands.executeCommand("cryoscope.openCheckpoint", path);
  registerEngines(context, { engines, catalog, open });
  registerSnapshots(context, { engines, catalog, open });
  registerDebug(context, { engines, catalog });
}
