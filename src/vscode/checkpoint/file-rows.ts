import * as vscode from "vscode";
import { IMAGE_EDITOR } from "../image-editor/index.ts";
import { looksLikeImage } from "../../criu/index.ts";
import type { OpenCheckpoint } from "./open-checkpoints.ts";
import type { Row } from "./rows.ts";
import { checkpointUri } from "./uris.ts";

type FileRow = Extract<Row, { kind: "file" }>;

/** The rows of a folder of a checkpoint's files: folders first, then by name. */
export async function fileRows(entry: OpenCheckpoint, folder: vscode.Uri): Promise<readonly FileRow[]> {
  const files = await vscode.workspace.fs.readDirectory(folder);
  return files
    .map(([name, type]): FileRow => ({
      kind: "file",
      entry,
      name,
      uri: vscode.Uri.joinPath(folder, name),
      isFolder: (type & vscode.FileType.Directory) !== 0,
    }))
    .toSorted(
      (a, b) =>
        Number(b.isFolder) - Number(a.isFolder) || a.name.localeCompare(b.name, "en", { numeric: true }),
    );
}

/** The row that a file's row is below: its folder's, or the section of all files. */
export function folderRow({ entry, uri }: FileRow): Row {
  const folder = vscode.Uri.joinPath(uri, "..");
  if (folder.path === checkpointUri(entry.id).path)
    return { kind: "section", entry, name: "files", count: 0 };
  return { kind: "file", entry, uri: folder, name: nameOf(folder), isFolder: true };
}

/** The row of the folder that a `tmpfs-dev-N.tar.gz.img` is shown as; undefined for other images. */
export function tmpfsRow(entry: OpenCheckpoint, image: string): FileRow | undefined {
  const [, device, id] = /^tmpfs-(?:(dev)-)?(\d+)\.tar\.gz\.img$/.exec(image) ?? [];
  if (id === undefined) return undefined;
  const uri = vscode.Uri.joinPath(checkpointUri(entry.id), "tmpfs", `${device ?? "mount"}-${id}`);
  return { kind: "file", entry, uri, name: nameOf(uri), isFolder: true };
}

const nameOf = (uri: vscode.Uri): string => uri.path.slice(uri.path.lastIndexOf("/") + 1);

/** Opens images in their editor, and everything else as text. */
export const openFile = ({ uri, name }: FileRow): vscode.Command =>
  looksLikeImage(name)
    ? { command: "vscode.openWith", title: "Open Image", arguments: [uri, IMAGE_EDITOR] }
    : { command: "vscode.open", title: "Open File", arguments: [uri] };
