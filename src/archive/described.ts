import type { TreeOrigin, TreePart } from "./origin.ts";
import type { FileTree } from "./tree.ts";

/** What to say of a tree besides what it says itself. */
export interface Description {
  readonly problems?: readonly string[];
  readonly origin?: TreeOrigin | undefined;
  readonly parts?: readonly TreePart[];
  /** In place of the tree's own name. */
  readonly name?: string;
  /** Runs after the tree has closed. */
  close?(): Promise<void>;
}

/** The same tree (what else it has stays), with more said of it. */
export function describedTree<T extends FileTree>(tree: T, more: Description): T {
  return {
    ...tree,
    ...(more.name !== undefined && { name: more.name }),
    ...(more.origin && { origin: more.origin }),
    ...(more.parts && { parts: more.parts }),
    // A getter, because more may be found as the tree is used.
    get problems() {
      return [...(more.problems ?? []), ...tree.problems];
    },
    async close() {
      await tree.close();
      await more.close?.();
    },
  };
}
