import * as vscode from "vscode";
import { cryoscopeError } from "../bytes/index.ts";
import { showError } from "./messages.ts";

/** `{ "open": ["checkpoint.tar.gz"] }`, paths from the workspace folder on. package.json's activation event names it too. */
const FILE = ".vscode/cryoscope.json";

/**
 * Opens the checkpoints that the workspace's `.vscode/cryoscope.json` lists, as the sample workspace does. A workspace
 * that isn't trusted opens nothing by itself: then this happens when trust is granted.
 */
export function openOnStartup(open: (checkpoint: vscode.Uri) => Thenable<unknown>): vscode.Disposable {
  if (vscode.workspace.isTrusted) {
    void openListed(open);
    return new vscode.Disposable(() => undefined);
  }
  return vscode.workspace.onDidGrantWorkspaceTrust(() => void openListed(open));
}

async function openListed(open: (checkpoint: vscode.Uri) => Thenable<unknown>): Promise<void> {
  for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
    try {
      for (const name of await listed(uri)) await open(inside(uri, name));
    } catch (error) {
      await showError(error);
    }
  }
}

async function listed(folder: vscode.Uri): Promise<readonly string[]> {
  const file = vscode.Uri.joinPath(folder, FILE);
  const bytes = await vscode.workspace.fs.readFile(file).then(
    (read) => read,
    () => undefined,
  );
  if (bytes === undefined) return [];
  const names = namesIn(new TextDecoder().decode(bytes));
  if (names === undefined)
    throw cryoscopeError("startup.malformed", "The list of checkpoints to open is not understood.", {
      file: file.fsPath,
      next: 'Write it as { "open": ["checkpoint.tar.gz"] }.',
    });
  return names;
}

function namesIn(json: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== "object" || value === null || !("open" in value) || !Array.isArray(value.open))
      return undefined;
    const names: readonly unknown[] = value.open;
    return names.every((name) => typeof name === "string") ? names : undefined;
  } catch {
    return undefined;
  }
}

function inside(folder: vscode.Uri, name: string): vscode.Uri {
  const checkpoint = vscode.Uri.joinPath(folder, name);
  if (checkpoint.path.startsWith(`${folder.path}/`)) return checkpoint;
  throw cryoscopeError("startup.outside", `${name} leads out of the workspace folder.`, {
    file: vscode.Uri.joinPath(folder, FILE).fsPath,
    next: "List checkpoints inside the folder only.",
  });
}
