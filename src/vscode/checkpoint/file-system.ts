import * as vscode from "vscode";
import type { FileTree, TreeEntry } from "../../archive/index.ts";
import { CryoscopeError } from "../../bytes/index.ts";
import { explorerErrors } from "./errors.ts";
import type { OpenCheckpoints } from "./open-checkpoints.ts";
import { parseFileUri } from "./uris.ts";

/** Editors that read whole files get no more than this; the image editor reads at random and has no bound. */
const MAX_WHOLE = 16 * 1024 * 1024;

/** Where a `cryoscope:` URI leads: a path in the checkpoint's tree, or in that of a layer outside of it. */
export async function locate(
  checkpoints: OpenCheckpoints,
  uri: vscode.Uri,
): Promise<{ readonly tree: FileTree; readonly path: string }> {
  const { id, path, layer } = parseFileUri(uri);
  const entry = checkpoints.get(id);
  if (entry === undefined) throw explorerErrors.notOpen(uri.path);
  const checkpoint = await entry.load();
  if (layer === undefined) return { tree: checkpoint.tree, path };
  const found = checkpoint.layers[layer];
  if (found === undefined) throw explorerErrors.notOpen(uri.path);
  return { tree: found.tree, path: [found.folder, path].filter((part) => part !== "").join("/") };
}

const KINDS: Readonly<Record<TreeEntry["kind"], vscode.FileType>> = {
  file: vscode.FileType.File,
  folder: vscode.FileType.Directory,
  link: vscode.FileType.SymbolicLink,
  other: vscode.FileType.Unknown,
};

/** The files of open checkpoints, read-only: so that logs, JSON and images open in VS Code's editors. */
export class CheckpointFileSystem implements vscode.FileSystemProvider {
  // Checkpoints never change, so neither do their files.
  readonly onDidChangeFile = new vscode.EventEmitter<vscode.FileChangeEvent[]>().event;

  constructor(private readonly checkpoints: OpenCheckpoints) {}

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    return speakingVsCode(uri, async () => {
      const { tree, path } = await locate(this.checkpoints, uri);
      const entry = path === "" ? ({ kind: "folder", size: 0, mtime: 0 } as const) : await tree.stat(path);
      if (entry === undefined) throw vscode.FileSystemError.FileNotFound(uri);
      const time = entry.mtime ?? 0;
      return {
        type: KINDS[entry.kind],
        ctime: time,
        mtime: time,
        size: entry.size,
        permissions: vscode.FilePermission.Readonly,
      };
    });
  }

  readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    return speakingVsCode(uri, async () => {
      const { tree, path } = await locate(this.checkpoints, uri);
      return (await tree.list(path)).map((entry) => [entry.name, KINDS[entry.kind]]);
    });
  }

  readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return speakingVsCode(uri, async () => {
      const { tree, path } = await locate(this.checkpoints, uri);
      const source = await tree.open(path);
      try {
        if (source.size > MAX_WHOLE) throw explorerErrors.tooBig(path, source.size);
        return await source.read(0, source.size);
      } finally {
        await source.close?.();
      }
    });
  }

  createDirectory(uri: vscode.Uri): never {
    return refuse(uri);
  }
  writeFile(uri: vscode.Uri): never {
    return refuse(uri);
  }
  delete(uri: vscode.Uri): never {
    return refuse(uri);
  }
  rename(uri: vscode.Uri): never {
    return refuse(uri);
  }
}

function refuse(uri: vscode.Uri): never {
  throw vscode.FileSystemError.NoPermissions(explorerErrors.readOnly(uri.path).message);
}

/** Turns our errors into the kind VS Code's editors understand, keeping sentence and next step. */
async function speakingVsCode<T>(uri: vscode.Uri, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error;
    if (error.code === "archive.notFound") throw vscode.FileSystemError.FileNotFound(uri);
    throw vscode.FileSystemError.Unavailable(error.next ? `${error.sentence} ${error.next}` : error.sentence);
  }
}
