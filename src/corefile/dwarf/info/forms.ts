import type { Cursor } from "../../elf/cursor.ts";
import { elfErrors } from "../../elf/errors.ts";

/** What the sizes of values in a unit depend on. */
export interface Encoding {
  readonly version: number;
  /** Bytes of an offset: 8 in 64-bit DWARF. */
  readonly offsetSize: 4 | 8;
  readonly addressSize: number;
}

/** The value of an attribute as it stands in an entry (DWARF 5, 7.5.5). */
export type AttributeValue =
  | { readonly kind: "address"; readonly value: bigint }
  /** An index into `.debug_addr`. */
  | { readonly kind: "addressIndex"; readonly value: number }
  | { readonly kind: "constant"; readonly value: bigint }
  | { readonly kind: "flag"; readonly value: boolean }
  | { readonly kind: "text"; readonly value: string }
  /** Where in a section of strings, or the how manieth of a unit's. */
  | {
      readonly kind: "textAt";
      readonly section: ".debug_str" | ".debug_line_str";
      readonly value: number;
      readonly inAlternate?: true;
    }
  | { readonly kind: "textIndex"; readonly value: number }
  /** An expression, or bytes of another kind. */
  | { readonly kind: "bytes"; readonly value: Uint8Array }
  /** Another entry, by its place in `.debug_info` (of the alternate file too), or counted from the start of the unit. */
  | { readonly kind: "entry"; readonly value: number; readonly inUnit: boolean; readonly inAlternate?: true }
  /** A place in a section that the attribute's class tells: of lines, ranges, locations. */
  | { readonly kind: "section"; readonly value: number }
  /** The how manieth of the unit's lists of ranges or locations. */
  | { readonly kind: "listIndex"; readonly value: number }
  /** Something kept in another file. */
  | { readonly kind: "elsewhere" };

type Read = (cursor: Cursor, encoding: Encoding, implicit: number) => AttributeValue;

const constant =
  (read: (cursor: Cursor) => bigint): Read =>
  (cursor) => ({ kind: "constant", value: read(cursor) });
const bytes =
  (length: (cursor: Cursor) => number): Read =>
  (cursor) => ({ kind: "bytes", value: cursor.take(length(cursor)) });
const inUnit =
  (read: (cursor: Cursor) => number): Read =>
  (cursor) => ({ kind: "entry", value: read(cursor), inUnit: true });
const offset = (cursor: Cursor, { offsetSize }: Encoding): number => Number(cursor.unsigned(offsetSize));
const numbered =
  (kind: "addressIndex" | "textIndex" | "listIndex", read: (cursor: Cursor) => number): Read =>
  (cursor) => ({ kind, value: read(cursor) });
const u24 = (cursor: Cursor): number => {
  const [a = 0, b = 0, c = 0] = cursor.take(3);
  return cursor.littleEndian ? a | (b << 8) | (c << 16) : (a << 16) | (b << 8) | c;
};
const elsewhere =
  (skip: (cursor: Cursor, encoding: Encoding) => void): Read =>
  (cursor, encoding) => {
    skip(cursor, encoding);
    return { kind: "elsewhere" };
  };

/** Before version 3 an address names an entry of another unit, later an offset does. */
const refAddr: Read = (cursor, encoding) => ({
  kind: "entry",
  value: Number(cursor.unsigned(encoding.version < 3 ? encoding.addressSize : encoding.offsetSize)),
  inUnit: false,
});

/** What dwz moves to a file that several share: DWARF 5's supplementary, before it GNU's alternate file. */
const alternateEntry =
  (read: (cursor: Cursor, encoding: Encoding) => number): Read =>
  (cursor, encoding) => ({ kind: "entry", value: read(cursor, encoding), inUnit: false, inAlternate: true });
const alternateText: Read = (cursor, encoding) => ({
  ...{ kind: "textAt", section: ".debug_str", inAlternate: true },
  value: offset(cursor, encoding),
});

