import { posix } from "node:path";
import type { FileTree, TreeEntry } from "../../../archive/index.ts";
import { explorerErrors } from "../errors.ts";
import { below } from "./place.ts";
import type { Place, PlaceStat } from "./place.ts";

/** Links that lead to links; the kernel gives up after 40 (`include/linux/namei.h: MAXSYMLINKS`). */
const MAX_LINKS = 40;

/**
 * A folder of a tree. A link to a file inside the folder reads as that file; any other (to a folder, out of the
 * folder, to nothing) reads as the text of where it leads, and is never followed.
 */
export function treePlace(tree: FileTree, folder = ""): Place {
  async function behind(entry: TreeEntry): Promise<{ file: TreeEntry } | { text: Uint8Array }> {
    const target = await tree.readLink(entry.path);
    const file = await followed(tree, folder, entry, target);
    return file === undefined ? { text: new TextEncoder().encode(target) } : { file };
  }

  async function stat(path: string): Promise<PlaceStat | undefined> {
    const full = below(folder, path);
    if (full === "") return { kind: "folder", size: 0 };
    const entry = await tree.stat(full);
    if (entry?.kind !== "link") return entry;
    const found = await behind(entry);
    return { kind: "link", size: "file" in found ? found.file.size : found.text.length, mtime: entry.mtime };
  }

  return {
    stat,
    list: (path) => tree.list(below(folder, path)),
    read: async (path, limit) => {
      const full = below(folder, path);
      const entry = await tree.stat(full);
      const found = entry?.kind === "link" ? await behind(entry) : undefined;
      if (found && "text" in found) return found.text;
      return readWhole({ tree, path: found?.file.path ?? full }, limit);
    },
    locate: async (path) => {
      const full = below(folder, path);
      const entry = full === "" ? undefined : await tree.stat(full);
      const found = entry?.kind === "link" ? await behind(entry) : undefined;
      return { tree, path: found && "file" in found ? found.file.path : full };
    },
    close: () => Promise.resolve(),
  };
}

/** The file that a chain of links inside `folder` ends at. Where `folder` is a root file system, `/` is that folder. */
async function followed(
  tree: FileTree,
  folder: string,
  first: TreeEntry,
  firstTarget: string,
): Promise<TreeEntry | undefined> {
  let [from, target] = [first.path, firstTarget];
  for (let links = 0; links < MAX_LINKS; links++) {
    const path = resolved(folder, from, target);
    const entry = path === undefined ? undefined : await tree.stat(path);
    if (entry?.kind === "file") return entry;
    if (entry?.kind !== "link") return undefined;
    [from, target] = [entry.path, await tree.readLink(entry.path)];
  }
  return undefined;
}

function resolved(folder: string, from: string, target: string): string | undefined {
  if (target === "" || target.includes("\0")) return undefined;
  const inside = posix.relative(`/${folder}`, posix.dirname(`/${from}`));
  // "/" ends every way up, so nothing leads out of the folder.
  const path = posix.resolve("/", target.startsWith("/") ? "/" : inside, target).slice(1);
  return path === "" ? undefined : below(folder, path);
}

/** Throws `explorer.tooBig`, and what opening throws. */
export async function readWhole(
  { tree, path }: { tree: FileTree; path: string },
  limit: number,
): Promise<Uint8Array> {
  const source = await tree.open(path);
  try {
    if (source.size > limit) throw explorerErrors.tooBig(path, source.size);
    return await source.read(0, source.size);
  } finally {
    await source.close?.();
  }
}
