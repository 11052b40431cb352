import type { ImageRow } from "./image.ts";

/** A row that a filter shows: it fits, or something under it does. */
export interface FilteredRow {
  readonly row: ImageRow;
  /** Path of the row above it; "" at the top. */
  readonly parent: string;
  /** Fits itself: everything under it is shown. */
  readonly fits: boolean;
}

/** What one request has found. The view asks on from `next`; a search is over when nobody asks on. */
export interface FilterPart {
  /** Outer rows before inner ones; none is given twice. */
  readonly rows: readonly FilteredRow[];
  /** Rows that fit, among `rows`. */
  readonly count: number;
  /** The top row to go on from; undefined at the end. */
  readonly next: number | undefined;
}

/** A row to open, with the rows to open under it. */
export interface OpenRow {
  readonly path: string;
  /** Place among its parent's children. */
  readonly index: number;
  readonly childCount: number;
  readonly open: readonly OpenRow[];
}

/** Something the host asks the view's tree to do because its command was run. */
export type TreeAction = "filter" | "expandAll" | "collapseAll";

// Type aliases, because an interface never fits the index signature of RpcMap.
/** Requests of the field tree's tools. */
export type TreeRequests = Readonly<{
  /** Filters the rows from top row `from` on, for at most some 50 ms or `limit` rows that fit. */
  filter: {
    readonly params: { readonly query: string; readonly from: number; readonly limit: number };
    readonly result: FilterPart;
  };
  /** The rows under a path (all of the tree for "") that can be opened, at most 1000. */
  expand: {
    readonly params: { readonly path: string };
    readonly result: { readonly rows: readonly OpenRow[]; readonly isCut: boolean };
  };
}>;

export type TreeHostEvents = Readonly<{ tree: TreeAction }>;

export type TreeViewEvents = Readonly<{
  /** Go to what a row refers to. */
  follow: { readonly path: string };
}>;
