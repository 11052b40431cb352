// A search worker: gathers the bytes of a job from open files, looks for the pattern, answers with the matches.
import { readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { matcherFor, MATCHER_SLACK } from "./matchers.ts";
import type { Matcher, Stretch } from "./matchers.ts";
import { FROM, PIECE_COLUMNS, READY } from "./messages.ts";
import type { Job, JobResult, WorkerSetup } from "./messages.ts";

/** Of a match that is longer, so many bytes are sent along. */
const MAX_SENT = 4096;
const WASM_PAGE = 65536;

// Only the pool starts this file, with a WorkerSetup.
const setup = workerData as WorkerSetup;
const memory = new WebAssembly.Memory({
  initial: Math.ceil((setup.memory + MATCHER_SLACK + 4096) / WASM_PAGE),
});
const bytes = Buffer.from(memory.buffer);
const match: Matcher = matcherFor(setup.pattern, memory);

parentPort?.on("message", (job: Job) => {
  const result = attempt(job);
  parentPort?.postMessage(result, [result.matches.buffer, result.bytes.buffer, result.contexts.buffer]);
});

parentPort?.postMessage(READY);

function attempt(job: Job): JobResult {
  try {
    gather(job);
    return search(job);
  } catch (error) {
    return {
      id: job.id,
      matches: new Float64Array(0),
      bytes: new Uint8Array(0),
      contexts: new Uint32Array(0),
      error: String(error),
    };
  }
}

function gather({ pieces, attached }: Job): void {
  for (let row = 0; row < pieces.length; row += PIECE_COLUMNS) {
    const [source = 0, offset = 0, length = 0, place = 0] = pieces.subarray(row, row + PIECE_COLUMNS);
    if (source === FROM.zeros) bytes.fill(0, place, place + length);
    else if (source === FROM.attached)
      bytes.set((attached ?? bytes).subarray(offset, offset + length), place);
    else readInto(source, offset, length, place);
  }
}

/** What a file doesn't have (any more) reads as zero; that it is short was told when it was opened. */
function readInto(descriptor: number, offset: number, length: number, place: number): void {
  let got = 0;
  while (got < length) {
    const read = readSync(descriptor, bytes, place + got, length - got, offset + got);
    if (read === 0) break;
    got += read;
  }
  if (got < length) bytes.fill(0, place + got, place + length);
}

function search(job: Job): JobResult {
  const stretches: Stretch[] = [];
  for (let row = 0; row < job.stretches.length; row += 4) {
    const [from = 0, start = 0, stop = 0, end = 0] = job.stretches.subarray(row, row + 4);
    stretches.push({ from, start, stop, end });
  }
  const matches: number[] = [];
  const contexts: number[] = [];
  const sent: Uint8Array[] = [];
  match(stretches, (at, length, index) => {
    matches.push(at, length, index);
    const stretch = stretches[index];
    if (setup.context > 0 && stretch) {
      const before = Math.max(stretch.from, at - setup.context);
      const shown = Math.min(length, MAX_SENT);
      const behind = length > shown ? at + shown : Math.min(stretch.end, at + length + setup.context);
      contexts.push(at - before, shown, behind - at - shown);
      sent.push(Uint8Array.from(bytes.subarray(before, behind)));
    }
    return matches.length < job.limit * 3;
  });
  return {
    id: job.id,
    matches: Float64Array.from(matches),
    contexts: Uint32Array.from(contexts),
    bytes: joined(sent),
    error: undefined,
  };
}

/** In a buffer of its own, which can be given away. */
function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
