import { setImmediate } from "node:timers/promises";
import type { FilteredRow, FilterPart } from "../../protocol/index.ts";
import { children } from "./nodes.ts";
import type { TreeNode } from "./nodes.ts";
import { labelOf, rowOf, valueOf } from "./rows.ts";
import type { ImageTree } from "./tree.ts";

const PART_MS = 50;
/** Others get to work after so long, also within one large entry. */
const TURN_MS = 12;
const MAX_LIMIT = 1000;
/** Messages nest six deep in CRIU; a file that nests deeper is made to hurt. */
const MAX_DEPTH = 64;

interface Search {
  readonly tree: ImageTree;
  readonly query: string;
  readonly limit: number;
  readonly rows: FilteredRow[];
  count: number;
  /** When the turn began. */
  turn: number;
}

/**
 * The rows from top row `from` on whose name or value has `query` in it, in either case, with the rows above them. A query
 * with a `.` or `[` is also looked for in paths. Ends after `limit` rows that fit or a moment of work, at a top row.
 */
export async function filterPart(
  tree: ImageTree,
  query: string,
  from: number,
  limit: number,
): Promise<FilterPart> {
  const started = performance.now();
  const wanted = Math.max(1, Math.min(limit, MAX_LIMIT));
  const search: Search = {
    tree,
    query: query.toLowerCase(),
    limit: wanted,
    rows: [],
    count: 0,
    turn: started,
  };
  let at = Math.max(0, from);
  for (; at < tree.rowCount && search.count < wanted; at++) {
    if (at > from && performance.now() - started > PART_MS) break;
    const [node] = await tree.top(at, at + 1);
    if (node) search.rows.push(...(await fitting(search, node, "", 0)));
  }
  return { rows: search.rows, count: search.count, next: at < tree.rowCount ? at : undefined };
}

/** The row and those below it that fit; nothing when none does. */
async function fitting(
  search: Search,
  node: TreeNode,
  parent: string,
  depth: number,
): Promise<readonly FilteredRow[]> {
  if (search.count >= search.limit || depth > MAX_DEPTH) return [];
  if (performance.now() - search.turn > TURN_MS) {
    await setImmediate();
    search.turn = performance.now();
  }
  const { image } = search.tree;
  if (
    fitsByName(labelOf(image, node), node.path, parent, search.query) ||
    (await fitsByValue(search, node))
  ) {
    search.count++;
    return [{ row: await rowOf(search.tree, node), parent, fits: true }];
  }
  const below: FilteredRow[] = [];
  for (const child of children(node)) below.push(...(await fitting(search, child, node.path, depth + 1)));
  return below.length > 0 ? [{ row: await rowOf(search.tree, node), parent, fits: false }, ...below] : [];
}

function fitsByName(label: string, path: string, parent: string, query: string): boolean {
  if (label.toLowerCase().includes(query)) return true;
  return /[.[]/.test(query) && path.toLowerCase().includes(query) && !parent.toLowerCase().includes(query);
}

/** The value of a row with children is made of theirs, which are looked at themselves; that of an address or a set is not. */
async function fitsByValue({ tree, query }: Search, node: TreeNode): Promise<boolean> {
  const isList = node.kind === "list";
  if (!isList && children(node).length > 0) return false;
  const value = await valueOf(tree.image, node);
  return (!isList || !value.startsWith("[")) && value.toLowerCase().includes(query);
}
