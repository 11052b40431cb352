import * as vscode from "vscode";
import type { EntryKind } from "../../archive/index.ts";
import { CryoscopeError } from "../../bytes/index.ts";
import { explorerErrors } from "./errors.ts";
import type { CheckpointFolders } from "./files/checkpoint-folders.ts";
import { parseFileUri } from "./uris.ts";

/** Editors that read whole files get no more than this; the image editor reads at random and has no bound. */
const MAX_WHOLE = 32 * 1024 * 1024;

const KINDS: Readonly<Record<EntryKind, vscode.FileType>> = {
  file: vscode.FileType.File,
  folder: vscode.FileType.Directory,
  // A link reads as a file: as the one it leads to inside of its tree, or as the text of where it leads.
  link: vscode.FileType.SymbolicLink | vscode.FileType.File,
  other: vscode.FileType.Unknown,
};

/** The files of open checkpoints, read-only: so that logs, JSON, images and the frozen /proc open in VS Code's editors. */
export class CheckpointFileSystem implements vscode.FileSystemProvider {
  // Checkpoints never change, so neither do their files.
  readonly onDidChangeFile = new vscode.EventEmitter<vscode.FileChangeEvent[]>().event;

  constructor(private readonly folders: CheckpointFolders) {}

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    return speakingVsCode(uri, async () => {
      const { id, path } = parseFileUri(uri);
      const { place, written } = await this.folders.get(id);
      const found = await place.stat(path);
      if (found === undefined) throw vscode.FileSystemError.FileNotFound(uri);
      const time = found.mtime ?? written;
      return {
        type: KINDS[found.kind],
        ctime: time,
        mtime: time,
        size: found.size,
        permissions: vscode.FilePermission.Readonly,
      };
    });
  }

  readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    return speakingVsCode(uri, async () => {
      const { id, path } = parseFileUri(uri);
      const { place } = await this.folders.get(id);
      return (await place.list(path)).map((entry) => [entry.name, KINDS[entry.kind]]);
    });
  }

  readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return speakingVsCode(uri, async () => {
      const { id, path } = parseFileUri(uri);
      const { place } = await this.folders.get(id);
      return place.read(path, MAX_WHOLE);
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

/** `archive.notFound`, `procfs.notFound`; and a checkpoint that is closed has no files. */
const NOT_THERE = /\.(?:notFound|notOpen)$/;

/** Turns our errors into the kind VS Code's editors understand, keeping sentence and next step. */
async function speakingVsCode<T>(uri: vscode.Uri, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error;
    if (NOT_THERE.test(error.code)) throw vscode.FileSystemError.FileNotFound(uri);
    if (error.code.endsWith(".notAFile")) throw vscode.FileSystemError.FileIsADirectory(uri);
    if (error.code.endsWith(".notAFolder")) throw vscode.FileSystemError.FileNotADirectory(uri);
    throw vscode.FileSystemError.Unavailable(error.next ? `${error.sentence} ${error.next}` : error.sentence);
  }
}
