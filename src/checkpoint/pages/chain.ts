import { ENTRY } from "./entry-flags.ts";
import { entryAfter } from "./pagemap.ts";
import type { Pagemap } from "./pagemap.ts";

/** Why pages that an entry speaks of can't be had. */
export type LostReason =
  /** The dump left them with the process for a lazy-pages server to fetch. */
  | "lazy"
  /** They are in a parent layer, and there is none. */
  | "noParent"
  /** They should be in the parent layer, which doesn't have them. */
  | "notInParent"
  /** Their list of compressed blocks doesn't fit them. */
  | "badBlocks";

/** Pages `[first, end)` that are the same kind of thing; page numbers as in `Pagemap`. */
export type PageRun = { readonly first: number; readonly end: number } & (
  StoredPages | { readonly kind: "absent" } | { readonly kind: "lost"; readonly why: LostReason }
);

/** Pages that lie one after the other in the pages file of a layer. */
export interface StoredPages {
  readonly kind: "stored";
  /** 0 is the newest. */
  readonly layer: number;
  readonly map: Pagemap;
  /** Index in the pagemap. */
  readonly entry: number;
}

/**
 * Where the pages `[first, end)` are, over all layers, the newest first: in order, without gap. Pages that no entry of
 * the newest layer speaks of are `absent`. O(log n) to the first run in each layer.
 */
export function* pageRuns(
  maps: readonly (Pagemap | undefined)[],
  first: number,
  end: number,
  layer = 0,
): Generator<PageRun> {
  const map = maps[layer];
  let at = first;
  for (let entry = map ? entryAfter(map, first) : 0; map && entry < map.count && at < end; entry++) {
    const from = map.first[entry] ?? 0;
    if (from >= end) break;
    if (from > at) yield { first: at, end: from, kind: "absent" };
    at = Math.max(at, from);
    const to = Math.min(end, from + (map.pages[entry] ?? 0));
    const flags = map.flags[entry] ?? 0;
    if ((flags & ENTRY.parent) !== 0) yield* fromParent(maps, at, to, layer);
    else if ((flags & ENTRY.present) === 0) yield { first: at, end: to, kind: "lost", why: "lazy" };
    else if ((flags & ENTRY.badBlocks) !== 0) yield { first: at, end: to, kind: "lost", why: "badBlocks" };
    else yield { first: at, end: to, kind: "stored", layer, map, entry };
    at = to;
  }
  if (at < end) yield { first: at, end, kind: "absent" };
}

function* fromParent(
  maps: readonly (Pagemap | undefined)[],
  first: number,
  end: number,
  layer: number,
): Generator<PageRun> {
  if (layer + 1 >= maps.length) {
    yield { first, end, kind: "lost", why: "noParent" };
    return;
  }
  for (const run of pageRuns(maps, first, end, layer + 1))
    yield run.kind === "absent" ? { first: run.first, end: run.end, kind: "lost", why: "notInParent" } : run;
}
