import { realpath } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { archiveErrors } from "./errors.ts";
import { PATIENCE, patiently } from "./folder-reads.ts";
import { isFolderTree, openFolder } from "./folder.ts";
import { joinPath, parentOf } from "./names.ts";
import type { FileTree } from "./tree.ts";

/** Where a link to a folder leads. */
export interface LinkedFolder {
  /** The link's own tree, or another one over the folder around it: then close it when done. */
  readonly tree: FileTree;
  /** The folder in that tree; "" for its root. */
  readonly folder: string;
  /** The same for the same folder, however it was reached: to notice a chain that runs in a circle. */
  readonly id: string;
}

/** What `openLinkedFolder` would call this folder. */
export function folderId(tree: FileTree, folder: string): string {
  return isFolderTree(tree) ? join(tree.root, folder) : `${tree.name}!${folder}`;
}

/**
 * The folder that the symbolic link at `path` leads to: CRIU's `parent`. One step, to a real folder in the same
 * tree, or (from a folder on disk) in the folder around it. Throws `archive.notFound`, `archive.notALink` and, for
 * everything a hostile link could try, `archive.linkRefused`.
 */
export async function openLinkedFolder(tree: FileTree, path: string): Promise<LinkedFolder> {
  const target = await tree.readLink(path);
  const refused = (reason: string): never => {
    throw archiveErrors.linkRefused(path, target, reason);
  };
  const inside = insideTarget(path, target);
  if (inside !== undefined) {
    const entry = await tree.stat(inside);
    if (entry === undefined) return refused("there is nothing where it leads");
    if (entry.kind !== "folder") return refused("it leads to no folder");
    return { tree, folder: entry.path, id: folderId(tree, entry.path) };
  }
  if (!isFolderTree(tree)) return refused("it leads out of the archive");
  const goal = resolve(tree.root, parentOf(path), target);
  const real = await patiently(goal, PATIENCE, () => realpath(goal).catch(() => undefined));
  if (real === undefined) return refused("there is nothing where it leads");
  // Links on the way are not followed either: the way as written must be the real one.
  if (real !== goal) return refused("it leads over another link");
  if (isWithin(tree.root, real)) {
    const folder = relative(tree.root, real).split(sep).join("/");
    if ((await tree.stat(folder))?.kind !== "folder") return refused("it leads to no folder");
    return { tree, folder, id: real };
  }
  if (real === tree.reach || !isWithin(tree.reach, real)) return refused("it leads out of the checkpoint");
  const other = await openFolder(real, { reach: tree.reach }).catch(() => undefined);
  if (other === undefined) return refused("it leads to no folder");
  return { tree: other, folder: "", id: real };
}

/** The link's target as a path of the tree, or undefined when it leaves it. */
function insideTarget(path: string, target: string): string | undefined {
  if (isAbsolute(target) || target.startsWith("/")) return undefined;
  let at = parentOf(path);
  for (const part of target.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (at === "") return undefined;
      at = parentOf(at);
    } else at = joinPath(at, part);
  }
  return at;
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}
