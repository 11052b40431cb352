// Lists of freed blocks that malloc's own bits call used: the threads' caches and the fastbins (malloc/malloc.c).
import type { Words } from "../../memory/index.ts";

/** Sizes of the chunk that a `tcache_perthread_struct` is in, with the place of its lists in it and their number. */
const SHAPES: readonly {
  readonly chunk: bigint;
  readonly lists: bigint;
  readonly count: number;
  readonly since: string;
}[] = [
  { chunk: 0x250n, lists: 64n, count: 64, since: "2.26" },
  { chunk: 0x290n, lists: 128n, count: 64, since: "2.30" },
  // The counts of 76 lists, the last 12 of them of mixed sizes.
  { chunk: 0x300n, lists: 152n, count: 76, since: "2.42" },
];
/** Lists of one size each. */
const SMALL = 64;
const MAX_LIST = 65_536;
const SIZE_MASK = ~7n;

/** Whether pointers in the lists are masked by their place (safe linking, since glibc 2.32); undefined: not seen yet. */
export interface Linking {
  isSafe: boolean | undefined;
}

/** A thread's cache. */
export interface ThreadCache {
  readonly chunk: bigint;
  readonly since: string;
  /** Chunks (not what they give out) that are in it, with the size of their list. */
  readonly chunks: readonly bigint[];
}

export const maybeCache = (size: bigint): boolean => SHAPES.some(({ chunk }) => chunk === size);

/** The thread cache in the chunk; undefined when it is something else. */
export async function cacheIn(
  words: Words,
  chunk: bigint,
  size: bigint,
  linking: Linking,
): Promise<ThreadCache | undefined> {
  const shape = SHAPES.find((each) => each.chunk === size);
  if (shape === undefined) return undefined;
  const chunks: bigint[] = [];
  for (let index = 0; index < shape.count; index++) {
    const head = await words.at(chunk + 16n + shape.lists + BigInt(index) * 8n);
    if (head === undefined) return undefined;
    if (head === 0n) continue;
    const wanted = index < SMALL ? 32n + BigInt(index) * 16n : undefined;
    const blocks = await listOf(words, head, linking);
    for (const block of blocks) {
      const found = ((await words.at(block - 8n)) ?? 0n) & SIZE_MASK;
      if (wanted === undefined ? found < 32n : found !== wanted) return undefined;
      chunks.push(block - 16n);
    }
    if (blocks.length === 0) return undefined;
  }
  return chunks.length === 0 ? undefined : { chunk, since: shape.since, chunks };
}

/**
 * The chunks of a fastbin; `head` is a chunk. A list that is broken (by an overflow, say) ends where it is.
 */
export async function fastbinChunks(
  words: Words,
  head: bigint,
  linking: Linking,
): Promise<readonly bigint[]> {
  if (head === 0n) return [];
  return (await listOf(words, head + 16n, linking, 16n)).map((block) => block - 16n);
}

/** Blocks from `head` on; their first word leads to the next one, plus `by`. */
async function listOf(words: Words, head: bigint, linking: Linking, by = 0n): Promise<readonly bigint[]> {
  const blocks: bigint[] = [];
  const seen = new Set<bigint>();
  let at = head;
  while (at % 16n === 0n && !seen.has(at) && blocks.length < MAX_LIST) {
    const stored = await words.at(at);
    if (stored === undefined) break;
    seen.add(at);
    blocks.push(at);
    const next = await nextOf(words, at, stored, linking);
    if (next === 0n || next === undefined) break;
    at = next + by;
  }
  return blocks;
}

async function nextOf(
  words: Words,
  at: bigint,
  stored: bigint,
  linking: Linking,
): Promise<bigint | undefined> {
  const masked = stored ^ (at >> 12n);
  if (linking.isSafe === undefined) {
    // The end of a list is zero in one way of the two; else only one of them leads into memory.
    if (stored === 0n) linking.isSafe = false;
    else if (masked === 0n) linking.isSafe = true;
    else if (masked % 16n === 0n && (await words.at(masked)) !== undefined) linking.isSafe = true;
    else if (stored % 16n === 0n && (await words.at(stored)) !== undefined) linking.isSafe = false;
  }
  if (linking.isSafe === undefined) return undefined;
  return linking.isSafe ? masked : stored;
}
