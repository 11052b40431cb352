/**
 * Decodes one LZ4 block (no frame around it) into exactly `size` bytes, undefined when the block doesn't give that
 * many or points out of itself. Nothing beyond `size` is allocated, whatever the block says. Format: `lz4_Block_format`
 * of the LZ4 project: token, literals, two bytes of offset, match of at least four bytes; it ends with literals.
 */
export function decodeLz4Block(block: Uint8Array, size: number): Uint8Array | undefined {
  const out = new Uint8Array(size);
  let from = 0;
  let to = 0;
  /** Adds the bytes that continue a length of 15; -1 when the block ends in them. */
  const lengthFrom = (nibble: number): number => {
    let length = nibble;
    if (nibble < 15) return length;
    for (;;) {
      const byte = block[from++];
      if (byte === undefined || length > size) return -1;
      length += byte;
      if (byte < 255) return length;
    }
  };
  while (from < block.length) {
    const token = block[from++] ?? 0;
    const literals = lengthFrom(token >>> 4);
    if (literals < 0 || from + literals > block.length || to + literals > size) return undefined;
    out.set(block.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from === block.length) return to === size ? out : undefined;
    const back = (block[from] ?? 0) | ((block[from + 1] ?? 0) << 8);
    from += 2;
    const match = lengthFrom(token & 15) + 4;
    if (match < 4 || from > block.length || back === 0 || back > to || to + match > size) return undefined;
    // A match may reach into what it writes: then it repeats, and must go byte by byte.
    if (back >= match) out.copyWithin(to, to - back, to - back + match);
    else for (let index = 0; index < match; index++) out[to + index] = out[to + index - back] ?? 0;
    to += match;
  }
  return undefined;
}
