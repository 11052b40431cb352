import { setImmediate } from "node:timers/promises";
import type { PageStore } from "../../checkpoint/index.ts";
import type { AddressSpace } from "../space/address-space.ts";
import { runsOf } from "../space/runs.ts";
import type { Run } from "../space/runs.ts";
import { isSearched, pagesWithin } from "./filter.ts";
import type { MemoryFilter } from "./filter.ts";
import type { BuiltJob, JobBuilder } from "./job-builder.ts";
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
  const page = BigInt(space.pageSize);
  let turn = performance.now();
  /** Page behind the open stretch; undefined when none is open. */
  let openUntil: number | undefined;
  const close = async (): Promise<void> => {
    if (openUntil !== undefined) await builder.close(space, store, BigInt(openUntil) * page);
    openUntil = undefined;
  };
  for (const run of searchedRuns(space, filter, shared)) {
    if (openUntil !== run.first) {
      await close();
      if (builder.isFull) yield builder.take(nextId(), limit());
      await builder.open(space, store, BigInt(run.first) * page, false);
    }
    const size = (run.last - run.first) * space.pageSize;
    for (let at = 0; at < size;) {
      const pages = Math.max(1, Math.floor(builder.room / space.pageSize));
      at += await builder.add(store, run, at, Math.min(size - at, pages * space.pageSize));
      openUntil = run.first + at / space.pageSize;
      if (!builder.isFull) continue;
      const next = BigInt(openUntil) * page;
      await close();
      yield builder.take(nextId(), limit());
      // The next run may follow too; a stretch without bytes is no harm.
      await builder.open(space, store, next, true);
      openUntil = run.first + at / space.pageSize;
    }
    if (performance.now() - turn > TURN_MS) {
      await setImmediate();
      turn = performance.now();
    }
  }
  await close();
}

function* searchedRuns(space: AddressSpace, filter: MemoryFilter, shared: SharedPages): Generator<Run> {
  for (const area of space.areas) {
    const pages = pagesWithin(area, filter, space.pageSize);
    if (pages === undefined) continue;
    for (const run of runsOf(space.layout, pages.first, pages.last))
      if (isSearched(run.origin, filter)) yield* shared.unsearched(run, space.pageSize);
  }
}

/** About how many bytes `jobsOf` will search, for a sign of progress: what its pagemaps and objects have. */
export function searchedBytes({ layout }: AddressSpace): number {
  let pages = 0;
  for (const maps of [layout.own, ...layout.objects.values()])
    for (const each of maps[0]?.pages ?? []) pages += each;
  return pages * layout.pageSize;
}
