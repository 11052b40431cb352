/** Where in a source the code behind an offset came from. */
export interface Position {
  /** In the bytecode. */
  readonly code: number;
  /** In the source, in units of UTF-16. */
  readonly source: number;
}

/** The first entry is told from before the code's start (`kFunctionEntryBytecodeOffset`). */
const BEFORE = -1;
/** `SourcePosition`: bit 0 for code of other languages, then the place in the script and one. */
const [SHIFT, PLACE] = [1n, (1n << 30n) - 1n];

/**
 * Reads a table of source positions (`src/codegen/source-position-table.cc`): differences of code and source, each a
 * number of seven bits a byte whose sign is its lowest bit; a negative difference of code marks an expression. Undefined
 * for bytes that are no such table for `length` bytes of code and the source from `start` to `end`.
 */
export function sourcePositions(
  bytes: Uint8Array,
  { length, start, end }: { readonly length: number; readonly start: number; readonly end: number },
): readonly Position[] | undefined {
  const positions: Position[] = [];
  let at = 0;
  let code = BEFORE;
  let place = 0n;
  const next = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) return undefined;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return (value >> 1n) ^ -(value & 1n);
    }
    return undefined;
  };
  while (at < bytes.length) {
    const by = next();
    const moved = next();
    if (by === undefined || moved === undefined) return undefined;
    code += Number(by < 0n ? -by - 1n : by);
    place += moved;
    const source = Number((place >> SHIFT) & PLACE) - 1;
    if (code < BEFORE || code >= length || source < start || source > end) return undefined;
    positions.push({ code, source });
  }
  return positions.length > 0 ? positions : undefined;
}
