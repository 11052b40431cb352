// Numbers as they lie in the file: the arithmetic from bytes to a value, one byte a row.
import type { ExplanationRow, ExplanationTable } from "./model.ts";
import { hexByte } from "./words.ts";

/** Longest varint: 10 groups of 7 bits hold 64. */
const MAX_VARINT = 10;

/** A varint with how it is put together. */
export interface Varint {
  /** Bytes it takes. */
  readonly length: number;
  /** 0 to 2^64 - 1. */
  readonly value: bigint;
  readonly table: ExplanationTable;
}

/** The varint that begins at `bytes[0]`, which is byte `offset` of the file; undefined when it is cut off or too long. */
export function varintAt(bytes: Uint8Array, offset: number): Varint | undefined {
  const rows: ExplanationRow[] = [];
  const groups: string[] = [];
  let value = 0n;
  for (let at = 0; at < Math.min(bytes.length, MAX_VARINT); at++) {
    const byte = bytes[at] ?? 0;
    const bits = BigInt(byte & 0x7f);
    const shift = 7 * at;
    const group = (byte & 0x7f).toString(2).padStart(7, "0");
    value += bits << BigInt(shift);
    groups.unshift(group);
    rows.push({
      span: { start: offset + at, end: offset + at + 1 },
      cells: [
        String(offset + at),
        hexByte(byte),
        byte >= 0x80 ? "1: more follow" : "0: the last",
        group,
        `${String(bits)} × 2${superscript(shift)}`,
        String(bits << BigInt(shift)),
      ],
    });
    if (byte >= 0x80) continue;
    const sum = BigInt.asUintN(64, value);
    const caption =
      rows.length === 1
        ? "One byte: the high bit is 0, so it is the last; the other seven are the number"
        : "The high bit says whether more bytes follow; the other seven are the number, lowest group first";
    return {
      length: rows.length,
      value: sum,
      table: {
        caption,
        columns: ["Byte", "Hex", "High bit", "Seven bits", "Worth", "Adds"],
        rows,
        result: `${groups.join(" ")} in base 2 = ${String(sum)}`,
      },
    };
  }
  return undefined;
}

interface Word {
  readonly value: bigint;
  readonly table: ExplanationTable;
  /** In words, as part of a sentence. */
  readonly order: string;
}

/** `littleEndian`, or the other way round in an image of a machine that has the highest byte first. */
export function wordAt(bytes: Uint8Array, offset: number, image: { readonly bigEndian?: boolean }): Word {
  return number(bytes, offset, image.bigEndian === true);
}

/** Bytes as a number, lowest byte first, with how it is put together. `bytes[0]` is byte `offset` of the file. */
export function littleEndian(bytes: Uint8Array, offset: number): Word {
  return number(bytes, offset, false);
}

function number(bytes: Uint8Array, offset: number, bigEndian: boolean): Word {
  let value = 0n;
  const rows = Array.from(bytes, (byte, at): ExplanationRow => {
    const power = bigEndian ? bytes.length - 1 - at : at;
    const adds = BigInt(byte) << BigInt(8 * power);
    value += adds;
    const worth = power === 0 ? String(byte) : `${String(byte)} × 256${superscript(power, true)}`;
    return {
      span: { start: offset + at, end: offset + at + 1 },
      cells: [String(offset + at), hexByte(byte), worth, String(adds)],
    };
  });
  const result = `0x${value.toString(16).padStart(bytes.length * 2, "0")} = ${String(value)}`;
  return {
    value,
    order: bigEndian ? "highest byte first" : "lowest byte first",
    table: {
      caption: bigEndian
        ? "The highest byte comes first (big-endian)"
        : "The lowest byte comes first (little-endian)",
      columns: ["Byte", "Hex", "Worth", "Adds"],
      rows,
      result,
    },
  };
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function superscript(number: number, hideOne = false): string {
  if (hideOne && number === 1) return "";
  return Array.from(String(number), (digit) => SUPERSCRIPTS[Number(digit)] ?? "").join("");
}
