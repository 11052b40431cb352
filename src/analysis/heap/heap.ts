import { setImmediate } from "node:timers/promises";
import { openWords } from "../../memory/index.ts";
import type { AddressSpace, Words } from "../../memory/index.ts";
import { findArenas } from "./arenas.ts";
import type { Arena, HeapRange } from "./arenas.ts";
import { mappedChunks } from "./mapped.ts";
import { cacheIn, fastbinChunks, maybeCache } from "./tcache.ts";
import type { Linking, ThreadCache } from "./tcache.ts";

/** What malloc does with a chunk. */
export type ChunkState =
  /** The program has it. */
  | "used"
  /** Freed, in a thread's cache. */
  | "tcache"
  /** Freed, in a fastbin. */
  | "fastbin"
  /** Freed, in the unsorted, a small or a large bin. */
  | "free"
  /** What is left of the heap. */
  | "top"
  /** A thread's cache itself. */
  | "cache";

/** A chunk of malloc's. */
export interface HeapChunk {
  /** Of its header. What the program was given is at `address + 16`. */
  readonly address: bigint;
  /** Bytes, with the header. */
  readonly size: bigint;
  readonly state: ChunkState;
  /** Mapped for it alone. */
  readonly isMapped: boolean;
  /** Bytes of it that are malloc's own. */
  readonly overhead: bigint;
}

/** What the program may use of a chunk: `malloc_usable_size(3)`. */
export const usableSize = ({ size, overhead }: HeapChunk): bigint => size - overhead;

/** The heap of a process, as glibc's malloc keeps it. */
export interface MallocHeap {
  /** What the layout says of glibc's version: `2.35 to 2.41`. */
  readonly glibc: string;
  readonly arenas: readonly Arena[];
  /** The chunks of an arena, by heap and address. A chunk with an impossible size ends its heap. */
  chunks(arena: Arena, signal?: AbortSignal): AsyncGenerator<HeapChunk>;
  /** Large blocks, which have a mapping of their own. They are known by their headers alone. */
  mapped(signal?: AbortSignal): AsyncGenerator<HeapChunk>;
}

const FLAGS = 7n;
const PREVIOUS_IN_USE = 1n;
const MIN_CHUNK = 32n;
/** The thread is given back at least so often. */
const TURN_MS = 8;

/**
 * Walks glibc's heap (2.26 and later, 64 bits). `mainArena` is where symbols say that `main_arena` is; else it is
 * recognised by its shape. Undefined when the process has no such heap: another malloc, or nothing was allocated.
 */
export async function openHeap(
  space: AddressSpace,
  { mainArena, signal }: { readonly mainArena?: bigint | undefined; readonly signal?: AbortSignal } = {},
): Promise<MallocHeap | undefined> {
  const words = openWords(space);
  const found = await findArenas(space, words, mainArena, signal);
  if (found === undefined || found.arenas.every(({ heaps }) => heaps.length === 0)) return undefined;
  const linking: Linking = { isSafe: undefined };
  const caches: ThreadCache[] = [];
  for (const { heaps, top } of found.arenas)
    for (const heap of heaps)
      for await (const { address, size } of headersOf(words, heap, top, signal)) {
        const cache = maybeCache(size) ? await cacheIn(words, address, size, linking) : undefined;
        if (cache) caches.push(cache);
      }
  const listed = new Map<bigint, ChunkState>();
  for (const { fastbins } of found.arenas)
    for (const head of fastbins)
      for (const chunk of await fastbinChunks(words, head, linking)) listed.set(chunk, "fastbin");
  for (const cache of caches) {
    listed.set(cache.chunk, "cache");
    for (const chunk of cache.chunks) listed.set(chunk, "tcache");
  }
  return {
    glibc: versionOf(found, caches, linking),
    arenas: found.arenas,
    async *chunks({ heaps, top }, stop) {
      for (const heap of heaps) {
        let before: { readonly address: bigint; readonly size: bigint } | undefined;
        const state = (address: bigint, isFree: boolean): ChunkState =>
          listed.get(address) ?? (isFree ? "free" : "used");
        for await (const header of headersOf(words, heap, top, stop)) {
          if (before) yield chunkOf(before, state(before.address, !header.isPreviousUsed));
          before = header;
        }
        // The last of a heap that isn't the arena's last is used: what was left of it went into a bin before it.
        if (before) yield chunkOf(before, before.address === top ? "top" : state(before.address, false));
      }
    },
    mapped: (stop) => mappedChunks(space, words, stop),
  };
}

const chunkOf = (
  { address, size }: { readonly address: bigint; readonly size: bigint },
  state: ChunkState,
): HeapChunk => ({ address, size, state, isMapped: false, overhead: 8n });

/** The headers of a heap, up to the top chunk, a fence, or what is no chunk. */
async function* headersOf(words: Words, { start, end }: HeapRange, top: bigint, signal?: AbortSignal) {
  let turn = performance.now();
  for (let address = start; address < end;) {
    const word = await words.at(address + 8n);
    if (word === undefined) return;
    const size = word & ~FLAGS;
    if (size < MIN_CHUNK || size % 16n !== 0n || address + size > end) return;
    yield { address, size, isPreviousUsed: (word & PREVIOUS_IN_USE) !== 0n };
    if (address === top) return;
    address += size;
    if (performance.now() - turn < TURN_MS) continue;
    signal?.throwIfAborted();
    await setImmediate();
    turn = performance.now();
  }
}

/** The versions of glibc that lay malloc out as it is here. */
function versionOf(
  {
    hasPageSize,
    hasFastchunks,
  }: { readonly hasPageSize: boolean | undefined; readonly hasFastchunks: boolean },
  caches: readonly ThreadCache[],
  { isSafe }: Linking,
): string {
  const { since } = caches[0] ?? {};
  if (since === "2.42") return "2.42 or later";
  if (hasPageSize === true) return since === undefined ? "2.35 or later" : "2.35 to 2.41";
  if (isSafe === true)
    return hasPageSize === false ? "2.32 to 2.34" : since === undefined ? "2.32 or later" : "2.32 to 2.41";
  if (since === "2.30") return "2.30 or 2.31";
  if (since === "2.26") return hasFastchunks ? "2.27 to 2.29" : "2.26";
  return hasFastchunks ? "2.27 or later" : "2.26 or earlier";
}
