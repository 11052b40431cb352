import { archiveErrors } from "./errors.ts";
import { joinPath, normaliseName } from "./names.ts";
import type { TreeOrigin } from "./origin.ts";
import type { FileTree, TreeEntry } from "./tree.ts";

/** A folder of a tree as a tree of its own. `close` is what closing it does; nothing when not given: the tree stays open. */
export function subTree(
  tree: FileTree,
  folder: string,
  origin: TreeOrigin | undefined,
  close: () => Promise<void> = () => Promise.resolve(),
): FileTree {
  const inside = (path: string): string => {
    const name = normaliseName(path);
    if (name.refused !== undefined) throw archiveErrors.notFound(path, tree.name);
    return name.path === "" ? folder : joinPath(folder, name.path);
  };
  const outside = (entry: TreeEntry): TreeEntry =>
    folder === "" ? entry : { ...entry, path: entry.path.slice(folder.length + 1) };
  return {
    name: folder === "" ? tree.name : `${tree.name}/${folder}`,
    ...(origin && { origin }),
    list: async (path) => (await tree.list(inside(path))).map(outside),
    stat: async (path) => {
      if (normaliseName(path).refused !== undefined) return undefined;
      const entry = await tree.stat(inside(path));
      return entry && outside(entry);
    },
    open: async (path) => tree.open(inside(path)),
    readLink: async (path) => tree.readLink(inside(path)),
    get problems() {
      return tree.problems;
    },
    close,
  };
}
