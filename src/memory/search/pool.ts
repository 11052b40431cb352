import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { memoryErrors } from "../errors.ts";
import { READY } from "./messages.ts";
import type { Job, JobResult, WorkerSetup } from "./messages.ts";
import { jobRunner } from "./runner.ts";

/** Path of the worker's bundle from the file that this code is bundled into; scripts/build.ts sets it. */
declare const SEARCH_WORKER: string | undefined;

function workerFile(): string | URL {
  return typeof SEARCH_WORKER === "string"
    ? join(__dirname, SEARCH_WORKER)
    : new URL("./worker-source.mjs", import.meta.url);
}

/** Jobs a worker has at a time: one it works on, one that waits. */
const QUEUE = 2;
/** Jobs that may be done before an earlier one is: answers are given in the order of the jobs. */
const AHEAD = 8;

interface Waiting {
  readonly id: number;
  resolve(result: JobResult): void;
  reject(error: unknown): void;
}

interface Member {
  readonly worker: Worker;
  /** The first is being worked on. */
  readonly queue: Waiting[];
  timer: NodeJS.Timeout | undefined;
  /** Starting takes its time, which is no fault of the pattern's. */
  isReady: boolean;
}

export interface PoolOptions {
  readonly threads: number;
  /** Milliseconds that a job may take: longer ones end the search. */
  readonly timeLimit: number;
  /**
   * One of the threads is this one, which is held for a job at a time: for processes that do nothing else, and jobs that
   * surely end soon.
   */
  readonly isHereToo: boolean;
}

/** Does jobs in several threads. Close it: they live until then. */
export interface SearchPool {
  /** How many jobs it takes at a time. */
  readonly width: number;
  /** Throws `memory.searchTooSlow` when the job takes longer than the limit, and `memory.searchFailed`. */
  run(job: Job): Promise<JobResult>;
  /**
   * Ends when the next job should come: a worker has room for it, or this thread does it. After a job that this thread did
   * the workers' answers are taken, so that they get work before it goes on.
   */
  turn(): Promise<void>;
  close(): Promise<void>;
}

export function openPool(setup: WorkerSetup, { threads, timeLimit, isHereToo }: PoolOptions): SearchPool {
  const members: Member[] = [];
  const runHere = isHereToo ? jobRunner(setup) : undefined;
  let failure: { readonly error: unknown } | undefined;
  /** Ends when the workers' answers were taken; undefined when this thread did nothing since. */
  let taken: Promise<void> | undefined;
  let onRoom: (() => void) | undefined;
  const hasRoom = (): boolean => members.some(({ queue }) => queue.length < QUEUE);

  const fail = (error: unknown): void => {
    failure ??= { error };
    for (const { queue, timer } of members) {
      clearTimeout(timer);
      for (const waiting of queue.splice(0)) waiting.reject(failure.error);
    }
    onRoom?.();
  };
  const watch = (member: Member): void => {
    clearTimeout(member.timer);
    if (!member.isReady || member.queue.length === 0) return;
    member.timer = setTimeout(() => {
      fail(memoryErrors.searchTooSlow(timeLimit));
      // A regular expression can't be interrupted, only its thread.
      void member.worker.terminate();
    }, timeLimit);
  };

  for (let index = 0; index < threads - (isHereToo ? 1 : 0); index++) {
    const worker = new Worker(workerFile(), { workerData: setup, name: "cryoscope search" });
    const member: Member = { worker, queue: [], timer: undefined, isReady: false };
    worker.on("message", (result: JobResult | typeof READY) => {
      if (result === READY) {
        member.isReady = true;
        watch(member);
        return;
      }
      const waiting = member.queue.shift();
      watch(member);
      onRoom?.();
      if (waiting) settle(result, waiting);
    });
    worker.on("error", (error) => {
      fail(memoryErrors.searchFailed(error));
    });
    worker.on("exit", () => {
      if (member.queue.length > 0) fail(memoryErrors.searchFailed("a worker ended early"));
    });
    members.push(member);
  }

  return {
    width: members.length > 0 ? members.length * QUEUE + AHEAD : 1,
    run(job) {
      return new Promise((resolve, reject) => {
        if (failure) {
          reject(failure.error as Error);
          return;
        }
        const [first, ...others] = members;
        const member = others.reduce(
          (least, other) => (other.queue.length < (least?.queue.length ?? 0) ? other : least),
          first,
        );
        // A worker that still starts gets none: this thread would wait for it in the end.
        const isBusy = member === undefined || !member.isReady || member.queue.length >= QUEUE;
        if (runHere && isBusy) {
          settle(runHere(job), { id: job.id, resolve, reject });
          if (members.length > 0) taken ??= setImmediate();
        } else if (member === undefined) reject(memoryErrors.searchFailed("there are no workers"));
        else {
          member.queue.push({ id: job.id, resolve, reject });
          member.worker.postMessage(job, job.attached ? [job.attached.buffer] : []);
          if (member.queue.length === 1) watch(member);
        }
      });
    },
    async turn() {
      await taken;
      taken = undefined;
      if (runHere === undefined && !hasRoom()) await new Promise<void>((resolve) => (onRoom = resolve));
    },
    async close() {
      for (const { timer } of members) clearTimeout(timer);
      for (const { worker } of members) worker.removeAllListeners();
      await Promise.all(members.map(({ worker }) => worker.terminate()));
    },
  };
}

function settle(result: JobResult, { resolve, reject }: Waiting): void {
  if (result.error === undefined) resolve(result);
  else reject(memoryErrors.searchFailed(result.error));
}
