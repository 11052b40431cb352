import type { FileTree, TreeEntry } from "../../archive/index.ts";

/** As many links as Linux follows (`MAXSYMLINKS`). */
const MAX_LINKS = 40;
const MAX_PARTS = 512;

/**
 * The file that `path` names when `tree` is the root: links are followed inside the tree, absolute ones from its root,
 * and `..` never leads above it. Undefined when there is none.
 */
export async function fileInTree(tree: FileTree, path: string): Promise<TreeEntry | undefined> {
  const left = path.split("/").reverse();
  let at: string[] = [];
  let links = 0;
  let entry: TreeEntry | undefined;
  for (let part = left.pop(); part !== undefined; part = left.pop()) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      at.pop();
      continue;
    }
    const here = [...at, part].join("/");
    entry = await tree.stat(here).catch(() => undefined);
    if (entry === undefined || at.length > MAX_PARTS) return undefined;
    if (entry.kind !== "link") {
      at.push(part);
      continue;
    }
    if (++links > MAX_LINKS) return undefined;
    const target = await tree.readLink(here).catch(() => "");
    if (target.startsWith("/")) at = [];
    left.push(...target.split("/").reverse());
    if (left.length > MAX_PARTS) return undefined;
  }
  return entry?.kind === "file" ? entry : undefined;
}
