import type { CheckpointMemory } from "../checkpoint-memory.ts";
import type { AddressSpace } from "../space/address-space.ts";
import type { BuiltJob } from "./job-builder.ts";
import { MATCH_COLUMNS } from "./messages.ts";
import type { JobResult } from "./messages.ts";
import { compileMemoryQuery } from "./pattern.ts";
import type { MemoryQuery } from "./pattern.ts";
import type { SearchPool } from "./pool.ts";
import { scanMemory, startThreads } from "./scan.ts";
import type { ScanOptions } from "./scan.ts";
import type { SharedPages, Sighting } from "./shared-pages.ts";

export interface MemorySearchOptions extends ScanOptions {
  /** The search is over after so many matches. */
  readonly limit?: number;
  /** Bytes before and behind a match that come with it. */
  readonly context?: number;
}

/**
 * Starts the threads of a search, for `options.pool` of `searchMemory` with the same query and options: while a checkpoint is
 * opened they get ready, which takes about as long. Close it, too, in case
 * the search never begins. Throws what a bad query throws.
 */
export function startSearch(query: MemoryQuery, options: MemorySearchOptions = {}): SearchPool {
  return startThreads(compileMemoryQuery(query), options.context ?? 0, options);
}

/** One match. */
export interface MemoryMatch {
  readonly pid: number;
  readonly address: bigint;
  readonly length: number;
  /** Which of the rules it matches; 0 for other queries. */
  readonly rule: number;
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
  const { limit = Infinity, context = 0 } = options;
  let left = limit;
  /** Where the last match ended, and in which process. */
  let taken: Taken = { pid: -1, until: 0n };
  const steps = scanMemory(memories, compileMemoryQuery(query), context, options, () => left);
  for await (const { memory, built, result, shared, searched, total } of steps) {
    const matches = new Matches(built, result, shared, left, taken);
    taken = matches.until ?? taken;
    left -= matches.count;
    yield { memory, count: matches.count, matches: () => matches.all(), searched, total };
    if (left <= 0) return;
  }
}

interface Taken {
  readonly pid: number;
  readonly until: bigint;
}

/** The matches of one job. */
class Matches {
  readonly count: number;
  /** Where the last match ended. */
  readonly until: Taken | undefined;
  readonly #built: BuiltJob;
  readonly #result: JobResult;
  readonly #shared: SharedPages;
  /** Rows that begin inside a match of the job before, which doesn't know of them. */
  readonly #skipped: number;

  constructor(built: BuiltJob, result: JobResult, shared: SharedPages, limit: number, taken: Taken) {
    this.#built = built;
    this.#result = result;
    this.#shared = shared;
    const rows = result.matches.length / MATCH_COLUMNS;
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
        rule: this.#result.matches[row * MATCH_COLUMNS + 3] ?? 0,
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
    const [place = 0, length = 0, stretch = 0] = this.#result.matches.subarray(
      row * MATCH_COLUMNS,
      row * MATCH_COLUMNS + 3,
    );
    const found = this.#built.find(stretch, place);
    // The worker answers with stretches that it was given.
    if (found === undefined) throw new RangeError("a match outside of its job");
    return { space: found.space, address: found.address, length };
  }

  #isTaken(row: number, taken: Taken): boolean {
    const stretch = this.#result.matches[row * MATCH_COLUMNS + 2] ?? 0;
    if (stretch > 0 || !this.#built.continues) return false;
    const { space, address } = this.#at(row);
    return space.pid === taken.pid && address < taken.until;
  }
}
