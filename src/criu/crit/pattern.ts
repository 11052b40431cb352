// The form of an entry: which of its bytes are numbers that may be others in the next one, and what stands between them.
// `row-kernel.ts` prints entries of a known form.
import type { WireReader } from "../wire-reader.ts";
import type { FieldPlan, MessagePlan } from "./plan.ts";
import type { KIND } from "./row-code.ts";

/** Some bytes of an entry with what is printed of them, the number behind them left out. */
interface RowPiece {
  readonly bytes: Uint8Array;
  /** ASCII. */
  readonly text: Uint8Array;
  readonly kind: keyof typeof KIND;
  /** The largest number that may stand behind the bytes. */
  readonly most: bigint;
}

/** The pieces of an entry in order; the last has no number. */
export type RowPattern = readonly RowPiece[];

/** Numbers in an entry, at most. */
const MOST_NUMBERS = 8;

/** Largest values that are the same number as their varint. */
const MOST: Readonly<Record<string, bigint>> = {
  uint32: (1n << 32n) - 1n,
  int32: (1n << 31n) - 1n,
  uint64: (1n << 63n) - 1n,
  int64: (1n << 63n) - 1n,
};

/**
 * The form of the entry in the bytes `[start, end)`, which has been printed before; undefined when nothing in it may
 * change. `comma` stands before each entry; `text` prints the fields between two places, behind the field with a number.
 */
export function patternOf(
  plan: MessagePlan,
  reader: WireReader,
  [start, end]: readonly [number, number],
  comma: Uint8Array,
  text: (from: number, to: number, last: number) => string | undefined,
): RowPattern | undefined {
  const { bytes } = reader;
  const pieces: RowPiece[] = [];
  /** Where the piece begins, and the number of the field before it. */
  let from = start;
  let last = 0;
  let before = `${Buffer.from(comma).toString("latin1")}{`;
  let previous = 0;
  reader.position = start;
  while (reader.position < end) {
    const at = reader.position;
    if (!reader.varint(end)) return undefined;
    const tag = reader.low;
    const behindTag = reader.position;
    const field = reader.high === 0 ? plan.fields[tag >>> 3] : undefined;
    if (!skip(reader, tag & 7, end)) return undefined;
    const most = field && mostOf(field, tag & 7);
    if (field !== undefined && most !== undefined && pieces.length < MOST_NUMBERS) {
      const between = at === from ? "" : text(from, at, last);
      if (between === undefined) return undefined;
      const name = previous === 0 ? field.first : field.next;
      pieces.push({
        bytes: bytes.slice(from, behindTag),
        text: ascii(before + between + name),
        kind: field.digits ?? "decimal",
        most,
      });
      before = "";
      from = reader.position;
      last = field.number;
    }
    if (field !== undefined) previous = field.number;
  }
  if (pieces.length === 0) return undefined;
  const rest = from === end ? "" : text(from, end, last);
  if (rest === undefined) return undefined;
  return [
    ...pieces,
    { bytes: bytes.slice(from, end), text: ascii(`${rest}${plan.close}}`), kind: "end", most: 0n },
  ];
}

/** The largest number of the field that is printed as the digits of its varint; undefined where there is none. */
function mostOf(field: FieldPlan, wireType: number): bigint | undefined {
  if (wireType !== 0 || field.wireType !== 0 || field.repeated || field.digits === undefined)
    return undefined;
  return MOST[field.type];
}

function skip(reader: WireReader, wireType: number, end: number): boolean {
  if (wireType === 0) return reader.varint(end);
  if (wireType !== 2 || !reader.varint(end) || reader.high !== 0) return false;
  reader.position += reader.low;
  return reader.position <= end;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}
