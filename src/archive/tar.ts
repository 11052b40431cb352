import { sliceSource, type ByteSource } from "../bytes/index.ts";
import { archiveErrors, printable } from "./errors.ts";
import { headerWindow, type HeaderWindow } from "./header-window.ts";
import { treeIndex, type Member } from "./indexed.ts";
import { sparseSource, validSegments, type Segment } from "./sparse.ts";
import {
  BLOCK,
  hasChecksum,
  isZeroBlock,
  number,
  paxNumber,
  readHeader,
  readPax,
  text,
} from "./tar-header.ts";
import type { TarHeader } from "./tar-header.ts";
import type { FileTree } from "./tree.ts";
import { turns } from "./turns.ts";

/** Long names and pax records are a few KiB; more is an attack on memory. */
const MAX_META = 1 << 20;
const MAX_SEGMENTS = 100_000;
const NEWLINE = 10;
/** A name costs about 80 bytes of memory, and its own. */
const MAX_ENTRIES = 1_000_000;
const NO_PAX: ReadonlyMap<string, string> = new Map();

export interface TarOptions {
  /** Names after which the index stops, with a problem. */
  readonly maxEntries?: number;
  /** What is already known to be wrong with the archive. */
  readonly problem?: string;
  readonly signal?: AbortSignal;
  /** Called with the bytes of the archive that are indexed so far. */
  readonly progress?: (done: number, total: number) => void;
}

/**
 * Indexes a plain tar by going from header to header; bodies are not read, and files are slices of `source`. A tar
 * that ends early or breaks off is shown up to there, with a problem. Throws `archive.notAnArchive` when not even
 * the first header is one.
 */
export async function openTar(
  source: ByteSource,
  name: string,
  { maxEntries = MAX_ENTRIES, problem, signal, progress }: TarOptions = {},
  close?: () => Promise<void>,
): Promise<FileTree> {
  const index = treeIndex(source);
  if (problem !== undefined) index.problem(problem);
  const headers = headerWindow(source);
  const turn = turns();
  let globals = NO_PAX;
  let pending = NOTHING;

  for (let at = 0; at < source.size;) {
    signal?.throwIfAborted();
    // A promise for each of a million headers would take longer than all else.
    const pause = turn.step();
    if (pause) await pause;
    const read = headers.read(at, BLOCK);
    const block = read instanceof Promise ? await read : read;
    if (block.length === BLOCK && isZeroBlock(block)) break;
    if (!hasChecksum(block)) {
      if (at === 0) throw archiveErrors.notAnArchive(name);
      index.problem(`The tar breaks off at byte ${at}: there is no header.`);
      break;
    }
    const header = readHeader(block);
    const { type } = header;
    const isMeta = type.is !== "member" && type.is !== "hardLink" && type.is !== "sparse";
    const pax = globals.size === 0 ? (pending.pax ?? NO_PAX) : new Map([...globals, ...(pending.pax ?? [])]);
    const size = isMeta ? header.size : bodySize(header, pax);
    const body = at + BLOCK;
    if (!(size >= 0)) {
      index.problem(`The tar breaks off at byte ${at}: ${printable(header.name)} has no readable size.`);
      break;
    }
    if (isMeta) {
      if (size > MAX_META || body + size > source.size) {
        index.problem(`The tar breaks off at byte ${at}: a long name or pax header of ${size} bytes.`);
        break;
      }
      const bytes = await headers.read(body, size);
      if (type.is === "globalPax") globals = new Map([...globals, ...readPax(bytes)]);
      else if (type.is === "pax") pending = { ...pending, pax: readPax(bytes) };
      else pending = { ...pending, [type.is]: text(bytes) };
      at = body + padded(size);
      continue;
    }
    const extra = type.is === "sparse" ? await oldSparseMap(headers, at, block) : { segments: [], blocks: 0 };
    const start = body + extra.blocks * BLOCK;
    if (start + size > source.size)
      index.problem(
        `${printable(header.name)} is cut short: ${size} bytes were expected, ${Math.max(0, source.size - start)} are there.`,
      );
    const there = Math.max(0, Math.min(size, source.size - start));
    const member = describe(header, pending, pax, start, there);
    const sparse =
      type.is === "sparse"
        ? {
            segments: extra.segments,
            size: number(block, 483, 12),
            body: sliceSource(source, start, size),
          }
        : pax.size === 0
          ? undefined
          : await paxSparse(pax, sliceSource(source, start, size));
    if (sparse === undefined) index.add(member);
    else if (!validSegments(sparse.segments, sparse.size, size))
      index.problem(`The sparse map of ${printable(member.name)} is broken; the file is left out.`);
    else
      index.add({
        ...member,
        size: sparse.size,
        body: sparseSource(sparse.body, sparse.segments, sparse.size),
      });
    pending = NOTHING;
    if (index.count > maxEntries) {
      index.problem(`The archive holds more than ${maxEntries} names; the first ones are shown.`);
      break;
    }
    at = start + padded(size);
    progress?.(Math.min(at, source.size), source.size);
  }
  return index.tree(name, close);
}

