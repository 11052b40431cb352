import { setImmediate } from "node:timers/promises";
import type { CoreSink } from "../../corefile/index.ts";
import { originLabel } from "../../memory/index.ts";
import type { AddressSpace, PageOrigin, Run } from "../../memory/index.ts";
import { shown } from "./address.ts";

/** Bytes read at once. */
const STEP = 1024 * 1024;
/** Runs that are passed over before the thread is given back. */
const TURN = 4096;

export interface SaveOptions {
  readonly signal: AbortSignal;
  /** Called with the bytes that were written since it was called last. */
  readonly wrote: (bytes: number) => void;
}

/**
 * Writes `[start, end)` as it is in memory; what is zero or can't be had becomes a hole. Gives how many bytes could
 * not be had. Throws the signal's reason.
 */
export async function saveRange(
  space: AddressSpace,
  start: bigint,
  end: bigint,
  sink: CoreSink,
  options: SaveOptions,
): Promise<number> {
  let missing = 0;
  for await (const { run, from, to } of runsWithin(space, start, end, options.signal)) {
    if (run.origin.kind === "unavailable") missing += Number(to - from);
    else if (run.origin.kind !== "zero")
      missing += await copy(space, from, to, sink, Number(from - start), options);
  }
  await sink.end(Number(end - start));
  return missing;
}

/** Where a part of a file of dumped memory was in memory. */
interface SavedPart {
  readonly address: string;
  readonly length: number;
  readonly fileOffset: number;
  readonly origin: string;
  readonly permissions: string;
  readonly name: string;
}

/** Writes all pages of a process that are in the images, one behind the other. Gives what came from where. */
export async function saveDumped(
  space: AddressSpace,
  sink: CoreSink,
  options: SaveOptions,
): Promise<readonly SavedPart[]> {
  const parts: SavedPart[] = [];
  let at = 0;
  for (const { start, end, permissions, name, kind } of space.areas)
    for await (const { run, from, to } of runsWithin(space, start, end, options.signal)) {
      if (!isInImages(run.origin)) continue;
      await copy(space, from, to, sink, at, options);
      const length = Number(to - from);
      const origin = originLabel(run.origin);
      parts.push({ address: shown(from), length, fileOffset: at, origin, permissions, name: name ?? kind });
      at += length;
    }
  await sink.end(at);
  return parts;
}

const isInImages = ({ kind }: PageOrigin): boolean => kind === "dumped" || kind === "layer";

async function* runsWithin(
  space: AddressSpace,
  start: bigint,
  end: bigint,
  signal: AbortSignal,
): AsyncGenerator<{ readonly run: Run; readonly from: bigint; readonly to: bigint }> {
  const page = BigInt(space.pageSize);
  let count = 0;
  for (const run of space.runs(start, end)) {
    if (++count % TURN === 0) await setImmediate();
    signal.throwIfAborted();
    const first = BigInt(run.first) * page;
    const last = BigInt(run.last) * page;
    yield { run, from: first > start ? first : start, to: last < end ? last : end };
  }
}

/** Copies to `offset` of the file. Gives how many bytes were missing all the same: broken pages. */
async function copy(
  space: AddressSpace,
  from: bigint,
  to: bigint,
  sink: CoreSink,
  offset: number,
  { signal, wrote }: SaveOptions,
): Promise<number> {
  let missing = 0;
  for (let at = from; at < to; at += BigInt(STEP)) {
    signal.throwIfAborted();
    const left = to - at;
    const length = left < BigInt(STEP) ? Number(left) : STEP;
    for (const { address, bytes, length: size } of await space.read(at, length)) {
      if (bytes) await sink.write(offset + Number(address - from), bytes);
      else missing += size;
    }
    wrote(length);
  }
  return missing;
}
