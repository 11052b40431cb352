import * as vscode from "vscode";
import type { FileTree } from "../../archive/index.ts";
import { openSealedTree } from "../../seal/index.ts";
import type { Key } from "../../seal/index.ts";

/** Runs `attempt` with the keys that are known, then with one that the person is asked for. `what` is its name for them. */
export type Unlock = <T>(
  what: string,
  attempt: (keys: readonly Key[], openedBy: (name: string) => void) => Promise<T>,
) => Promise<T>;

/** Opens an archive or folder; one that is sealed with a key of the ring, or one that the person is asked for. */
export async function openUnlocked(
  path: string,
  unlock: Unlock,
  signal: AbortSignal | undefined,
): Promise<FileTree> {
  const maxInflated = maxInflatedBytes();
  return unlock(path.slice(path.lastIndexOf("/") + 1), (keys, openedBy) =>
    openSealedTree(path, keys, {
      openedBy,
      ...(signal && { signal }),
      ...(maxInflated !== undefined && { maxInflated }),
    }),
  );
}

const GIB = 2 ** 30;

/** The setting is in GiB; 0 is no limit of one's own. */
function maxInflatedBytes(): number | undefined {
  const gib = vscode.workspace.getConfiguration("cryoscope").get<number>("archive.maxInflated") ?? 0;
  return gib > 0 ? gib * GIB : undefined;
}