/** Every form of DWARF 2 to 5, and those of GNU that compilers write. */
const FORMS: ReadonlyMap<number, Read> = new Map<number, Read>([
  [0x01, (cursor, { addressSize }) => ({ kind: "address", value: cursor.unsigned(addressSize) })],
  [0x03, bytes((cursor) => cursor.u16())],
  [0x04, bytes((cursor) => cursor.u32())],
  [0x05, constant((cursor) => cursor.unsigned(2))],
  [0x06, constant((cursor) => cursor.unsigned(4))],
  [0x07, constant((cursor) => cursor.unsigned(8))],
  [0x08, (cursor) => ({ kind: "text", value: cursor.string() })],
  [0x09, bytes((cursor) => cursor.count())],
  [0x0a, bytes((cursor) => cursor.u8())],
  [0x0b, constant((cursor) => cursor.unsigned(1))],
  [0x0c, (cursor) => ({ kind: "flag", value: cursor.u8() !== 0 })],
  [0x0d, constant((cursor) => cursor.sleb())],
  [0x0e, (cursor, e) => ({ kind: "textAt", section: ".debug_str", value: offset(cursor, e) })],
  [0x0f, constant((cursor) => cursor.uleb())],
  [0x10, refAddr],
  [0x11, inUnit((cursor) => cursor.u8())],
  [0x12, inUnit((cursor) => cursor.u16())],
  [0x13, inUnit((cursor) => cursor.u32())],
  [0x14, inUnit((cursor) => Number(cursor.u64()))],
  [0x15, inUnit((cursor) => cursor.count())],
  [0x17, (cursor, encoding) => ({ kind: "section", value: offset(cursor, encoding) })],
  [0x18, bytes((cursor) => cursor.count())],
  [0x19, () => ({ kind: "flag", value: true })],
  [0x1a, numbered("textIndex", (cursor) => cursor.count())],
  [0x1b, numbered("addressIndex", (cursor) => cursor.count())],
  [0x1c, alternateEntry((cursor) => cursor.u32())],
  [0x1d, alternateText],
  [0x1e, bytes(() => 16)],
  [0x1f, (cursor, e) => ({ kind: "textAt", section: ".debug_line_str", value: offset(cursor, e) })],
  [
    0x20,
    elsewhere((cursor) => {
      cursor.skip(8);
    }),
  ],
  [0x21, (_cursor, _encoding, implicit) => ({ kind: "constant", value: BigInt(implicit) })],
  [0x22, numbered("listIndex", (cursor) => cursor.count())],
  [0x23, numbered("listIndex", (cursor) => cursor.count())],
  [0x24, alternateEntry((cursor) => Number(cursor.u64()))],
  [0x25, numbered("textIndex", (cursor) => cursor.u8())],
  [0x26, numbered("textIndex", (cursor) => cursor.u16())],
  [0x27, numbered("textIndex", u24)],
  [0x28, numbered("textIndex", (cursor) => cursor.u32())],
  [0x29, numbered("addressIndex", (cursor) => cursor.u8())],
  [0x2a, numbered("addressIndex", (cursor) => cursor.u16())],
  [0x2b, numbered("addressIndex", u24)],
  [0x2c, numbered("addressIndex", (cursor) => cursor.u32())],
  // DW_FORM_GNU_addr_index, _str_index, _ref_alt, _strp_alt.
  [0x1f01, numbered("addressIndex", (cursor) => cursor.count())],
  [0x1f02, numbered("textIndex", (cursor) => cursor.count())],
  [0x1f20, alternateEntry(offset)],
  [0x1f21, alternateText],
]);

const DW_FORM_INDIRECT = 0x16;

/** Reads one value, or steps over it. Throws `elf.damaged` for a form that no version has, and `elf.truncated`. */
export function readForm(cursor: Cursor, form: number, implicit: number, encoding: Encoding): AttributeValue {
  const actual = form === DW_FORM_INDIRECT ? cursor.count() : form;
  const read = FORMS.get(actual);
  if (read === undefined) throw elfErrors.damaged(`an entry has the unknown form 0x${actual.toString(16)}`);
  return read(cursor, encoding, implicit);
}
