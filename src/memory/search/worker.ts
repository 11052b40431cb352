// A search worker: gathers the bytes of a job from open files, looks for the pattern, answers with the matches.
import { readSync, readvSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { matcherFor, MATCHER_SLACK } from "./matchers.ts";
import type { Matcher, Stretch } from "./matchers.ts";
import { FROM, MATCH_COLUMNS, PIECE_COLUMNS, READY } from "./messages.ts";
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
      count: 0,
      error: String(error),
    };
  }
}

/** As many parts as one readv(2) takes. */
const MAX_PARTS = 1024;

function gather({ pieces, attached }: Job): void {
  for (let row = 0; row < pieces.length;) {
    const source = pieces[row] ?? 0;
    const length = pieces[row + 2] ?? 0;
    const place = pieces[row + 3] ?? 0;
    if (source >= 0) {
      row = readFrom(pieces, row);
      continue;
    }
    const offset = pieces[row + 1] ?? 0;
    if (source === FROM.zeros) bytes.fill(0, place, place + length);
    else bytes.set((attached ?? bytes).subarray(offset, offset + length), place);
    row += PIECE_COLUMNS;
  }
}

/**
 * Reads the piece in `row` and those that follow it in the same file, in one call; zeros may stand between. Gives the row
 * behind them. What a file doesn't have (any more) reads as zero; that it is short was told when it was opened.
 */
function readFrom(pieces: Float64Array, row: number): number {
  const descriptor = pieces[row] ?? 0;
  const start = pieces[row + 1] ?? 0;
  const parts: Uint8Array[] = [];
  let wanted = 0;
  let next = row;
  for (; next < pieces.length && parts.length < MAX_PARTS; next += PIECE_COLUMNS) {
    const source = pieces[next] ?? 0;
    const length = pieces[next + 2] ?? 0;
    const place = pieces[next + 3] ?? 0;
    if (source === FROM.zeros) {
      bytes.fill(0, place, place + length);
      continue;
    }
    if (source !== descriptor || pieces[next + 1] !== start + wanted) break;
    parts.push(bytes.subarray(place, place + length));
    wanted += length;
  }
  const got = parts.length === 1 ? 0 : readvSync(descriptor, parts, start);
  if (got < wanted) readRest(descriptor, parts, start, got);
  return next;
}

function readRest(descriptor: number, parts: readonly Uint8Array[], start: number, skip: number): void {
  let at = 0;
  for (const part of parts) {
    let got = Math.min(part.length, Math.max(0, skip - at));
    while (got < part.length) {
      const read = readSync(descriptor, part, got, part.length - got, start + at + got);
      if (read === 0) break;
      got += read;
    }
    part.fill(0, got);
    at += part.length;
  }
}

function search(job: Job): JobResult {
  const stretches: Stretch[] = [];
  for (let row = 0; row < job.stretches.length; row += 4) {
    const column = (index: number): number => job.stretches[row + index] ?? 0;
    stretches.push({ from: column(0), start: column(1), stop: column(2), end: column(3) });
  }
  return setup.context === "lines" ? lines(job, stretches) : matchesOf(job, stretches, setup.context);
}

interface Row {
  readonly at: number;
  readonly length: number;
  readonly stretch: number;
  readonly rule: number;
}

function matchesOf({ id, limit }: Job, stretches: readonly Stretch[], context: number): JobResult {
  const rows: Row[] = [];
  match(stretches, (at, length, stretch, rule = 0) => {
    rows.push({ at, length, stretch, rule });
    return rows.length < limit;
  });
  if (setup.pattern.kind === "rules") rows.sort((a, b) => a.at - b.at);
  const matches = new Float64Array(rows.length * MATCH_COLUMNS);
  const contexts = new Uint32Array(context > 0 ? rows.length * 3 : 0);
  const sent: Uint8Array[] = [];
  for (const [index, { at, length, stretch, rule }] of rows.entries()) {
    matches.set([at, length, stretch, rule], index * MATCH_COLUMNS);
    const around = stretches[stretch];
    if (context === 0 || around === undefined) continue;
    const before = Math.max(around.from, at - context);
    const shown = Math.min(length, MAX_SENT);
    const behind = length > shown ? at + shown : Math.min(around.end, at + length + context);
    contexts.set([at - before, shown, behind - at - shown], index * 3);
    sent.push(bytes.subarray(before, behind));
  }
  return { id, matches, contexts, bytes: joined(sent), count: rows.length, error: undefined };
}

const NEW_LINE = 10;

/** Used again for each job; it grows when there are many lines. */
let linesBuffer = Buffer.alloc(0);

/** All strings of a job as lines: there can be a hundred thousand, and a row each would cost more than finding them. */
function lines({ id }: Job, stretches: readonly Stretch[]): JobResult {
  let out = linesBuffer;
  let length = 0;
  let count = 0;
  const open: number[] = [];
  match(stretches, (at, size, index) => {
    const stretch = stretches[index];
    const goesOn = stretch !== undefined && at + size === stretch.end && stretch.end > stretch.stop;
    if (goesOn) open.push(at, size, index, length);
    if (length + size + 1 > out.length) out = Buffer.concat([out], out.length * 2 + size + 65_536);
    // Copying a few bytes takes less than asking for it to be done.
    if (size < 64) for (let index = 0; index < size; index++) out[length++] = bytes[at + index] ?? 0;
    else length += bytes.copy(out, length, at, at + size);
    out[length++] = NEW_LINE;
    count++;
    return true;
  });
  linesBuffer = out;
  return {
    id,
    matches: Float64Array.from(open),
    contexts: new Uint32Array(0),
    bytes: Uint8Array.from(out.subarray(0, length)),
    count,
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
