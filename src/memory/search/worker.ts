// A search worker: does the jobs that the pool sends.
import { parentPort, workerData } from "node:worker_threads";
import { READY } from "./messages.ts";
import type { Job, WorkerSetup } from "./messages.ts";
import { jobRunner } from "./runner.ts";

// Only the pool starts this file, with a WorkerSetup.
const run = jobRunner(workerData as WorkerSetup);

parentPort?.on("message", (job: Job) => {
  const result = run(job);
  // To hand over an array costs more than to copy one that is small.
  const given = [result.matches, result.bytes, result.contexts].filter(({ length }) => length > 256);
  parentPort?.postMessage(
    result,
    given.map(({ buffer }) => buffer),
  );
});

parentPort?.postMessage(READY);
