import type { ByteSource } from "../bytes/index.ts";
import { PAGEMAP_FLAGS, pagemapRange } from "../criu/index.ts";
import type { MessageMap } from "../criu/index.ts";
import { checkpointErrors } from "./errors.ts";
import { pathInLayer } from "./layers.ts";
import type { Layer } from "./layers.ts";
import { asProblem, orReport } from "./problems.ts";
import type { Report } from "./problems.ts";
import { readRecords, withPlainBytes } from "./records.ts";

/** As many ranges as a 4 TiB heap of single dirty pages could make would be far more; real dumps have thousands. */
const MAX_RANGES = 4_000_000;

/** Where the pages `[start, end)` of one layer are. */
export interface PageRange {
  readonly start: bigint;
  readonly end: bigint;
  readonly origin: "stored" | "parent" | "none";
  /** Byte offset in the pages file of `start`; meaningful for stored ranges. */
  readonly offset: number;
}

/** The pagemap of one process or shared memory object in one layer. */
export interface PageIndex {
  /** `pages-1.img`, in the same layer. */
  readonly pagesFile: string;
  /** By address, not overlapping. */
  readonly ranges: readonly PageRange[];
}

/** A stretch of memory that was asked for. */
export interface MemoryPiece {
  readonly address: bigint;
  readonly length: number;
  /** Undefined where no layer has the page: never dumped, so zero or as in the mapped file. */
  readonly bytes: Uint8Array | undefined;
}

/**
 * Reads `pagemap-NAME.img` of a layer (NAME is a pid, or `shmem-ID`), undefined when it is absent. Offsets follow
 * `criu/pagemap.c`: only present ranges take room in the pages file.
 */
export async function readPageIndex(
  layer: Layer,
  name: string,
  pageSize: number,
  report: Report,
): Promise<PageIndex | undefined> {
  const file = `pagemap-${name}.img`;
  if (!layer.files.has(file)) return undefined;
  const [head] = await readRecords(layer, file, "pagemap_head", report, 1);
  if (head === undefined) return undefined;
  const ranges: PageRange[] = [];
  let offset = 0;
  for (const entry of await readRecords(layer, file, "pagemap_entry", report, MAX_RANGES)) {
    if (isCompressed(entry)) throw checkpointErrors.compressedPages(pathInLayer(layer, file));
    const { vaddr, pages, flags } = pagemapRange(entry);
    const bytes = pages * BigInt(pageSize);
    const origin = originOf(flags);
    ranges.push({ start: vaddr, end: vaddr + bytes, origin, offset });
    if (origin === "stored") offset += Number(bytes);
  }
  return { pagesFile: `pages-${head.pages_id}.img`, ranges: inOrder(ranges) };
}

function originOf(flags: number): PageRange["origin"] {
  if ((flags & PAGEMAP_FLAGS.parent) !== 0) return "parent";
  return (flags & PAGEMAP_FLAGS.present) === 0 ? "none" : "stored";
}

/** Every published shape of compressed pages brings blocks in field 6, or aligned payloads. */
function isCompressed(entry: MessageMap["pagemap_entry"]): boolean {
  return entry.compressed_size.length > 0 || ((entry.flags ?? 0) & PAGEMAP_FLAGS.payloadAligned) !== 0;
}

/** CRIU writes ranges by address. A hostile image need not: then the first of two that overlap wins. */
function inOrder(ranges: readonly PageRange[]): readonly PageRange[] {
  const sorted = ranges.toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  let end = -1n;
  return sorted.filter((range) => {
    const fits = range.start >= end && range.end > range.start;
    if (fits) end = range.end;
    return fits;
  });
}

/**
 * Reads `[address, address + length)` of a process's private memory as `layers` (newest first) have it. Shared and
 * unmodified file memory is not in a process's own pagemap and comes back as pieces without bytes. `length` is the
 * caller's to bound.
 */
export async function readPages(
  layers: readonly Layer[],
  name: string,
  address: bigint,
  length: number,
  pageSize: number,
  report: Report,
): Promise<readonly MemoryPiece[]> {
  const [layer, ...parents] = layers;
  if (layer === undefined || length <= 0) return [{ address, length, bytes: undefined }];
  const index = await orReport(report, pathInLayer(layer, `pagemap-${name}.img`), undefined, () =>
    readPageIndex(layer, name, pageSize, report),
  );
  if (index === undefined) return [{ address, length, bytes: undefined }];
  const pieces: MemoryPiece[] = [];
  for (const { start, end, range } of cut(index.ranges, address, address + BigInt(length))) {
    const size = Number(end - start);
    if (range?.origin === "stored")
      pieces.push(await readStored(layer, index.pagesFile, range, start, size, report));
    else if (range?.origin === "parent")
      pieces.push(...(await readPages(parents, name, start, size, pageSize, report)));
    else pieces.push({ address: start, length: size, bytes: undefined });
  }
  return pieces;
}

async function readStored(
  layer: Layer,
  pagesFile: string,
  range: PageRange,
  start: bigint,
  length: number,
  report: Report,
): Promise<MemoryPiece> {
  const path = pathInLayer(layer, pagesFile);
  const offset = range.offset + Number(start - range.start);
  const bytes = await orReport(report, path, undefined, () =>
    withPlainBytes(layer, pagesFile, (source: ByteSource) => source.read(offset, length)),
  );
  if (bytes !== undefined && bytes.length === length) return { address: start, length, bytes };
  report(asProblem(checkpointErrors.pagesMissing(length, { file: path, offset })));
  return { address: start, length, bytes: undefined };
}

/** Cuts `[from, to)` where ranges begin and end; pieces that no range covers come without one. */
function* cut(
  ranges: readonly PageRange[],
  from: bigint,
  to: bigint,
): Generator<{ start: bigint; end: bigint; range: PageRange | undefined }> {
  let at = from;
  for (let index = firstAfter(ranges, from); index < ranges.length && at < to; index++) {
    const range = ranges[index];
    if (range === undefined || range.start >= to) break;
    if (range.start > at) yield { start: at, end: range.start, range: undefined };
    const start = range.start > at ? range.start : at;
    const end = range.end < to ? range.end : to;
    yield { start, end, range };
    at = end;
  }
  if (at < to) yield { start: at, end: to, range: undefined };
}

/** Index of the first range that ends after `address`. */
function firstAfter(ranges: readonly PageRange[], address: bigint): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.end ?? 0n) > address) high = middle;
    else low = middle + 1;
  }
  return low;
}
