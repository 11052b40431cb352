import type { ByteSource } from "../../bytes/index.ts";
import type { Span } from "../model.ts";

/** A stretch of a file that is put together: new bytes, or a stretch of the old file. */
export type Segment = Uint8Array | Span;

export function segmentLength(segment: Segment): number {
  return segment instanceof Uint8Array ? segment.length : segment.end - segment.start;
}

/** The segments one after the other as one source; old stretches are read from `source` when they are asked for. */
export function joinSegments(source: ByteSource, segments: readonly Segment[]): ByteSource {
  const kept = segments.filter((segment) => segmentLength(segment) > 0);
  const ends = new Float64Array(kept.length);
  let size = 0;
  for (const [index, segment] of kept.entries()) {
    size += segmentLength(segment);
    ends[index] = size;
  }
  return {
    size,
    async read(offset, length) {
      const end = Math.min(offset + length, size);
      const parts: Uint8Array[] = [];
      let position = Math.max(0, offset);
      for (let index = firstAbove(ends, position); position < end; index++) {
        const segment = kept[index];
        const segmentEnd = ends[index];
        if (!segment || segmentEnd === undefined) break;
        const from = position - (segmentEnd - segmentLength(segment));
        const count = Math.min(end, segmentEnd) - position;
        const bytes =
          segment instanceof Uint8Array
            ? segment.subarray(from, from + count)
            : await source.read(segment.start + from, count);
        parts.push(bytes);
        position += bytes.length;
        if (bytes.length < count) break;
      }
      const [only = new Uint8Array(0), ...others] = parts;
      return others.length === 0 ? only : Buffer.concat(parts);
    },
  };
}

/** Index of the first number above `value`, in numbers that rise. */
function firstAbove(numbers: Float64Array, value: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? Infinity) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
