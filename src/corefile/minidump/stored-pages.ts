// The memory that a minidump has, as whole pages: its ranges begin and end anywhere, as a stack does at its pointer.
import { bufferSource, joinedSource, sliceSource } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { corefileErrors } from "../errors.ts";
import type { MinidumpRange } from "./minidump-file.ts";

/** Pages in a row, `[start, end)`, of which the first byte is at `offset` of the pages. */
export interface StoredRun {
  readonly start: bigint;
  readonly end: bigint;
  readonly offset: number;
}

export interface StoredPages {
  /** By address; they don't touch. */
  readonly runs: readonly StoredRun[];
  /** The bytes of all runs, one after the other. What a minidump doesn't have of a page is zero. */
  readonly pages: ByteSource;
  /** How many pages have such zeros. */
  readonly partial: number;
}

const MAX_RANGES = 1_048_576;
const ADDRESS_END = 1n << 64n;

/** Throws `corefile.badMinidump` for more ranges than a process has mappings. */
export function storedPages(source: ByteSource, ranges: readonly MinidumpRange[], page: bigint): StoredPages {
  if (ranges.length > MAX_RANGES) throw corefileErrors.badMinidump(`${ranges.length} ranges of memory`);
  const zeros = bufferSource(new Uint8Array(Number(2n * page)));
  const parts: ByteSource[] = [];
  const runs: StoredRun[] = [];
  let run: { readonly start: bigint; readonly offset: number; end: bigint } | undefined;
  let size = 0;
  /** Where the bytes that were added last end, and the last page that was counted. */
  let at = 0n;
  let counted = -1n;
  let partial = 0;
  const add = (part: ByteSource): void => {
    if (part.size === 0) return;
    parts.push(part);
    size += part.size;
    at += BigInt(part.size);
  };
  const count = (address: bigint): void => {
    if (address / page === counted) return;
    counted = address / page;
    partial++;
  };
  const pad = (until: bigint): void => {
    if (until === at) return;
    count(at);
    count(until - 1n);
    add(sliceSource(zeros, 0, Number(until - at)));
  };
  const finish = (): void => {
    if (run === undefined) return;
    pad(run.end);
    runs.push({ ...run });
  };
  for (const { start, end, offset } of apart(source, ranges)) {
    const first = start - (start % page);
    const last = end + ((page - (end % page)) % page);
    if (run === undefined || first > run.end) {
      finish();
      run = { start: first, offset: size, end: last };
      at = first;
    }
    pad(start);
    add(sliceSource(source, offset, Number(end - start)));
    run.end = last;
  }
  finish();
  return { runs, pages: joinedSource(parts), partial };
}

interface Part {
  readonly start: bigint;
  readonly end: bigint;
  readonly offset: number;
}

/** What the file has of ranges, by address. Of two that overlap, as stacks and the list of memory do, the first has it. */
function* apart(source: ByteSource, ranges: readonly MinidumpRange[]): Generator<Part> {
  const sorted = ranges
    .map(({ start, length, offset }) => ({
      start,
      offset,
      end: start + BigInt(Math.max(0, Math.min(length, source.size - offset))),
    }))
    .filter(({ start, end }) => end > start && end <= ADDRESS_END)
    .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  let done = 0n;
  for (const { start, end, offset } of sorted) {
    if (end <= done) continue;
    const from = start > done ? start : done;
    yield { start: from, end, offset: offset + Number(from - start) };
    done = end;
  }
}