const NOTHING: Pending = {};

/** What the headers before a member say about it. */
interface Pending {
  readonly longName?: string;
  readonly longLink?: string;
  readonly pax?: ReadonlyMap<string, string>;
}

const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;

/** Links, folders and devices have no body, whatever their size field says (POSIX; GNU tar's `skip_member`). */
function bodySize({ type, size }: TarHeader, pax: ReadonlyMap<string, string>): number {
  if (type.is === "hardLink") return 0;
  if (type.is === "member" && (type.kind === "link" || type.kind === "other")) return 0;
  return paxNumber(pax, "size") ?? size;
}

function describe(
  header: TarHeader,
  pending: Pending,
  pax: ReadonlyMap<string, string>,
  start: number,
  size: number,
): Member {
  const name = pax.get("GNU.sparse.name") ?? pax.get("path") ?? pending.longName ?? header.name;
  const link = pax.get("linkpath") ?? pending.longLink ?? header.link;
  const seconds = paxNumber(pax, "mtime") ?? header.mtime;
  const isHardLink = header.type.is === "hardLink";
  const kind = header.type.is === "member" ? header.type.kind : "file";
  // One shape for all: there may be a million.
  return {
    name,
    kind,
    size: kind === "file" && !isHardLink ? size : 0,
    mode: header.mode,
    mtime: Number.isNaN(seconds) ? undefined : seconds * 1000,
    target: kind === "link" ? link : undefined,
    body: kind === "file" && !isHardLink ? start : undefined,
    hardLink: isHardLink ? link : undefined,
  };
}

/** GNU's old form (type S): four segments in the header, then blocks of 21 while the flag says so. */
async function oldSparseMap(
  source: HeaderWindow,
  at: number,
  header: Uint8Array,
): Promise<{ segments: Segment[]; blocks: number }> {
  const segments: Segment[] = [];
  const take = (block: Uint8Array, from: number, count: number): void => {
    for (let index = 0; index < count; index++) {
      const entry = block.subarray(from + index * 24, from + index * 24 + 24);
      if ((entry[0] ?? 0) === 0 && (entry[12] ?? 0) === 0) return;
      segments.push({ offset: number(entry, 0, 12), length: number(entry, 12, 12) });
    }
  };
  take(header, 386, 4);
  let blocks = 0;
  let more = header[482] !== 0;
  while (more && segments.length < MAX_SEGMENTS) {
    const block = await source.read(at + BLOCK * (1 + blocks), BLOCK);
    if (block.length < BLOCK) break;
    take(block, 0, 21);
    more = block[504] !== 0;
    blocks++;
  }
  return { segments, blocks };
}

interface SparseBody {
  readonly segments: readonly Segment[];
  readonly size: number;
  readonly body: ByteSource;
}

/** GNU's pax forms: the map in the records (0.0, 0.1), or as lines of digits at the head of the body (1.0). */
async function paxSparse(
  pax: ReadonlyMap<string, string>,
  packed: ByteSource,
): Promise<SparseBody | undefined> {
  const map = pax.get("GNU.sparse.map");
  if (map !== undefined)
    return {
      segments: pairs(map.split(",", 2 * MAX_SEGMENTS).map(Number)),
      size: paxNumber(pax, "GNU.sparse.size") ?? NaN,
      body: packed,
    };
  if (pax.get("GNU.sparse.major") !== "1") return undefined;
  const size = paxNumber(pax, "GNU.sparse.realsize") ?? NaN;
  const head = await packed.read(0, MAX_META);
  const count = Number(text(head, 0, Math.max(0, head.indexOf(NEWLINE))));
  if (!(count <= MAX_SEGMENTS)) return { segments: [], size: NaN, body: packed };
  let end = 0;
  for (let line = 0; line < 1 + 2 * count; line++) end = head.indexOf(NEWLINE, end) + 1;
  const start = padded(end);
  return {
    segments: pairs(text(head, 0, end).split("\n").slice(1, -1).map(Number)),
    size,
    body: sliceSource(packed, start, packed.size - start),
  };
}

function pairs(numbers: readonly number[]): Segment[] {
  const segments: Segment[] = [];
  for (let at = 0; at + 1 < numbers.length; at += 2)
    segments.push({ offset: numbers[at] ?? NaN, length: numbers[at + 1] ?? NaN });
  return segments;
}
