import type { ByteSource } from "../../bytes/index.ts";
import type { Image, Span } from "../model.ts";

/**
 * The content of a raw image in one piece: of a sealed one what its records hold, in plain. undefined when the image has none
 * (its body is decoded, or nothing is known of it). A `tmpfs-*.tar.gz.img` can be opened as an archive this way.
 */
export function rawContent({ rest, plain }: Image): ByteSource | undefined {
  const pieces = rest.filter(({ name }) => name !== "unknown").map(({ span }) => span);
  return pieces.length === 0 ? undefined : joinedSource(plain, pieces);
}

/** Pieces of a source, in order, as one source. */
function joinedSource(source: ByteSource, pieces: readonly Span[]): ByteSource {
  const ends = new Float64Array(pieces.length);
  let size = 0;
  for (const [index, { start, end }] of pieces.entries()) ends[index] = size += end - start;
  return {
    size,
    async read(offset, length) {
      const end = Math.min(size, offset + length);
      if (end <= offset) return new Uint8Array(0);
      const bytes = new Uint8Array(end - offset);
      let at = offset;
      for (let index = firstEndingAfter(ends, offset); at < end; index++) {
        const piece = pieces[index];
        if (!piece) break;
        const pieceStart = (ends[index] ?? 0) - (piece.end - piece.start);
        const from = piece.start + at - pieceStart;
        const part = await source.read(from, Math.min(piece.end - from, end - at));
        bytes.set(part, at - offset);
        at = ends[index] ?? end;
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
