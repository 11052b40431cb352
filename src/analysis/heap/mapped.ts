import type { AddressSpace, Words } from "../../memory/index.ts";
import type { HeapChunk } from "./heap.ts";

/** Bits of a chunk's size: only `IS_MMAPPED` is set. */
const FLAGS = 7n;
const IS_MAPPED = 2n;
const HEADER = 16n;
/** Pages of one mapping at which a chunk is looked for. */
const MAX_TRIED = 4096;

/** Blocks with a mapping of their own: their header is at the begin of a page, their size, with it, is whole pages. */
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
      const told = (word ?? 0n) & ~FLAGS;
      // Since glibc 2.43 the size is that of other chunks: without the header of one behind it.
      const left = told % page === 0n ? 0n : HEADER;
      const size = told + left;
      const isChunk =
        before === 0n &&
        ((word ?? 0n) & FLAGS) === IS_MAPPED &&
        told > 0n &&
        size % page === 0n &&
        at + size <= end;
      if (isChunk)
        yield { address: at, size, state: "used", isMapped: true, overhead: left === 0n ? 16n : 24n };
      at += isChunk ? size : page;
    }
  }
}
