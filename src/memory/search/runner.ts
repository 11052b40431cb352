// Does jobs: gathers their bytes, looks for the pattern, answers with the matches. In a worker, or where it is called.
import { linearMemory } from "../../bytes/index.ts";
import { Gatherer } from "./gather.ts";
import { linesRunner } from "./lines-runner.ts";
import { matcherFor, MATCHER_SLACK } from "./matchers.ts";
import { MATCH_COLUMNS } from "./messages.ts";
import type { Job, JobResult, WorkerSetup } from "./messages.ts";
import { reachOf } from "./pattern.ts";
import { windowsOf } from "./stretches.ts";
import type { Stretches } from "./stretches.ts";

/** Of a match that is longer, so many bytes are sent along. */
const MAX_SENT = 4096;
/** Where windows meet, so much is sent along at most. */
const MAX_AROUND = 64 * 1024;
/** Windows begin at multiples of it, so that bytes are aligned in the memory as at their addresses. */
const ALIGN = 64;

/** Does a job at once. Never throws: what goes wrong is in the result. */
export type RunJob = (job: Job) => JobResult;

/**
 * Jobs that are larger than `setup.memory` are done in windows of it; matches must then be found from their first
 * `reachOf` bytes, as those of bytes and pointers are.
 */
export function jobRunner(setup: WorkerSetup): RunJob {
  const { pattern, context } = setup;
  const doJob =
    context === "lines" && pattern.kind === "strings"
      ? linesRunner(pattern, setup.memory)
      : matchesRunner(setup, context === "lines" ? 0 : context);
  return (job) => {
    try {
      return doJob(job);
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
  };
}

/** For matches, with `context` bytes around each. */
function matchesRunner(setup: WorkerSetup, context: number): RunJob {
  const memory = linearMemory(setup.memory + MATCHER_SLACK + ALIGN);
  const bytes = Buffer.from(memory.buffer);
  const match = matcherFor(setup.pattern, memory);
  const around = Math.min(context, MAX_AROUND);
  const before = Math.ceil(around / ALIGN) * ALIGN;
  const behind = reachOf(setup.pattern) + around;
  const span = Math.floor((setup.memory - before - behind) / ALIGN) * ALIGN;
  const sizes = { memory: setup.memory, span, before, behind };

  function matchesOf(job: Job): JobResult {
    const gatherer = new Gatherer(bytes, job);
    const rows: Row[] = [];
    const contexts: number[] = [];
    const sent: Uint8Array[] = [];
    // What the last match of the window before has taken.
    const taken = (): number => {
      const last = rows.at(-1);
      return last ? last.at + last.length : 0;
    };
    for (const { window, stretches } of windowsOf(job.stretches, sizes, taken)) {
      const { base, end } = window;
      gatherer.fill(base, end);
      const found: Row[] = [];
      match(stretches, (at, length, index, rule = 0) => {
        found.push({ at: at + base, length, stretch: stretches.first + index, rule });
        return rows.length + found.length < job.limit;
      });
      if (setup.pattern.kind === "rules") found.sort((a, b) => a.at - b.at);
      for (const row of found) {
        rows.push(row);
        if (around > 0) sent.push(contextOf(row, base, stretches, contexts));
      }
      if (rows.length >= job.limit) break;
    }
    const matches = new Float64Array(rows.length * MATCH_COLUMNS);
    for (const [index, { at, length, stretch, rule }] of rows.entries())
      matches.set([at, length, stretch, rule], index * MATCH_COLUMNS);
    return {
      id: job.id,
      matches,
      contexts: Uint32Array.from(contexts),
      bytes: joined(sent),
      count: rows.length,
      error: undefined,
    };
  }

  /** The bytes before, in and behind a match; a copy, since the next window takes their place. How many goes to `contexts`. */
  function contextOf(row: Row, base: number, stretches: Stretches, contexts: number[]): Uint8Array {
    const at = row.at - base;
    const index = row.stretch - stretches.first;
    const first = Math.max(stretches.from(index), at - around);
    const shown = Math.min(row.length, MAX_SENT);
    const last = row.length > shown ? at + shown : Math.min(stretches.end(index), at + shown + around);
    contexts.push(at - first, shown, last - at - shown);
    return new Uint8Array(bytes.subarray(first, last));
  }

  return matchesOf;
}

interface Row {
  /** In the job's places. */
  readonly at: number;
  readonly length: number;
  readonly stretch: number;
  readonly rule: number;
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
