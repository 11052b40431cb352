import type { ByteSource } from "./source.ts";

/** A source over bytes that are in memory already. They are shared, not copied. */
export function bufferSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) =>
      Promise.resolve(bytes.subarray(Math.max(0, offset), Math.max(0, offset + length))),
  };
}

export const emptySource: ByteSource = bufferSource(new Uint8Array(0));
