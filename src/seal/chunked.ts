import type { ByteSource } from "../bytes/index.ts";
import { sealErrors } from "./errors.ts";

interface Chunks {
  /** Of the plaintext. */
  readonly size: number;
  /** Plaintext bytes in each chunk but the last. */
  readonly chunkSize: number;
  /** Opens chunk `index`. What it gives is the cache's to overwrite. Throws when it isn't authentic. */
  open(index: number): Promise<Uint8Array>;
  /** Overwrites the keys. */
  dispose(): void;
}

/**
 * A source over plaintext that is opened chunk by chunk when it is read. The last `kept` chunks stay in memory, and are
 * overwritten when they leave it or the source is closed. Throws `seal.disposed` after closing.
 */
export function chunkedSource({ size, chunkSize, open, dispose }: Chunks, kept = 8): ByteSource {
  const cache = new Map<number, Promise<Uint8Array>>();
  let closed = false;

  const wipe = (chunk: Promise<Uint8Array>): void => {
    void chunk.then(
      (bytes) => bytes.fill(0),
      () => undefined,
    );
  };
  const chunk = (index: number): Promise<Uint8Array> => {
    const known = cache.get(index);
    // Re-inserted so that the order is that of last use.
    if (known) cache.delete(index);
    const bytes = known ?? open(index);
    cache.set(index, bytes);
    if (!known) bytes.catch(() => cache.delete(index));
    return bytes;
  };
  const trim = (): void => {
    for (const [index, bytes] of cache) {
      if (cache.size <= kept) return;
      cache.delete(index);
      wipe(bytes);
    }
  };

  return {
    size,
    async read(offset, length) {
      if (closed) throw sealErrors.disposed();
      const end = Math.min(offset + length, size);
      if (end <= offset) return new Uint8Array(0);
      const bytes = new Uint8Array(end - offset);
      for (let at = offset; at < end;) {
        const index = Math.floor(at / chunkSize);
        const from = at - index * chunkSize;
        const piece = (await chunk(index)).subarray(from, from + end - at);
        // It may have been closed meanwhile: what would be opened now, with keys that are zeros, is noise.
        if (closed) throw sealErrors.disposed();
        bytes.set(piece, at - offset);
        at += piece.length;
        trim();
      }
      return bytes;
    },
    close() {
      closed = true;
      for (const bytes of cache.values()) wipe(bytes);
      cache.clear();
      dispose();
      return Promise.resolve();
    },
  };
}
