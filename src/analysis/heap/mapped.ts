import type { AddressSpace, Words } from "../../memory/index.ts";
import type { HeapChunk } from "./heap.ts";

/** Bits of a chunk's size: only `IS_MMAPPED` is set. */
const FLAGS = 7n;
const IS_MAPPED = 2n;
/** Pages of one mapping at which a chunk is looked for. */
const MAX_TRIED = 4096;

/** Blocks with a mapping of their own: their header is at the begin of a page, their size is whole pages. */
export async function* mappedChunks(
  space: AddressSpace,
  words: Words,
  signal?: AbortSignal,
): AsyncGenerator<HeapChunk> {
  const page = BigInt(space.pageSize);
  for (const { start, end, kind, permissions } of space.areas) {
    if (kind !== "anonymous" || !permissions.startsWith("rw-p")) continue;
    signal?.throwIfAborted();
    // The kernel joins mappings that lie side by side.
    for (let at = start, tried = 0; at < end && tried < MAX_TRIED; tried++) {
      const [before, word] = [await words.at(at), await words.at(at + 8n)];
      const size = (word ?? 0n) & ~FLAGS;
      const isChunk =
        before === 0n &&
        ((word ?? 0n) & FLAGS) === IS_MAPPED &&
        size > 0n &&
        size % page === 0n &&
        at + size <= end;
      if (isChunk) yield { address: at, size, state: "used", isMapped: true };
      at += isChunk ? size : page;
    }
  }
}
