import { availableParallelism } from "node:os";
import type { CheckpointMemory } from "../checkpoint-memory.ts";
import type { MemoryFilter } from "./filter.ts";
import { JobBuilder, jobSize } from "./job-builder.ts";
import type { BuiltJob, JobSize } from "./job-builder.ts";
import { jobsOf, searchedBytes } from "./jobs.ts";
import type { JobResult, WorkerSetup } from "./messages.ts";
import { matchEnd } from "./pattern.ts";
import type { WorkerPattern } from "./pattern.ts";
import { openPool } from "./pool.ts";
import type { SearchPool } from "./pool.ts";
import { SharedPages } from "./shared-pages.ts";

export interface ScanOptions {
  readonly filter?: MemoryFilter;
  /** Threads; as many as the machine has, at most four, when not given. */
  readonly threads?: number;
  /** Milliseconds that 4 MiB may take. */
  readonly timeLimit?: number;
  /** One of the threads may be this one, which is held for some milliseconds at a time: where nothing else waits for it. */
  readonly blocking?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Threads that were started for this search before, by `startThreads` with the same pattern and options; closed when it ends. */
  readonly pool?: SearchPool | undefined;
  /** Bytes that are searched at a time at most; fewer than usual where something is to lie across them. */
  readonly partSize?: number | undefined;
}

/** What workers found in one more part of the memory. */
export interface ScanStep {
  readonly memory: CheckpointMemory;
  readonly built: BuiltJob;
  readonly result: JobResult;
  readonly shared: SharedPages;
  /** Bytes searched so far, of about how many: a filter or shared memory can make it less. */
  readonly searched: number;
  readonly total: number;
}

const MAX_THREADS = 4;
const MIB = 1024 * 1024;

/** How large the jobs of a kind of pattern are, how much memory they have, and whether they take a few milliseconds at most. */
interface Sizes {
  readonly job: JobSize;
  readonly memory: number;
  readonly isQuick: boolean;
}

/**
 * Bytes and pointers are found in a job's bytes in less time than it takes to hand over one of 4 MiB; they are gathered in
 * windows, of which reading is fastest. All others have a job's bytes in one piece.
 */
const inWindows: Sizes = { job: jobSize(16 * MIB), memory: 4 * MIB, isQuick: true };
const inOnePiece = { job: jobSize(4 * MIB), memory: jobSize(4 * MIB).places };
/** Of text nearly all goes on as lines: several jobs' are in memory at a time, and a smaller part stays in the processor's cache. */
const asLines = { job: jobSize(MIB, MIB), memory: jobSize(MIB, MIB).places };
const SIZES: Readonly<Record<WorkerPattern["kind"], Sizes>> = {
  bytes: inWindows,
  pointer: inWindows,
  strings: { ...asLines, isQuick: true },
  regex: { ...inOnePiece, isQuick: false },
  rules: { ...inOnePiece, isQuick: false },
};
const jobSizeOf = ({ job }: Sizes, { partSize = Infinity }: ScanOptions): JobSize => ({
  ...job,
  content: Math.min(job.content, partSize),
});

const TIME_LIMIT = 10_000;
/** Pages files that are kept open for workers before all of them are waited for. */
const MAX_PINNED = 64;

/** The threads that search for a pattern. */
export function startThreads(
  pattern: WorkerPattern,
  context: WorkerSetup["context"],
  options: ScanOptions,
): SearchPool {
  const { memory, isQuick } = SIZES[pattern.kind];
  return openPool(
    { pattern, memory, context },
    {
      threads: options.threads ?? Math.min(MAX_THREADS, availableParallelism()),
      timeLimit: options.timeLimit ?? TIME_LIMIT,
      isHereToo: options.blocking === true && isQuick,
    },
  );
}

/** Puts the memory of checkpoints before workers, part after part, and gives their answers in that order. */
export async function* scanMemory(
  memories: readonly CheckpointMemory[],
  pattern: WorkerPattern,
  context: WorkerSetup["context"],
  options: ScanOptions,
  left: () => number,
): AsyncGenerator<ScanStep> {
  const sizes = SIZES[pattern.kind];
  const pool = options.pool ?? startThreads(pattern, context, options);
  try {
    for (const memory of memories)
      yield* scanOne(
        memory,
        pool,
        () => new JobBuilder(matchEnd(pattern), jobSizeOf(sizes, options)),
        options,
        left,
      );
  } finally {
    // Before the files that they read.
    await pool.close();
  }
}

async function* scanOne(
  memory: CheckpointMemory,
  pool: SearchPool,
  newBuilder: () => JobBuilder,
  { filter = {}, signal }: ScanOptions,
  left: () => number,
): AsyncGenerator<ScanStep> {
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
  const waiting: { readonly built: BuiltJob; readonly result: Promise<JobResult> }[] = [];

  async function* settle(most: number): AsyncGenerator<ScanStep> {
    for (let first = waiting[0]; first && waiting.length > most; first = waiting[0]) {
      const result = await first.result;
      signal?.throwIfAborted();
      waiting.shift();
      searched += first.built.bytes;
      yield { memory, built: first.built, result, shared, searched, total };
    }
  }
  const start = (built: BuiltJob): void => {
    const result = pool.run(built.job);
    // Waited for in its turn.
    result.catch(() => undefined);
    waiting.push({ built, result });
  };

  const builder = newBuilder();
  for (const pid of pids) {
    const space = await memory.space(pid);
    const store = memory.store(space.pageSize);
    for await (const built of jobsOf(space, store, filter, shared, builder, left, nextId)) {
      start(built);
      await pool.turn();
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
