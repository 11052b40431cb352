import { setImmediate } from "node:timers/promises";
import { createContext, Script } from "node:vm";
import { bytesErrors } from "../errors.ts";
import type { Place } from "../error.ts";
import type { ByteSource } from "../source.ts";
import { classesFinder } from "./classes.ts";
import type { ByteClasses } from "./classes.ts";
import type { BytePattern } from "./pattern.ts";

export interface Match {
  /** Bytes from the start of the source. */
  readonly offset: number;
  readonly length: number;
}

/** What one more stretch of the source holds. */
export interface SearchStep {
  /** All matches that begin before this offset have been given. */
  readonly end: number;
  readonly matches: readonly Match[];
}

export interface SearchOptions {
  /** Matches are given that begin in `[start, end)`; they may end later. */
  readonly start?: number;
  readonly end?: number;
  /** The search is over after so many matches. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
  /** Bytes searched in one go; for tests. */
  readonly chunk?: number;
}

const CHUNK = 1 << 20;
/** Bytes before a chunk that `\b`, `^` and look-behinds may see. */
const CONTEXT = 64;
/** A regular expression can need for ever; the chunk that it needs longer for ends the search. */
const REGEX_MS = 2000;
/** A pattern without repetition needs at most its length in steps for a byte; a longer one than this is timed too. */
const LONG = 64;
/** The thread is given back at least so often. */
const TURN_MS = 12;

/**
 * Searches a source from its start to its end, a chunk at a time: memory doesn't grow with the source, and the thread
 * is shared with others. Matches don't overlap. Throws `bytes.searchTooSlow`, and the signal's reason.
 */
export async function* searchBytes(
  source: ByteSource,
  pattern: BytePattern,
  { start = 0, end = source.size, limit = Infinity, signal, chunk = chunkOf(pattern) }: SearchOptions = {},
): AsyncGenerator<SearchStep> {
  const find = finder(pattern);
  const last = Math.min(end, source.size);
  const read = (at: number): Promise<Uint8Array> => {
    const from = Math.max(0, at - CONTEXT);
    return source.read(from, Math.min(at + chunk, last) + overlap(pattern) - from);
  };
  let left = limit;
  let free = start;
  let turn = performance.now();
  let next = start < last ? read(start) : undefined;
  for (let at = start; at < last && left > 0; at += chunk) {
    signal?.throwIfAborted();
    const bytes = await next;
    // The disk reads on while this chunk is searched.
    next = at + chunk < last ? read(at + chunk) : undefined;
    // Waited for in the next round, if there is one.
    next?.catch(() => undefined);
    if (!bytes) return;
    const base = Math.max(0, at - CONTEXT);
    const stop = Math.min(at + chunk, last);
    const matches = free < stop ? find(bytes, base, Math.max(at, free) - base, stop - base, left) : [];
    left -= matches.length;
    const final = matches.at(-1);
    if (final) free = final.offset + final.length;
    yield { end: left > 0 ? stop : free, matches };
    if (performance.now() - turn > TURN_MS) {
      await setImmediate();
      turn = performance.now();
    }
  }
}

/** Finds at most `limit` matches that begin in `[from, stop)` of `bytes`, which begin at `base` of the source. */
type Find = (bytes: Uint8Array, base: number, from: number, stop: number, limit: number) => readonly Match[];

function finder(pattern: BytePattern): Find {
  switch (pattern.kind) {
    case "literal":
      return literalFinder(pattern.bytes);
    case "classes":
      return byClasses(pattern.classes);
    case "regex":
      return regexFinder(pattern);
  }
}

/** Timing a chunk costs as much as searching some 100 KiB. */
function chunkOf(pattern: BytePattern): number {
  return pattern.kind === "regex" && pattern.isFree ? 4 * CHUNK : CHUNK;
}

/** Bytes after a chunk that a match may reach into. */
function overlap(pattern: BytePattern): number {
  return longestMatch(pattern) - 1;
}

function longestMatch(pattern: BytePattern): number {
  if (pattern.kind === "literal") return pattern.bytes.length;
  return pattern.kind === "classes" ? pattern.classes.length : pattern.maxLength;
}

function literalFinder(wanted: Uint8Array): Find {
  return (bytes, base, from, stop, limit) => {
    const buffer = asBuffer(bytes);
    const matches: Match[] = [];
    for (let at = from; matches.length < limit;) {
      const found = buffer.indexOf(wanted, at);
      if (found < 0 || found >= stop) break;
      matches.push({ offset: base + found, length: wanted.length });
      at = found + wanted.length;
    }
    return matches;
  };
}

function byClasses(classes: ByteClasses): Find {
  const find = classesFinder(classes);
  return (bytes, base, from, stop, limit) => {
    const matches: Match[] = [];
    for (let at = from; matches.length < limit;) {
      const found = find(bytes, at, stop);
      if (found < 0) break;
      matches.push({ offset: base + found, length: classes.length });
      at = found + classes.length;
    }
    return matches;
  };
}

function regexFinder({ regex, maxLength, isFree }: BytePattern & { readonly kind: "regex" }): Find {
  const run = isFree || maxLength > LONG ? timeLimited : (job: Job) => job();
  return (bytes, base, from, stop, limit) => {
    const text = asBuffer(bytes).toString("latin1");
    const matches: Match[] = [];
    run(
      () => {
        for (regex.lastIndex = from; matches.length < limit;) {
          const found = regex.exec(text);
          if (!found || found.index >= stop) break;
          const { length } = found[0];
          if (length > 0) matches.push({ offset: base + found.index, length });
          else regex.lastIndex++;
        }
      },
      { offset: base + from },
    );
    return matches;
  };
}

type Job = () => void;

/** Runs a job in the one way that can stop a regular expression, short of a thread of its own. It costs 1 ms or so. */
function timeLimited(job: Job, place: Place): void {
  try {
    new Script("job()").runInContext(createContext({ job }), { timeout: REGEX_MS });
  } catch (cause) {
    throw bytesErrors.searchTooSlow({ ...place, cause });
  }
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
