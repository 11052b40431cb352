import type { CheckpointMemory } from "./checkpoint-memory.ts";
import { MATCH_COLUMNS } from "./search/messages.ts";
import type { StringEncoding, WorkerPattern } from "./search/pattern.ts";
import type { SearchPool } from "./search/pool.ts";
import { scanMemory, startThreads } from "./search/scan.ts";
import type { ScanOptions, ScanStep } from "./search/scan.ts";

export interface StringsOptions extends ScanOptions {
  /** Characters a string has at least. */
  readonly min: number;
  readonly encoding: StringEncoding;
}

/** Starts the threads for `options.pool` of `stringLines` with the same options, as `startSearch` does. */
export function startStrings(options: StringsOptions): SearchPool {
  return startThreads(patternOf(options), "lines", options);
}

const patternOf = ({ min, encoding }: StringsOptions): WorkerPattern => ({ kind: "strings", min, encoding });

/** A string that is longer is cut there. */
const MAX_LENGTH = 16 * 1024 * 1024;
const STEP = 64 * 1024;

/**
 * The printable strings in the memory of all processes, as binutils' `strings` finds them, a line each; many lines at a
 * time, by process and address. `searchMemory` has them one by one, with their addresses.
 */
export async function* stringLines(
  memories: readonly CheckpointMemory[],
  options: StringsOptions,
): AsyncGenerator<{ readonly lines: Uint8Array; readonly count: number }> {
  const { encoding } = options;
  for await (const step of scanMemory(memories, patternOf(options), "lines", options, () => Infinity))
    yield { lines: await complete(step, encoding), count: step.result.count };
}

/** The lines of a step with those filled up that go on in the next part. */
async function complete({ built, result }: ScanStep, encoding: StringEncoding): Promise<Uint8Array> {
  const { matches, bytes } = result;
  const parts: Uint8Array[] = [];
  let at = 0;
  for (let row = 0; row < matches.length; row += MATCH_COLUMNS) {
    const place = matches[row] ?? 0;
    const length = matches[row + 1] ?? 0;
    const found = built.find(matches[row + 2] ?? 0, place + length);
    const end = (matches[row + 3] ?? 0) + length;
    parts.push(bytes.subarray(at, end));
    if (found) parts.push(await restOf(found.space, found.address, encoding));
    at = end;
  }
  return parts.length === 0 ? bytes : Buffer.concat([...parts, bytes.subarray(at)]);
}

/** What follows of a string that reaches to `address`. */
async function restOf(
  space: { readBytes(address: bigint, length: number): Promise<Uint8Array> },
  address: bigint,
  encoding: StringEncoding,
): Promise<Uint8Array> {
  const wide = encoding === "utf-16le";
  const parts: Uint8Array[] = [];
  for (let length = 0; length < MAX_LENGTH; length += STEP) {
    const bytes = await space.readBytes(address + BigInt(length), STEP);
    const end = stringEnd(bytes, wide, encoding === "latin1");
    parts.push(bytes.subarray(0, end));
    if (end < STEP) break;
  }
  return Buffer.concat(parts);
}

function stringEnd(bytes: Uint8Array, wide: boolean, eightBit: boolean): number {
  const prints = (byte: number): boolean =>
    byte === 9 || (byte >= 32 && byte < 127) || (eightBit && byte > 127);
  let at = 0;
  for (; at + (wide ? 1 : 0) < bytes.length; at += wide ? 2 : 1)
    if (!prints(bytes[at] ?? 0) || (wide && bytes[at + 1] !== 0)) break;
  return at;
}
