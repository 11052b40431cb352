// Rows that are like the one before but for one number, as runs of pages mostly are: the text of the row before is copied,
// and the digits that differ are changed. In one small loop, because most images are done before the machine has compiled
// a large one.
import type { WireReader } from "../wire-reader.ts";
import type { AsciiText } from "./ascii-text.ts";
import { changeDecimal, hexDigitCount, setHex } from "./digits.ts";

/** A row as it was printed last. Positions count from the start of the bytes read, or of the row's text. */
export interface PrintedRow {
  /** Where the entry's size word stands, and what it says. */
  at: number;
  size: number;
  /** Bytes at the end of the entry that the next has to have as well. */
  tail: number;
  /** Text of the row, from its separator on. */
  textLength: number;
  /** The number, when it has 53 bits at most: how many digits, where they end, and whether they are hexadecimal. */
  value: number;
  digits: number;
  digitsEnd: number;
  hex: boolean;
}

const TWO_32 = 0x100000000;

/**
 * Prints up to `limit` entries behind `row`, the text of which is the last in `out`: those that have its first field and
 * then the same bytes, and a number of as many digits. Gives how many.
 */
export function printAlike(
  reader: WireReader,
  sizes: DataView,
  row: PrintedRow,
  out: AsciiText,
  limit: number,
): number {
  const { size, tail, textLength, digitsEnd, digits, hex } = row;
  const { bytes } = reader;
  const step = 4 + size;
  const tag = bytes[row.at + 4];
  const tailBefore = row.at + step - tail;
  const least = digits === 1 ? 0 : 10 ** (digits - 1);
  const most = Math.min(10 ** digits - 1, Number.MAX_SAFE_INTEGER);
  out.reserve(limit * textLength);
  const text = out.bytes;
  let before = row.value;
  let at = row.at + step;
  let to = out.length;
  let count = 0;
  while (count < limit && at + step <= bytes.length) {
    const tailAt = at + step - tail;
    if (sizes.getUint32(at, true) !== size || bytes[at + 4] !== tag) break;
    reader.position = at + 5;
    if (!reader.varint(tailAt) || reader.position !== tailAt) break;
    let same = 0;
    while (same < tail && bytes[tailAt + same] === bytes[tailBefore + same]) same++;
    if (same < tail) break;
    const { low, high } = reader;
    if (hex) {
      if (hexDigitCount(low, high) !== digits) break;
      text.copyWithin(to, to - textLength, to);
      setHex(text, to + digitsEnd, digits, low, high);
    } else {
      const value = high * TWO_32 + low;
      if (value < least || value > most) break;
      text.copyWithin(to, to - textLength, to);
      changeDecimal(text, to + digitsEnd, before, value);
      before = value;
    }
    to += textLength;
    at += step;
    count++;
  }
  out.length = to;
  return count;
}
