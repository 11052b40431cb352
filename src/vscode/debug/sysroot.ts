// Where the programs are that a checkpoint doesn't have: as `sysroot` says it of a post-mortem session.
import * as vscode from "vscode";
import { below, writtenPath } from "./written-path.ts";

/** As many root folders of launch.json are offered. */
const MOST = 10;

/** The `sysroot` of post-mortem sessions in launch.json, as paths on this machine; each once. */
function writtenRoots(): readonly string[] {
  const found = new Set<string>();
  for (const folder of vscode.workspace.workspaceFolders ?? []) {
    // Anybody may have written the file.
    const all: unknown = vscode.workspace.getConfiguration("launch", folder).get("configurations");
    for (const each of Array.isArray(all) ? (all as readonly unknown[]) : []) {
      if (typeof each !== "object" || each === null || !("sysroot" in each) || !("type" in each)) continue;
      const { type, sysroot } = each;
      if (type !== "cryoscope" || typeof sysroot !== "string") continue;
      const path = writtenPath(sysroot, below(folder, ".vscode/launch.json"))?.fsPath;
      if (path !== undefined) found.add(path);
    }
  }
  return [...found].slice(0, MOST);
}

const isFolder = (path: string): Promise<boolean> =>
  Promise.resolve(vscode.workspace.fs.stat(vscode.Uri.file(path))).then(
    ({ type }) => (type & vscode.FileType.Directory) !== 0,
    () => false,
  );

/**
 * Asks where programs and libraries are: in a root that launch.json names, in a folder, or nowhere. `foldersOnly` leaves
 * the container images out that a post-mortem session reads. Undefined when the user thought better of it.
 */
export async function chooseSysroot(
  title: string,
  { foldersOnly, without }: { readonly foldersOnly: boolean; readonly without: string },
): Promise<{ readonly sysroot: string | undefined } | undefined> {
  const written = writtenRoots();
  const fit = await Promise.all(written.map(async (path) => !foldersOnly || (await isFolder(path))));
  const roots = written
    .filter((_, index) => fit[index])
    .map((path) => ({ label: `$(root-folder) ${path}`, detail: "As launch.json says.", path }));
  const choose = {
    label: "$(folder-opened) Choose a Root Folder…",
    detail: "Has the programs and libraries of the container.",
  };
  const none = { label: "Without", detail: without };
  const picked = await vscode.window.showQuickPick([...roots, choose, none], {
    title,
    placeHolder: "Where are the programs and libraries that ran?",
  });
  if (picked === undefined) return undefined;
  if (picked === none) return { sysroot: undefined };
  const root = roots.find((each) => each === picked);
  if (root !== undefined) return { sysroot: root.path };
  const [folder] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: false,
      canSelectFolders: true,
      title: "Root Folder",
    })) ?? [];
  return folder && { sysroot: folder.fsPath };
}
