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
  const properties: PropertyDescriptorMap = {
    problems: { get: () => [...(more.problems ?? []), ...tree.problems] },
  };
  for (const key of ["origin", "parts", "name"] as const)
    if (more[key] !== undefined) properties[key] = { value: more[key], enumerable: true };
  if (more.close !== undefined)
    properties["close"] = {
      value: async () => {
        await tree.close();
        await more.close?.();
      },
    };
  // Over the tree instead of a copy of it: a copy would freeze what its getters give. No tree uses `this`.
  return Object.create(tree, properties) as T;
}
