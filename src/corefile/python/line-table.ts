/** No line, or the table ended before. */
const NONE = undefined;
/** Kinds of entries (CPython `Objects/locations.md`). */
const [ONE_LINE_0, ONE_LINE_2, NO_COLUMNS, LONG, NO_LINE] = [10, 12, 13, 14, 15];
const CODE_UNIT = 2;

/**
 * The line of the instruction at `offset` bytes of the code, by `co_linetable` of 3.11 and newer (PEP 626, PEP 657);
 * undefined for instructions that have none.
 */
export function lineAt(table: Uint8Array, firstLine: number, offset: number): number | undefined {
  let at = 0;
  const byte = (): number => table[at++] ?? 0;
  /** Six bits a byte, the lowest first. */
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 36 && at < table.length; shift += 6) {
      const next = byte();
      value += (next & 0x3f) * 2 ** shift;
      if ((next & 0x40) === 0) break;
    }
    return value;
  };
  /** The sign is the lowest bit. */
  const signed = (): number => {
    const value = varint();
    return value % 2 === 1 ? -Math.floor(value / 2) : value / 2;
  };
  let line = firstLine;
  let end = 0;
  while (at < table.length) {
    const head = byte();
    const kind = (head >> 3) & 0xf;
    end += ((head & 7) + 1) * CODE_UNIT;
    if (kind === NO_COLUMNS || kind === LONG) line += signed();
    else if (kind >= ONE_LINE_0 && kind <= ONE_LINE_2) line += kind - ONE_LINE_0;
    if (offset < end) return kind === NO_LINE ? NONE : line;
    // What else an entry has begins without the bit that each entry begins with.
    while (at < table.length && ((table[at] ?? 0) & 0x80) === 0) at++;
  }
  return NONE;
}
