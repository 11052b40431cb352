import { availableParallelism } from "node:os";
import type { CheckpointMemory } from "../checkpoint-memory.ts";
import type { AddressSpace } from "../space/address-space.ts";
import type { MemoryFilter } from "./filter.ts";
import { JobBuilder, JOB_MEMORY } from "./job-builder.ts";
import type { BuiltJob } from "./job-builder.ts";
import { jobsOf, searchedBytes } from "./jobs.ts";
import type { JobResult } from "./messages.ts";
import { compileMemoryQuery, reachOf } from "./pattern.ts";
import type { MemoryQuery } from "./pattern.ts";
import { openPool } from "./pool.ts";
import type { SearchPool } from "./pool.ts";
import { SharedPages } from "./shared-pages.ts";
import type { Sighting } from "./shared-pages.ts";

export interface MemorySearchOptions {
  readonly filter?: MemoryFilter;
  /** The search is over after so many matches. */
  readonly limit?: number;
  /** Bytes before and behind a match that come with it. */
  readonly context?: number;
  /** Threads; as many as the machine has, at most four, when not given. */
  readonly threads?: number;
  /** Milliseconds that 4 MiB may take. */
  readonly timeLimit?: number;
  readonly signal?: AbortSignal | undefined;
}

/** One match. */
export interface MemoryMatch {
  readonly pid: number;
  readonly address: bigint;
  readonly length: number;
  /** The process's address space, for what lies around. */
  readonly space: AddressSpace;
  /** Everywhere the same bytes are mapped, this place first: shared memory and files are searched once. */
  readonly sightings: readonly Sighting[];
  /** The matched bytes (4 KiB at most) with their context; no bytes when no context was asked for. */
  readonly before: Uint8Array;
  readonly bytes: Uint8Array;
  readonly after: Uint8Array;
}

/** What one more part of the memory has. */
export interface MemorySearchStep {
  readonly memory: CheckpointMemory;
  /** How many matches; all of them are in `matches()`. */
  readonly count: number;
  matches(): readonly MemoryMatch[];
  /** Bytes searched so far, of about how many: a filter or shared memory can make it less. */
  readonly searched: number;
  readonly total: number;
}

const MAX_THREADS = 4;
const TIME_LIMIT = 10_000;

/**
 * Searches the memory of all processes of checkpoints: each process by address, in that order. Matches that span pages
 * count, wherever the pages lie; matches don't overlap. Shared memory and files are searched once. Memory that was
 * never written is not searched (a match may end in it). Throws `memory.badQuery`, `bytes.badPattern`,
 * `memory.searchTooSlow`, `memory.noProcess`, and the signal's reason.
 */
export async function* searchMemory(
  memories: readonly CheckpointMemory[],
  query: MemoryQuery,
  options: MemorySearchOptions = {},
): AsyncGenerator<MemorySearchStep> {
  const { filter = {}, limit = Infinity, context = 0, timeLimit = TIME_LIMIT, signal } = options;
  const pattern = compileMemoryQuery(query);
  const threads = options.threads ?? Math.min(MAX_THREADS, availableParallelism());
  const pool = openPool({ pattern, memory: JOB_MEMORY, context }, threads, timeLimit);
  try {
    let left = limit;
    for (const memory of memories) {
      const reach = reachOf(pattern);
      for await (const step of searchOne(memory, pool, reach, filter, () => left, signal)) {
        left -= step.count;
        yield step;
        if (left <= 0) return;
      }
    }
  } finally {
    await pool.close();
  }
}

