import type { ByteSource } from "../bytes/index.ts";

/** `length` bytes of the file's content, at `offset` in the file; in the archive they lie one after the other. */
export interface Segment {
  readonly offset: number;
  readonly length: number;
}

/** Whether the segments are in order, inside `[0, size)`, and no more than `packed` bytes together. */
export function validSegments(segments: readonly Segment[], size: number, packed: number): boolean {
  let end = 0;
  let total = 0;
  for (const { offset, length } of segments) {
    if (!(length >= 0) || !(offset >= end) || !(offset + length <= size)) return false;
    end = offset + length;
    total += length;
  }
  return total <= packed;
}

/** A file with holes: `packed` holds the segments' bytes, everything between them is zero. */
export function sparseSource(packed: ByteSource, segments: readonly Segment[], size: number): ByteSource {
  const placed: (Segment & { readonly at: number })[] = [];
  let at = 0;
  for (const segment of segments) {
    if (segment.length > 0) placed.push({ ...segment, at });
    at += segment.length;
  }
  return {
    size,
    async read(offset, length) {
      const end = Math.min(size, offset + length);
      if (end <= offset) return new Uint8Array(0);
      const bytes = new Uint8Array(end - offset);
      for (let index = firstEndingAfter(placed, offset); index < placed.length; index++) {
        const segment = placed[index];
        if (segment === undefined || segment.offset >= end) break;
        const from = Math.max(offset, segment.offset);
        const to = Math.min(end, segment.offset + segment.length);
        bytes.set(await packed.read(segment.at + from - segment.offset, to - from), from - offset);
      }
      return bytes;
    },
  };
}

function firstEndingAfter(segments: readonly Segment[], offset: number): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const segment = segments[middle];
    if (segment !== undefined && segment.offset + segment.length <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
