import { bufferSource } from "./buffer.ts";
import type { ByteSource } from "./source.ts";

/** Sources one after the other as one. Nothing is read before it is asked for; closing the parts is left to the caller. */
export function joinedSource(parts: readonly ByteSource[]): ByteSource {
  const [only, second] = parts;
  if (!only) return bufferSource(new Uint8Array(0));
  if (!second) return { size: only.size, read: (offset, length) => only.read(offset, length) };
  const ends = new Float64Array(parts.length);
  let size = 0;
  for (const [index, part] of parts.entries()) {
    size += part.size;
    ends[index] = size;
  }
  return {
    size,
    async read(offset, length) {
      const end = Math.min(size, offset + length);
      if (end <= offset) return new Uint8Array(0);
      const bytes = new Uint8Array(end - offset);
      for (let index = firstEndingAfter(ends, offset), at = offset; at < end; index++) {
        const part = parts[index];
        if (!part) break;
        const from = at - ((ends[index] ?? 0) - part.size);
        const wanted = Math.min(part.size - from, end - at);
        bytes.set(await part.read(from, wanted), at - offset);
        at += wanted;
      }
      return bytes;
    },
  };
}

function firstEndingAfter(ends: Float64Array, offset: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ends[middle] ?? Infinity) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
