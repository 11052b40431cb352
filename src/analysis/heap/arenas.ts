// Where glibc's malloc keeps its arenas: `struct malloc_state` (malloc/malloc.c), found by what it must look like.
import type { AddressSpace, Area, Words } from "../../memory/index.ts";

/** One arena. */
export interface Arena {
  /** Of its `malloc_state`. */
  readonly address: bigint;
  readonly kind: "main" | "thread";
  /** The free end of its last heap. */
  readonly top: bigint;
  /** Bytes that malloc asked the kernel for (`system_mem`). */
  readonly systemBytes: bigint;
  /** Heads of the fastbins, by size: 32, 48, … */
  readonly fastbins: readonly bigint[];
  /** Where its chunks are, the first heap first. */
  readonly heaps: readonly HeapRange[];
}

/** Chunks lie one behind the other from `start` on; `end` is where the kernel's memory ends. */
export interface HeapRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** The arenas of a process, and what their layout says of glibc's version. */
export interface Arenas {
  readonly arenas: readonly Arena[];
  /** Whether `heap_info` has a page size in it, as since glibc 2.35; undefined without thread arenas. */
  readonly hasPageSize: boolean | undefined;
  /** Whether `malloc_state` has `have_fastchunks`, as since glibc 2.27. */
  readonly hasFastchunks: boolean;
}

const BINS = 127;
const BINS_BYTES = 254n * 8n;
const BINMAP_BYTES = 16n;
/** `HEAP_MAX_SIZE` without huge pages: thread heaps are aligned to it. */
const HEAP_MAX = 64n * 1024n * 1024n;
const HEAP_INFO = { old: 0x20n, withPageSize: 0x30n };
const MAX_ARENAS = 4096;
const MAX_HEAPS = 65536;
const STEP = 1024 * 1024;
/** Data of a program or library that is looked through for the main arena. */
const MAX_DATA = 256 * 1024 * 1024;
/** From the begin of `malloc_state` to its bins: with and without `have_fastchunks`, and before the fastbins went. */
const STARTS = [0x70n, 0x68n, 0x20n, 0x18n];
const FLAGS = 7n;
const SIZE_MASK = ~FLAGS;
/** Only the chunk before it is in use, and it is the main arena's. */
const PREVIOUS_IN_USE = 1n;
/** The smallest of all machines. */
const PAGE = 4096n;

/** Finds the arenas. `hint` is where symbols say that `main_arena` is. Undefined when there is no heap of glibc. */
export async function findArenas(
  space: AddressSpace,
  words: Words,
  hint?: bigint,
  signal?: AbortSignal,
): Promise<Arenas | undefined> {
  const bins = await findBins(space, words, hint, signal);
  if (bins === undefined) return undefined;
  const { start, addresses } = await chainOf(words, bins);
  const arenas: Arena[] = [];
  let hasPageSize: boolean | undefined;
  for (const address of addresses) {
    const isMain = address === start;
    const binsAt = address + (bins - start);
    const [top, system] = [
      await words.at(binsAt - 16n),
      await words.at(binsAt + BINS_BYTES + BINMAP_BYTES + 24n),
    ];
    if (top === undefined || system === undefined) continue;
    const fastbins: bigint[] = [];
    const header = (bins - start) % 16n === 0n ? 0x10n : 8n;
    for (let at = address + header; at < binsAt - 16n; at += 8n) fastbins.push((await words.at(at)) ?? 0n);
    const info = address % HEAP_MAX;
    if (!isMain) hasPageSize = info === HEAP_INFO.withPageSize;
    const size = bins - start + BINS_BYTES + BINMAP_BYTES + 40n;
    const heaps = isMain
      ? await mainHeap(space, words, top, system)
      : await threadHeaps(words, address, top, aligned(address + size));
    arenas.push({ address, kind: isMain ? "main" : "thread", top, systemBytes: system, fastbins, heaps });
  }
  return { arenas, hasPageSize, hasFastchunks: (bins - start) % 16n === 0n };
}

/** Chunks begin where the memory that they give out, 16 bytes behind, is aligned. */
const aligned = (address: bigint): bigint => (address + 15n) & ~15n;