async function* searchOne(
  memory: CheckpointMemory,
  pool: SearchPool,
  reach: number,
  filter: MemoryFilter,
  left: () => number,
  signal: AbortSignal | undefined,
): AsyncGenerator<MemorySearchStep> {
  const pids = memory.pids.filter((pid) => filter.pids?.has(pid) ?? true);
  // A pid that isn't there is a mistake, not an empty answer.
  for (const pid of filter.pids ?? []) if (!pids.includes(pid)) await memory.space(pid);
  const shared = new SharedPages();
  let total = 0;
  for (const pid of memory.pids) {
    signal?.throwIfAborted();
    const space = await memory.space(pid);
    shared.note(space);
    if (pids.includes(pid)) total += searchedBytes(space);
  }
  let id = 0;
  const nextId = (): number => id++;
  let searched = 0;
  /** Address up to which the stretch before has matched. */
  let taken = { pid: -1, until: 0n };
  const waiting: { readonly built: BuiltJob; readonly result: Promise<JobResult> }[] = [];

  const step = (built: BuiltJob, result: JobResult): MemorySearchStep => {
    const matches = new Matches(built, result, shared, left(), taken);
    taken = matches.until ?? taken;
    searched += built.bytes;
    return { memory, count: matches.count, matches: () => matches.all(), searched, total };
  };
  async function* settle(most: number): AsyncGenerator<MemorySearchStep> {
    for (let first = waiting[0]; first && waiting.length > most; first = waiting[0]) {
      const result = await first.result;
      signal?.throwIfAborted();
      waiting.shift();
      yield step(first.built, result);
    }
  }
  const start = (built: BuiltJob): void => {
    const result = pool.run(built.job);
    // Waited for in its turn.
    result.catch(() => undefined);
    waiting.push({ built, result });
  };

  const builder = new JobBuilder(reach);
  for (const pid of pids) {
    const space = await memory.space(pid);
    const store = memory.store(space.pageSize);
    for await (const built of jobsOf(space, store, filter, shared, builder, left, nextId)) {
      start(built);
      yield* settle(pool.width - 1);
    }
    if (store.pinned < MAX_PINNED) continue;
    if (!builder.isEmpty) start(builder.take(nextId(), left()));
    yield* settle(0);
    store.unpin();
    builder.forget();
  }
  if (!builder.isEmpty) start(builder.take(nextId(), left()));
  yield* settle(0);
  for (const pid of pids) memory.store((await memory.space(pid)).pageSize).unpin();
}

/** Pages files that are kept open for workers before all of them are waited for. */
const MAX_PINNED = 64;

/** The matches of one job. */
class Matches {
  readonly count: number;
  /** Where the last match ended. */
  readonly until: { readonly pid: number; readonly until: bigint } | undefined;
  readonly #built: BuiltJob;
  readonly #result: JobResult;
  readonly #shared: SharedPages;
  /** Rows that begin inside a match of the job before, which doesn't know of them. */
  readonly #skipped: number;

  constructor(
    built: BuiltJob,
    result: JobResult,
    shared: SharedPages,
    limit: number,
    taken: { readonly pid: number; readonly until: bigint },
  ) {
    this.#built = built;
    this.#result = result;
    this.#shared = shared;
    const rows = result.matches.length / 3;
    let skipped = 0;
    while (skipped < rows && this.#isTaken(skipped, taken)) skipped++;
    this.#skipped = skipped;
    this.count = Math.min(limit, rows - skipped);
    const last = this.count > 0 ? this.#at(skipped + this.count - 1) : undefined;
    this.until = last && { pid: last.space.pid, until: last.address + BigInt(last.length) };
  }

  all(): readonly MemoryMatch[] {
    const { contexts, bytes } = this.#result;
    const matches: MemoryMatch[] = [];
    let at = 0;
    for (let row = 0; row < this.#skipped + this.count; row++) {
      const [before = 0, inside = 0, behind = 0] = contexts.subarray(row * 3, row * 3 + 3);
      const from = at;
      at += before + inside + behind;
      if (row < this.#skipped) continue;
      const { space, address, length } = this.#at(row);
      matches.push({
        pid: space.pid,
        address,
        length,
        space,
        sightings: this.#shared.sightings(space, address),
        before: bytes.subarray(from, from + before),
        bytes: bytes.subarray(from + before, from + before + inside),
        after: bytes.subarray(from + before + inside, at),
      });
    }
    return matches;
  }

  #at(row: number): { readonly space: AddressSpace; readonly address: bigint; readonly length: number } {
    const [place = 0, length = 0, stretch = 0] = this.#result.matches.subarray(row * 3, row * 3 + 3);
    const found = this.#built.places[stretch];
    // The worker was given as many stretches as there are places, in this order.
    if (found === undefined) throw new RangeError("a match outside of its job");
    return { space: found.space, address: found.address + BigInt(place - found.from), length };
  }

  #isTaken(row: number, taken: { readonly pid: number; readonly until: bigint }): boolean {
    const stretch = this.#result.matches[row * 3 + 2] ?? 0;
    if (stretch > 0 || this.#built.places[0]?.continues !== true) return false;
    const { space, address } = this.#at(row);
    return space.pid === taken.pid && address < taken.until;
  }
}
