import type { OpenRow } from "../../protocol/index.ts";
import { imageEditorErrors } from "./errors.ts";
import { children } from "./nodes.ts";
import type { TreeNode } from "./nodes.ts";
import type { ImageTree } from "./tree.ts";

/** Rows that are opened at once. */
const MAX_ROWS = 1000;
const MAX_DEPTH = 64;

/** The rows under `path` (of the whole tree for "") that have children, those at the top first to count. */
export async function expandRows(
  tree: ImageTree,
  path: string,
): Promise<{ readonly rows: readonly OpenRow[]; readonly isCut: boolean }> {
  let left = MAX_ROWS;
  let isCut = false;
  const openRows = (nodes: readonly TreeNode[], first: number, depth: number): OpenRow[] => {
    const rows: OpenRow[] = [];
    for (const [at, node] of nodes.entries()) {
      const inner = children(node);
      if (inner.length === 0) continue;
      if (left === 0 || depth > MAX_DEPTH) {
        isCut = true;
        break;
      }
      left--;
      const open = openRows(inner, 0, depth + 1);
      rows.push({ path: node.path, index: first + at, childCount: inner.length, open });
    }
    return rows;
  };
  if (path !== "") {
    const found = await tree.find(path);
    if (!found) throw imageEditorErrors.noSuchRow(path, tree.image.name);
    return { rows: openRows(children(found.node), 0, 0), isCut };
  }
  const rows: OpenRow[] = [];
  for (let at = 0; at < tree.rowCount && !isCut; at++)
    rows.push(...openRows(await tree.top(at, at + 1), at, 0));
  return { rows, isCut };
}
