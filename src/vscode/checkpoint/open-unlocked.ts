import * as vscode from "vscode";
import type { FileTree } from "../../archive/index.ts";
import { openCoreTree } from "../../corefile/index.ts";
import { openSealedTree } from "../../seal/index.ts";
import type { OnLock, Quiet, UnlockFile } from "../keys/index.ts";

/**
 * Opens an archive, a folder, an ELF core or a minidump; one that is sealed with a key of the ring, or one that the person
 * is asked for. `locked` is called when that key is forgotten, and closes what stands on the tree; then the tree is closed.
 */
export async function openUnlocked(
  path: string,
  unlock: UnlockFile,
  signal: AbortSignal | undefined,
  locked: OnLock,
  quiet?: Quiet,
): Promise<FileTree> {
  const core = await openCoreTree(path);
  if (core) return core;
  const maxInflated = maxInflatedBytes();
  return unlock(
    path,
    (keys, options) =>
      openSealedTree(path, keys, {
        ...options,
        ...(signal && { signal }),
        ...(maxInflated !== undefined && { maxInflated }),
      }),
    async (tree) => {
      await locked();
      await tree.close();
    },
    quiet,
  );
}

const GIB = 2 ** 30;

/** The setting is in GiB; 0 is no limit of one's own. */
function maxInflatedBytes(): number | undefined {
  const gib = vscode.workspace.getConfiguration("cryoscope").get<number>("archive.maxInflated") ?? 0;
  return gib > 0 ? gib * GIB : undefined;
}
