import type { FilteredRow, FilterPart, ImageRow } from "../../protocol/index.ts";
import { children } from "./nodes.ts";
import type { TreeNode } from "./nodes.ts";
import { rowOf } from "./rows.ts";
import type { ImageTree } from "./tree.ts";

const TURN_MS = 50;
const MAX_LIMIT = 1000;
/** Messages nest six deep in CRIU; a file that nests deeper is made to hurt. */
const MAX_DEPTH = 64;

interface Search {
  readonly tree: ImageTree;
  readonly query: string;
  readonly limit: number;
  readonly rows: FilteredRow[];
  count: number;
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
  const search: Search = { tree, query: query.toLowerCase(), limit: wanted, rows: [], count: 0 };
  let at = Math.max(0, from);
  for (; at < tree.rowCount && search.count < wanted; at++) {
    if (at > from && performance.now() - started > TURN_MS) break;
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
  const inner = children(node);
  const row = await rowOf(search.tree.image, node);
  if (fits(row, parent, search.query)) {
    search.count++;
    return [{ row, parent, fits: true }];
  }
  const below: FilteredRow[] = [];
  for (const child of inner) below.push(...(await fitting(search, child, node.path, depth + 1)));
  return below.length > 0 ? [{ row, parent, fits: false }, ...below] : [];
}

function fits({ label, path, value, kind, childCount }: ImageRow, parent: string, query: string): boolean {
  if (label.toLowerCase().includes(query)) return true;
  // The value of a row with children is made of theirs, which are looked at themselves; an address is not.
  const isOwn = childCount === 0 || (kind === "list" && !value.startsWith("["));
  if (isOwn && value.toLowerCase().includes(query)) return true;
  return /[.[]/.test(query) && path.toLowerCase().includes(query) && !parent.toLowerCase().includes(query);
}
