// Rows that are like one before but for two numbers, the first and the last: runs of pages of different lengths. As in
// `repeat.ts`, one small loop, which the machine has compiled before most images are done.
import type { WireReader } from "../wire-reader.ts";
import type { AsciiText } from "./ascii-text.ts";
import { addDecimal, hexDigitCount, setHex } from "./digits.ts";
import type { FieldPlan, MessagePlan } from "./plan.ts";

/** A form of rows: two numbers, and what stands before, between and behind them. */
export interface RowPattern {
  /** Tag of the first number: one byte. */
  readonly tag: number;
  /** Bytes of the entry between the numbers, the second's tag included. */
  readonly middle: Uint8Array;
  readonly openText: Uint8Array;
  readonly middleText: Uint8Array;
  readonly closeText: Uint8Array;
  readonly firstHex: boolean;
  readonly lastHex: boolean;
}

/** Patterns kept of one image; real ones have as many as there are combinations of flags. */
export const MOST_PATTERNS = 8;
/** Bytes between the numbers, at most. */
const MAX_MIDDLE = 24;
/** Digits of a number with quotes, at most. */
const NUMBER = 24;
const QUOTE_0X = [0x22, 0x30, 0x78] as const;
const TWO_32 = 0x100000000;
const MAX_SAFE_HIGH = 0x1fffff;

/**
 * The pattern of the entry in the bytes `[start, end)`; undefined when it has none: other fields than varints, lists, or a
 * first or last number that isn't printed as digits. `text` prints the fields between two places.
 */
export function patternOf(
  plan: MessagePlan,
  reader: WireReader,
  start: number,
  end: number,
  comma: Uint8Array,
  text: (from: number, to: number, last: number) => string | undefined,
): RowPattern | undefined {
  const { bytes } = reader;
  const first = plan.firsts[bytes[start] ?? 0];
  if (first?.digits === undefined) return undefined;
  reader.position = start + 1;
  if (!reader.varint(end)) return undefined;
  const from = reader.position;
  let lastTag = -1;
  let last: FieldPlan | undefined;
  while (reader.position < end) {
    const at = reader.position;
    const tag = bytes[at] ?? 0xff;
    const field = (tag & 7) === 0 && tag < 0x80 ? plan.fields[tag >>> 3] : undefined;
    if (field === undefined || field.wireType !== 0 || field.repeated) return undefined;
    if (field.number <= (last ?? first).number) return undefined;
    reader.position = at + 1;
    if (!reader.varint(end)) return undefined;
    lastTag = at;
    last = field;
  }
  if (last?.digits === undefined || lastTag + 1 - from > MAX_MIDDLE) return undefined;
  const between = lastTag === from ? "" : text(from, lastTag, first.number);
  if (between === undefined) return undefined;
  const ascii = (piece: string): Uint8Array => Uint8Array.from(Buffer.from(piece, "latin1"));
  return {
    tag: bytes[start] ?? 0,
    middle: bytes.slice(from, lastTag + 1),
    openText: Uint8Array.from([...comma, ...first.open]),
    middleText: ascii(between + last.next),
    closeText: ascii(`${plan.close}}`),
    firstHex: first.digits === "hex",
    lastHex: last.digits === "hex",
  };
}

/** Prints up to `limit` entries from `at` on that have one of the patterns. Gives where the next is, and how many. */
export function printPatterns(
  reader: WireReader,
  sizes: DataView,
  start: number,
  patterns: readonly RowPattern[],
  out: AsciiText,
  limit: number,
): { readonly at: number; readonly count: number } {
  const { bytes } = reader;
  let at = start;
  let count = 0;
  let pattern = patterns[0];
  while (pattern !== undefined && count < limit && at + 4 <= bytes.length) {
    const end = at + 4 + sizes.getUint32(at, true);
    if (end > bytes.length) break;
    if (bytes[at + 4] !== pattern.tag) break;
    reader.position = at + 5;
    if (!reader.varint(end)) break;
    const { low, high } = reader;
    const from = reader.position;
    if (!hasMiddle(bytes, from, pattern.middle)) {
      const { tag } = pattern;
      pattern = patterns.find((other) => other.tag === tag && hasMiddle(bytes, from, other.middle));
      if (pattern === undefined) break;
    }
    reader.position = from + pattern.middle.length;
    if (!reader.varint(end) || reader.position !== end) break;
    if (!pattern.firstHex && high > MAX_SAFE_HIGH) break;
    if (!pattern.lastHex && reader.high > MAX_SAFE_HIGH) break;
    const { openText, middleText, closeText } = pattern;
    out.reserve(openText.length + middleText.length + closeText.length + 2 * NUMBER);
    const text = out.bytes;
    let to = out.length;
    text.set(openText, to);
    to = addNumber(text, to + openText.length, low, high, pattern.firstHex);
    text.set(middleText, to);
    to = addNumber(text, to + middleText.length, reader.low, reader.high, pattern.lastHex);
    text.set(closeText, to);
    out.length = to + closeText.length;
    at = end;
    count++;
  }
  return { at, count };
}

function hasMiddle(bytes: Uint8Array, from: number, middle: Uint8Array): boolean {
  for (let index = 0; index < middle.length; index++) if (bytes[from + index] !== middle[index]) return false;
  return true;
}

/** Writes a number as `printForm` has it. Gives where it ends. */
function addNumber(text: Uint8Array, at: number, low: number, high: number, isHex: boolean): number {
  if (!isHex) return addDecimal(text, at, high * TWO_32 + low);
  const digits = hexDigitCount(low, high);
  const [quote, zero, x] = QUOTE_0X;
  text[at] = quote;
  text[at + 1] = zero;
  text[at + 2] = x;
  setHex(text, at + 3 + digits, digits, low, high);
  text[at + 3 + digits] = quote;
  return at + 4 + digits;
}
