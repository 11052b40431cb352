import * as vscode from "vscode";

const VARIABLE = /\$\{workspaceFolder(?::([^}]*))?\}/g;

/**
 * Where a path of launch.json leads, whose variables VS Code fills in only when a session starts: those of folders of the
 * workspace are known before, and a relative path is below the folder that has the file. Undefined with another variable.
 */
export function writtenPath(text: string, file: vscode.Uri): vscode.Uri | undefined {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const own = vscode.workspace.getWorkspaceFolder(file) ?? folders[0];
  const path = text.replace(VARIABLE, (whole, name: string | undefined) => {
    const folder = name === undefined ? own : folders.find((each) => each.name === name);
    return folder?.uri.fsPath ?? whole;
  });
  if (path === "" || path.includes("${")) return undefined;
  return below(own, path);
}

/** A path on this machine; one that is relative is below the folder. */
export const below = (folder: vscode.WorkspaceFolder | undefined, path: string): vscode.Uri =>
  folder && !/^([a-z]:)?[/\\]/i.test(path) ? vscode.Uri.joinPath(folder.uri, path) : vscode.Uri.file(path);
