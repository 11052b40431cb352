import type { FileTree } from "../../../archive/index.ts";
import { explorerErrors } from "../errors.ts";
import type { InTree, Place } from "./place.ts";
import { readWhole } from "./tree-place.ts";

/** A folder that shows files of a tree which lie here and there, by names of its own. */
export function listedPlace(tree: FileTree, files: ReadonlyMap<string, string>): Place {
  const find = (path: string): InTree => {
    const found = files.get(path);
    if (found === undefined) throw explorerErrors.notFound(path);
    return { tree, path: found };
  };
  return {
    list: (path) => {
      if (path !== "") throw explorerErrors.notFound(path);
      return Promise.resolve([...files.keys()].toSorted().map((name) => ({ name, kind: "file" as const })));
    },
    stat: async (path) => {
      if (path === "") return { kind: "folder", size: 0 };
      const found = files.get(path);
      return found === undefined ? undefined : tree.stat(found);
    },
    read: async (path, limit) => readWhole(find(path), limit),
    locate: (path) => Promise.resolve(find(path)),
    close: () => Promise.resolve(),
  };
}
