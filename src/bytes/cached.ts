import { readInto } from "./source.ts";
import type { ByteSource } from "./source.ts";

const BLOCK = 64 * 1024;

/**
 * Keeps the last `blocks` blocks of 64 KiB, for callers that read many small things near each other. Reads larger
 * than a block go past the cache. Memory is bounded by `blocks` × 64 KiB.
 */
export function cachedSource(source: ByteSource, blocks = 16): ByteSource {
  const cache = new Map<number, Promise<Uint8Array>>();

  function block(index: number): Promise<Uint8Array> {
    const known = cache.get(index);
    // Re-inserted so that the Map's order is the order of last use.
    if (known) cache.delete(index);
    const bytes = known ?? source.read(index * BLOCK, BLOCK);
    cache.set(index, bytes);
    if (!known) bytes.catch(() => cache.delete(index));
    const oldest = cache.keys().next();
    if (cache.size > blocks && !oldest.done) cache.delete(oldest.value);
    return bytes;
  }

  async function read(offset: number, length: number): Promise<Uint8Array> {
    const end = Math.min(offset + length, source.size);
    if (end <= offset) return new Uint8Array(0);
    if (end - offset > BLOCK) return source.read(offset, end - offset);
    const first = Math.floor(offset / BLOCK);
    const last = Math.floor((end - 1) / BLOCK);
    const head = await block(first);
    if (first === last) return head.subarray(offset - first * BLOCK, end - first * BLOCK);
    const joined = new Uint8Array(end - offset);
    joined.set(head.subarray(offset - first * BLOCK));
    joined.set((await block(last)).subarray(0, end - last * BLOCK), last * BLOCK - offset);
    return joined;
  }

  return {
    size: source.size,
    read,
    async readInto(offset, into) {
      if (into.length > BLOCK) return readInto(source, offset, into);
      const bytes = await read(offset, into.length);
      into.set(bytes);
      return bytes.length;
    },
    ...(source.close && { close: () => source.close?.() ?? Promise.resolve() }),
  };
}
