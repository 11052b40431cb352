import type { FileTree, TreeEntry } from "../../archive/index.ts";

/** Folders in folders, at most. */
const MAX_DEPTH = 256;

/** Every folder of a tree with what is directly in it, from the root down. Links are listed, not followed. */
export async function* walkFolders(
  tree: FileTree,
  folder = "",
  depth = 0,
): AsyncGenerator<{ readonly folder: string; readonly entries: readonly TreeEntry[] }> {
  const entries = await tree.list(folder);
  yield { folder, entries };
  if (depth >= MAX_DEPTH) return;
  for (const { kind, path } of entries) if (kind === "folder") yield* walkFolders(tree, path, depth + 1);
}
