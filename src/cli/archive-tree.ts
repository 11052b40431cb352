import { nestedTree } from "../archive/index.ts";
import type { NestedTree } from "../archive/index.ts";
import { openSealedTree } from "../seal/index.ts";
import { KEY_OPTIONS } from "./arguments.ts";
import { forgetKeys, loadKeys, sealOptions } from "./keys.ts";
import type { KeyFiles } from "./keys.ts";

/** Options of the commands that look at the files of a checkpoint. */
export const TREE_OPTIONS = { ...KEY_OPTIONS, raw: { type: "boolean" } } as const;

/**
 * Opens the files at `path` for `use`, archives in them included, and closes all behind it. Throws what opening the
 * keys and the tree throw.
 */
export async function withFiles<T>(
  path: string,
  values: KeyFiles & { readonly raw?: boolean | undefined },
  use: (tree: NestedTree) => Promise<T>,
): Promise<T> {
  const keys = await loadKeys(values);
  const options = sealOptions(values);
  try {
    const base = await openSealedTree(path, keys, { ...options, raw: values.raw === true });
    const tree = nestedTree(base, options);
    try {
      return await use(tree);
    } finally {
      await tree.close();
      await base.close();
    }
  } finally {
    forgetKeys(keys);
  }
}

/** A path as people write it, as the tree has it: `/checkpoint/`, `./checkpoint`. */
export function insideTree(path: string): string {
  return path
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}
