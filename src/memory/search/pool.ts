import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { memoryErrors } from "../errors.ts";
import { READY } from "./messages.ts";
import type { Job, JobResult, WorkerSetup } from "./messages.ts";

/** Path of the worker's bundle from the file that this code is bundled into; scripts/build.ts sets it. */
declare const SEARCH_WORKER: string | undefined;

function workerFile(): string | URL {
  return typeof SEARCH_WORKER === "string"
    ? join(__dirname, SEARCH_WORKER)
    : new URL("./worker-source.mjs", import.meta.url);
}

/** Jobs a worker has at a time: one it works on, one that waits. */
const QUEUE = 2;

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

/** Search workers. Close it: threads live until then. */
export interface SearchPool {
  /** How many jobs it takes at a time. */
  readonly width: number;
  /** Throws `memory.searchTooSlow` when the job takes longer than the limit, and `memory.searchFailed`. */
  run(job: Job): Promise<JobResult>;
  close(): Promise<void>;
}

/** Starts `count` workers. A job that takes longer than `timeLimit` milliseconds ends the search. */
export function openPool(setup: WorkerSetup, count: number, timeLimit: number): SearchPool {
  const members: Member[] = [];
  let failure: { readonly error: unknown } | undefined;

  const fail = (error: unknown): void => {
    failure ??= { error };
    for (const { queue, timer } of members) {
      clearTimeout(timer);
      for (const waiting of queue.splice(0)) waiting.reject(failure.error);
    }
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

  for (let index = 0; index < count; index++) {
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
      if (result.error === undefined) waiting?.resolve(result);
      else waiting?.reject(memoryErrors.searchFailed(result.error));
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
    width: count * QUEUE,
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
        if (member === undefined) {
          reject(memoryErrors.searchFailed("there are no workers"));
          return;
        }
        member.queue.push({ id: job.id, resolve, reject });
        const given = [
          job.pieces.buffer,
          job.stretches.buffer,
          ...(job.attached ? [job.attached.buffer] : []),
        ];
        member.worker.postMessage(job, given);
        if (member.queue.length === 1) watch(member);
      });
    },
    async close() {
      for (const { timer } of members) clearTimeout(timer);
      for (const { worker } of members) worker.removeAllListeners();
      await Promise.all(members.map(({ worker }) => worker.terminate()));
    },
  };
}
