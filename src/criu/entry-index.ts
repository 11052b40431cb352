import { CryoscopeError } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import { hasPayloads, layOutEntry } from "./entries.ts";
import type { EntryContext } from "./entries.ts";
import { criuProblems } from "./errors.ts";
import type { Problem, Span } from "./model.ts";

/** Bytes read at once while stepping from size word to size word. */
const WINDOW = 512 * 1024;
/** Entries of one image: 32 MiB of offsets. The largest real pagemaps have some 10^5. */
const MAX_ENTRIES = 1 << 22;

/** Where the entries of an image lie: back to back, so one offset an entry and the end of the last are enough. */
export interface EntryIndex {
  readonly count: number;
  /** End of the last entry; what lies behind it could not be framed. */
  readonly end: number;
  readonly problems: readonly Problem[];
  span(index: number): Span;
  /** The entry whose span holds `offset`, or undefined. */
  at(offset: number): number | undefined;
}

/** The index of an image that has no entries. */
export const noEntries: EntryIndex = {
  count: 0,
  end: 0,
  problems: [],
  span: () => ({ start: 0, end: 0 }),
  at: () => undefined,
};

/** Finds the entries from `start` on. Never throws for what the bytes say. */
export async function indexEntries(context: EntryContext, start: number): Promise<EntryIndex> {
  const starts = new OffsetList();
  const tail = context.seal?.tailLength ?? 0;
  const { end, problems } =
    hasPayloads(context) || context.sizeWidth === 8
      ? await stepThroughEntries(context, start, starts)
      : await stepOverSizes(context, start, tail, starts);
  return indexOf(starts, end, problems);
}

/** An index over entries that lie back to back from the first of `starts` to `end`. */
export function indexOf(starts: OffsetList, end: number, problems: readonly Problem[]): EntryIndex {
  return {
    count: starts.length,
    end,
    problems,
    span: (index) => ({
      start: starts.at(index),
      end: index + 1 < starts.length ? starts.at(index + 1) : end,
    }),
    at: (offset) => (offset >= end ? undefined : starts.lastUpTo(offset)),
  };
}

interface Stepped {
  readonly end: number;
  readonly problems: readonly Problem[];
}

/** Entries that begin with a length word each. */
interface SizedEntries {
  readonly source: ByteSource;
  readonly file: string;
  readonly bigEndian?: boolean;
}

/** Steps over entries without looking into them. `tail` bytes follow each entry that is not empty. */
export async function stepOverSizes(
  { source, file, bigEndian = false }: SizedEntries,
  start: number,
  tail: number,
  starts: OffsetList,
): Promise<Stepped> {
  let windowAt = 0;
  let window: DataView = new DataView(new ArrayBuffer(0));
  let offset = start;
  const stop = (problem: Problem): Stepped => ({ end: offset, problems: [problem] });

  while (offset < source.size) {
    offset = stepOverWindow({ window, windowAt, bigEndian }, offset, source.size, tail, starts);
    const left = source.size - offset - 4;
    const place = { file, offset };
    if (left === -4) break;
    if (left < 0) return stop(criuProblems.truncatedSize(left + 4, place));
    if (starts.length >= MAX_ENTRIES) return stop(criuProblems.tooManyEntries(MAX_ENTRIES, place));
    if (offset + 4 <= windowAt + window.byteLength) {
      const length = entryLength({ window, windowAt, bigEndian }, offset, tail);
      return stop(criuProblems.truncatedEntry(length, left, place));
    }
    const bytes = await source.read(offset, WINDOW);
    if (bytes.length < 4) return stop(criuProblems.truncatedSize(bytes.length, place));
    window = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    windowAt = offset;
  }
  return { end: offset, problems: [] };
}

/**
 * Notes the entries whose size words lie in the window, as long as they end within the image. Gives where it stopped.
 * Apart and synchronous: a loop over 10^5 entries that awaits nothing.
 */
function stepOverWindow(
  sizes: SizeWindow,
  from: number,
  size: number,
  tail: number,
  starts: OffsetList,
): number {
  const last = sizes.windowAt + sizes.window.byteLength - 4;
  let offset = from;
  while (offset <= last && starts.length < MAX_ENTRIES) {
    const end = offset + 4 + entryLength(sizes, offset, tail);
    if (end > size) break;
    starts.push(offset);
    offset = end;
  }
  return offset;
}

/** Bytes read of an image, from `windowAt` on. */
interface SizeWindow {
  readonly window: DataView;
  readonly windowAt: number;
  readonly bigEndian: boolean;
}

/** Bytes behind the size word at `offset`. */
function entryLength({ window, windowAt, bigEndian }: SizeWindow, offset: number, tail: number): number {
  const size = window.getUint32(offset - windowAt, !bigEndian);
  return size === 0 ? 0 : size + tail;
}

/** Decodes each entry, because only its fields say how many bytes follow it. */
async function stepThroughEntries(
  context: EntryContext,
  start: number,
  starts: OffsetList,
): Promise<Stepped> {
  const { source, file } = context;
  let offset = start;
  while (offset < source.size) {
    if (starts.length >= MAX_ENTRIES)
      return { end: offset, problems: [criuProblems.tooManyEntries(MAX_ENTRIES, { file, offset })] };
    try {
      const { entry, complete } = await layOutEntry(context, starts.length, offset);
      starts.push(offset);
      offset = entry.span.end;
      // Why is among the entry's own problems.
      if (!complete) return { end: offset, problems: [] };
    } catch (error) {
      if (!(error instanceof CryoscopeError) || !error.code.startsWith("criu.")) throw error;
      return { end: offset, problems: [criuProblems.from(error, { file, offset })] };
    }
  }
  return { end: offset, problems: [] };
}

/** Growing list of rising file offsets, 8 bytes each. */
export class OffsetList {
  length = 0;
  private offsets = new Float64Array(64);

  push(offset: number): void {
    if (this.length === this.offsets.length) {
      const larger = new Float64Array(this.length * 2);
      larger.set(this.offsets);
      this.offsets = larger;
    }
    this.offsets[this.length++] = offset;
  }

  at(index: number): number {
    return this.offsets[index] ?? 0;
  }

  /** Index of the last offset that is not above `offset`, or undefined. */
  lastUpTo(offset: number): number | undefined {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) <= offset) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : low - 1;
  }
}