/** Address of the main arena's bins. */
async function findBins(
  space: AddressSpace,
  words: Words,
  hint: bigint | undefined,
  signal?: AbortSignal,
): Promise<bigint | undefined> {
  for (const start of STARTS)
    if (hint !== undefined && (await areBins(words, space, hint + start))) return hint + start;
  let left = MAX_DATA;
  for (const { start, end } of dataAreas(space)) {
    for (let at = start; at < end && left > 0; at += BigInt(STEP)) {
      signal?.throwIfAborted();
      const length = Number(end - at < BigInt(STEP) ? end - at : BigInt(STEP));
      left -= length;
      const found = await binsIn(space, words, at, length);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Writable data of programs and libraries, libc's first. */
function dataAreas(space: AddressSpace): readonly Area[] {
  const data: Area[] = [];
  let before: Area | undefined;
  for (const area of space.areas) {
    const isWritten = area.permissions.startsWith("rw-p");
    // What has no bytes in the file lies directly behind, as anonymous memory.
    const isBehind = before?.end === area.start && (before.kind === "file" || data.includes(before));
    if (isWritten && (area.kind === "file" || (area.kind !== "stack" && isBehind))) data.push(area);
    before = area;
  }
  const isLibc = ({ name }: Area): boolean => /\/libc[.-]/.test(name ?? "");
  return [...data.filter(isLibc), ...data.filter((area) => !isLibc(area))];
}

/** Most bins are empty, and an empty bin points to itself. */
async function binsIn(
  space: AddressSpace,
  words: Words,
  address: bigint,
  length: number,
): Promise<bigint | undefined> {
  for (const piece of await space.read(address, length)) {
    const { bytes } = piece;
    if (bytes === undefined || piece.origin.kind === "zero") continue;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const low = Number(piece.address & 0xffffffffn);
    for (let at = 0; at + 16 <= bytes.length; at += 8) {
      if (view.getUint32(at, true) !== (low + at - 16) >>> 0) continue;
      const self = piece.address + BigInt(at) - 16n;
      if (view.getBigUint64(at, true) !== self || view.getBigUint64(at + 8, true) !== self) continue;
      // Some bin of an arena; which one is seen by what must lie before the first.
      for (let bin = 0; bin < BINS; bin++) {
        const bins = self + 16n - BigInt(bin) * 16n;
        if (await areBins(words, space, bins)) return bins;
      }
    }
  }
  return undefined;
}

/** Whether there is a top chunk before `bins`, and all bins point somewhere. */
async function areBins(words: Words, space: AddressSpace, bins: bigint): Promise<boolean> {
  const top = await words.at(bins - 16n);
  if (top === undefined || top % 16n !== 0n || top === bins - 16n) return false;
  const area = space.areaAt(top);
  const size = await words.at(top + 8n);
  if (size === undefined || area === undefined || !area.permissions.startsWith("rw")) return false;
  const end = top + (size & SIZE_MASK);
  if ((size & FLAGS) !== PREVIOUS_IN_USE || end > area.end || end % PAGE !== 0n) return false;
  const next = await words.at(bins + BINS_BYTES + BINMAP_BYTES);
  if (next === undefined || !(STARTS.includes(bins - next) || isThreadArena(next))) return false;
  for (let bin = 0n; bin < BigInt(BINS); bin++)
    for (const word of [await words.at(bins + bin * 16n), await words.at(bins + bin * 16n + 8n)])
      if (word === undefined || word === 0n || word % 8n !== 0n) return false;
  return true;
}

/** Thread arenas lie behind the `heap_info` of their first heap. */
function isThreadArena(address: bigint): boolean {
  const info = address % HEAP_MAX;
  return address > HEAP_MAX && (info === HEAP_INFO.old || info === HEAP_INFO.withPageSize);
}

/** The arenas are a ring: from the main one's `next` back to its begin, which tells the layout. */
async function chainOf(
  words: Words,
  bins: bigint,
): Promise<{ readonly start: bigint; readonly addresses: readonly bigint[] }> {
  const nextAt = bins + BINS_BYTES + BINMAP_BYTES;
  const others: bigint[] = [];
  let [delta] = STARTS;
  let next = await words.at(nextAt);
  for (let count = 0; next !== undefined && count < MAX_ARENAS; count++) {
    const back = bins - next;
    if (STARTS.includes(back)) {
      delta = back;
      break;
    }
    if (!isThreadArena(next)) break;
    if (others.includes(next)) break;
    others.push(next);
    // The layout is known for certain at the end only; it is the same in all.
    next = await nextOf(words, next);
  }
  const start = bins - (delta ?? 0x70n);
  return { start, addresses: [start, ...others] };
}

/** `next` of a thread arena: as far behind its bins as the main arena's. */
async function nextOf(words: Words, arena: bigint): Promise<bigint | undefined> {
  for (const start of STARTS) {
    const next = await words.at(arena + start + BINS_BYTES + BINMAP_BYTES);
    const top = await words.at(arena + start - 16n);
    // What another layout has there is a bin, which points into the arena itself.
    if (top === undefined || (top >= arena && top < arena + start + BINS_BYTES)) continue;
    // The top lies in one of the arena's heaps, which begins with the arena's address.
    const owner = await words.at(top - (top % HEAP_MAX));
    if (owner === arena && next !== undefined) return next;
  }
  return undefined;
}

/** The heap of brk(2): what malloc asked for ends with the top chunk. */
async function mainHeap(
  space: AddressSpace,
  words: Words,
  top: bigint,
  system: bigint,
): Promise<readonly HeapRange[]> {
  const size = ((await words.at(top + 8n)) ?? 0n) & SIZE_MASK;
  const end = top + size;
  const begins = [aligned(end - system), aligned(space.mm.mm_start_brk)];
  for (const start of begins)
    if (start <= top && space.areaAt(start) !== undefined && (await reaches(words, start, top)))
      return [{ start, end }];
  return [];
}

const MAX_TRIED = 1_000_000;

/** Whether chunks lie one behind the other from `start` to `top`; believed when there are very many. */
async function reaches(words: Words, start: bigint, top: bigint): Promise<boolean> {
  let at = start;
  for (let count = 0; at < top && count < MAX_TRIED; count++) {
    const size = ((await words.at(at + 8n)) ?? 0n) & SIZE_MASK;
    if (size < 32n || size % 16n !== 0n) return false;
    at += size;
  }
  return at <= top;
}

/** The heaps of a thread arena, the first one first: each knows the one before it (`heap_info`, malloc/arena.c). */
async function threadHeaps(
  words: Words,
  arena: bigint,
  top: bigint,
  first: bigint,
): Promise<readonly HeapRange[]> {
  const heaps: HeapRange[] = [];
  let heap = top - (top % HEAP_MAX);
  for (let count = 0; count < MAX_HEAPS && heap !== 0n; count++) {
    const [owner, before, size] = [
      await words.at(heap),
      await words.at(heap + 8n),
      await words.at(heap + 16n),
    ];
    if (owner !== arena || before === undefined || size === undefined || size > HEAP_MAX) break;
    const isFirst = arena - heap < 0x100n && arena > heap;
    heaps.unshift({ start: isFirst ? first : heap + (arena % HEAP_MAX), end: heap + size });
    heap = before % HEAP_MAX === 0n ? before : 0n;
  }
  return heaps;
}
