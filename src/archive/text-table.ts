const PIECE = 1 << 16;

/** Texts one after the other in large pieces, each found again by where it was put. */
export interface TextTable {
  /** Puts the first `length` bytes, at most 64 KiB of them, and gives where they are. They are copied. */
  put(bytes: Uint8Array, length: number): number;
  text(at: number, length: number): string;
  /** A hash of `length` bytes there: what `hashOf` gives of the same bytes. */
  hash(at: number, length: number, seed: number): number;
  /** Whether `length` bytes there are the first of `bytes`. */
  equals(at: number, bytes: Uint8Array, length: number): boolean;
}

const NO_BYTES = new Uint8Array(0);

/** FNV-1a of `length` bytes at `start`, its bits mixed once more; 32 bits, unsigned. */
export function hashOf(bytes: Uint8Array, start: number, length: number, seed: number): number {
  let sum = Math.imul(seed ^ 0x811c9dc5, 0x01000193);
  for (let at = start; at < start + length; at++) sum = Math.imul(sum ^ (bytes[at] ?? 0), 0x01000193);
  return Math.imul(sum ^ (sum >>> 15), 0x2c1b3c6d) >>> 0;
}

export function textTable(): TextTable {
  const pieces: Buffer[] = [];
  let used = PIECE;
  return {
    put(from, length) {
      // No text lies over the end of a piece.
      if (used + length > PIECE) {
        pieces.push(Buffer.allocUnsafeSlow(PIECE));
        used = 0;
      }
      const piece = pieces[pieces.length - 1];
      const start = used;
      // Names are short: a loop is quicker than a call.
      if (piece) for (let index = 0; index < length; index++) piece[start + index] = from[index] ?? 0;
      used += length;
      return (pieces.length - 1) * PIECE + start;
    },
    equals(at, other, length) {
      const piece = pieces[at >>> 16];
      const start = at % PIECE;
      for (let index = 0; index < length; index++) if (piece?.[start + index] !== other[index]) return false;
      return true;
    },
    hash: (at, length, seed) => hashOf(pieces[at >>> 16] ?? NO_BYTES, at % PIECE, length, seed),
    text: (at, length) => pieces[at >>> 16]?.toString("utf8", at % PIECE, (at % PIECE) + length) ?? "",
  };
}
