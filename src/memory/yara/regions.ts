import { setImmediate } from "node:timers/promises";
import { isSearched, pagesWithin } from "../search/filter.ts";
import type { MemoryFilter } from "../search/filter.ts";
import type { SharedPages } from "../search/shared-pages.ts";
import type { AddressSpace } from "../space/address-space.ts";
import type { Area } from "../space/areas.ts";
import { runsOf } from "../space/runs.ts";

/** A stretch of one mapping that is scanned as one file. */
export interface ScanRegion {
  readonly area: Area;
  readonly address: bigint;
  readonly length: number;
  /** Which part of a longer stretch it is, from 0 on; undefined for a stretch that is one region. */
  readonly part: number | undefined;
}

/** Memory that was never written ends a region where there is so much of it: a stack's reserve is not worth scanning. */
const MAX_GAP = 1024 * 1024;
/** A longer stretch is scanned in parts, which bounds the memory that scanning needs: this and as much again for the engine. */
export const DEFAULT_REGION = 8 * 1024 * 1024;
/** Of 32-bit WebAssembly's 4 GiB the engine needs some more than the region. */
export const MAX_REGION = 1024 * 1024 * 1024;
/** What two parts of one stretch have in common, for patterns that lie across. */
export const OVERLAP = 64 * 1024;
/** The thread is given back at least so often. */
const TURN_MS = 8;

/** What of a process is scanned, by address. What another process shares and was scanned there is left out. */
export async function* scanRegions(
  space: AddressSpace,
  filter: MemoryFilter,
  shared: SharedPages,
  longest: number,
): AsyncGenerator<ScanRegion> {
  let turn = performance.now();
  for (const area of space.areas) {
    for (const { first, last } of stretchesOf(space, area, filter, shared))
      yield* partsOf(area, first * space.pageSize, last * space.pageSize, longest);
    if (performance.now() - turn < TURN_MS) continue;
    await setImmediate();
    turn = performance.now();
  }
}

/** Pages of an area with content, with the small gaps between them. */
function* stretchesOf(space: AddressSpace, area: Area, filter: MemoryFilter, shared: SharedPages) {
  const pages = pagesWithin(area, filter, space.pageSize);
  if (pages === undefined) return;
  let open: { first: number; last: number } | undefined;
  for (const run of runsOf(space.layout, pages.first, pages.last)) {
    if (!isSearched(run.origin, filter)) continue;
    for (const { first, last } of shared.unsearched(run, space.pageSize)) {
      if (open && (first - open.last) * space.pageSize < MAX_GAP) {
        open.last = last;
        continue;
      }
      if (open) yield open;
      open = { first, last };
    }
  }
  if (open) yield open;
}

function* partsOf(area: Area, start: number, end: number, longest: number): Generator<ScanRegion> {
  let part = 0;
  for (let at = start; at < end;) {
    const length = Math.min(longest, end - at);
    yield { area, address: BigInt(at), length, part: end - start > longest ? part++ : undefined };
    if (at + length >= end) return;
    at += length - OVERLAP;
  }
}
