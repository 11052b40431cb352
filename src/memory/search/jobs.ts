import { setImmediate } from "node:timers/promises";
import type { PageStore } from "../../checkpoint/index.ts";
import type { AddressSpace } from "../space/address-space.ts";
import { plainEntries } from "../space/plain-entries.ts";
import { runsOf } from "../space/runs.ts";
import type { Run } from "../space/runs.ts";
import { isSearched, pagesWithin } from "./filter.ts";
import type { MemoryFilter } from "./filter.ts";
import type { BuiltJob, Gap, JobBuilder } from "./job-builder.ts";
import type { SharedPages } from "./shared-pages.ts";

/** The thread is given back at least so often. */
const TURN_MS = 8;

/**
 * The memory of one process as jobs, by address. Pages that follow each other in memory are one stretch, wherever they
 * lie. What another process shares and was searched there is left out. `limit` is asked for each job.
 */
export async function* jobsOf(
  space: AddressSpace,
  store: PageStore,
  filter: MemoryFilter,
  shared: SharedPages,
  builder: JobBuilder,
  limit: () => number,
  nextId: () => number,
): AsyncGenerator<BuiltJob> {
  const { pageSize } = space;
  let turn = performance.now();
  /** Page behind the open stretch; undefined when none is open. */
  let openUntil: number | undefined;
  /** What is known to lie behind the open stretch. */
  let behind: Gap = UNKNOWN;
  // What need not be waited for isn't: there can be a hundred thousand runs.
  for (const each of searchedRuns(space, filter, shared)) {
    const { run } = each;
    if (openUntil !== run.first) {
      const closing = openUntil === undefined ? undefined : builder.close(space, store, openUntil, behind);
      if (closing) await closing;
      if (builder.isFull) yield builder.take(nextId(), limit());
      builder.open(space, run.first);
    }
    const size = (run.last - run.first) * pageSize;
    for (let at = 0; at < size;) {
      const pages = Math.max(1, Math.floor(builder.room / pageSize));
      const added = builder.add(store, run, at, Math.min(size - at, pages * pageSize));
      at += typeof added === "number" ? added : await added;
      openUntil = run.first + at / pageSize;
      if (!builder.isFull || (at === size && each.gap > 0)) continue;
      await builder.close(space, store, openUntil, UNKNOWN);
      yield builder.take(nextId(), limit());
      // The next run may follow too; a stretch without bytes is no harm.
      await builder.openNext(space, store, openUntil);
    }
    behind = { gap: each.gap, gapIsZero: each.gapIsZero };
    if (performance.now() - turn > TURN_MS) {
      await setImmediate();
      turn = performance.now();
    }
  }
  if (openUntil !== undefined) await builder.close(space, store, openUntil, behind);
}

const UNKNOWN: Gap = { gap: 0, gapIsZero: false };

/** A run, and what surely follows it. */
interface SearchedRun extends Gap {
  readonly run: Run;
}

/** The runs that are searched, by address. To be used one after the other: an object may be filled again for the next. */
function* searchedRuns(
  space: AddressSpace,
  filter: MemoryFilter,
  shared: SharedPages,
): Generator<SearchedRun> {
  for (const area of space.areas) {
    const pages = pagesWithin(area, filter, space.pageSize);
    if (pages === undefined) continue;
    const { first, last } = pages;
    const plain = plainEntries(space.layout, area, first, last);
    if (plain === undefined) yield* otherRuns(space, first, last, filter, shared);
    else
      for (;;) {
        while (plain.next()) yield plain;
        const { others } = plain;
        if (others.first >= others.last) break;
        yield* otherRuns(space, others.first, others.last, filter, shared);
        plain.skipOthers();
      }
  }
}

function* otherRuns(
  space: AddressSpace,
  first: number,
  last: number,
  filter: MemoryFilter,
  shared: SharedPages,
): Generator<SearchedRun> {
  for (const run of runsOf(space.layout, first, last))
    if (isSearched(run.origin, filter))
      for (const part of shared.unsearched(run, space.pageSize)) yield { run: part, ...UNKNOWN };
}

/** About how many bytes `jobsOf` will search, for a sign of progress: what its pagemaps and objects have. */
export function searchedBytes({ layout }: AddressSpace): number {
  let pages = 0;
  for (const maps of [layout.own, ...layout.objects.values()])
    for (const each of maps[0]?.pages ?? []) pages += each;
  return pages * layout.pageSize;
}
