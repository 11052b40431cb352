import { criuSchema } from "../load-schema.ts";
import type { FieldValue, MessageNode } from "../model.ts";
import type { FieldSchema, FlagsSchema } from "../schema.ts";
import { base64Lines } from "./base64.ts";
import type { CritValue } from "./json.ts";
import { quotedPrintable } from "./quoted-printable.ts";

type Scalar = Exclude<FieldValue, MessageNode>;
type Integer = number | bigint;

/** How crit prints one value of a field; undefined for a value it drops. */
export type Printer = (value: Scalar) => CritValue | undefined;

/** Makes a table's reader when it is first asked for. */
function lazily<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>();
  return (name) => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const value = make(name);
    made.set(name, value);
    return value;
  };
}

const enumNames = lazily(
  (name) => new Map(Object.entries(criuSchema.enums[name]?.values ?? {}).map(([key, value]) => [value, key])),
);

const flagsNamed = lazily((name) => {
  const table = criuSchema.flags[name];
  return table && flagsPrinter(table);
});

/**
 * The printer of a field that is no message (`lib/pycriu/images/pb2dict.py`: `_pb2dict_cast`). `pretty` is crit's
 * `--pretty`; `hex` says that a field around the message is marked as hex, which holds for every integer below it.
 */
export function printerOf(field: FieldSchema, pretty: boolean, hex: boolean): Printer {
  const mark = critMark(field);
  if (field.kind === "enum") return enumPrinter(field.type);
  if (field.type === "bytes") return bytesPrinter(mark === "quoted" ? quotedPrintable : base64Lines);
  if (!pretty || field.type === "string" || field.type === "bool") return plain;
  return integerPrinter((hex ? hexadecimal : undefined) ?? MARKS[mark] ?? tableOf(mark) ?? same);
}

/** How crit treats the field: `hex`, `dev`, `odev`, `ip`, `quoted`, `flags:NAME`, `enum:NAME`; else plainly. */
export function critMark(field: FieldSchema): string {
  return field.crit ?? field.show ?? "";
}

const MARKS: Readonly<Record<string, (value: Integer) => CritValue>> = {
  hex: hexadecimal,
  // The kernel's own dev_t: 20 bits of minor number.
  dev: (value) => `${String(BigInt(value) >> 20n)}:${String(BigInt(value) & 0xfffffn)}`,
  // dev_t of stat(2), see makedev(3).
  odev: (value) => {
    const dev = BigInt(value);
    const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
    return `${String(major)}:${String((dev & 0xffn) | ((dev >> 12n) & ~0xffn))}`;
  },
};

function tableOf(mark: string): ((value: Integer) => CritValue) | undefined {
  if (mark.startsWith("flags:")) return flagsNamed(mark.slice("flags:".length));
  if (!mark.startsWith("enum:")) return undefined;
  const names = enumNames(mark.slice("enum:".length));
  return (value) => names.get(Number(value)) ?? value;
}

/** `A | B | 0x100`: names in the order of the table, what is left over in hex, nothing for zero. */
function flagsPrinter({ bits }: FlagsSchema): (value: Integer) => CritValue {
  const masks = bits.map(([name, mask]) => [name, BigInt(mask)] as const);
  const known = masks.reduce((all, [, mask]) => all | mask, 0n);
  return (value) => {
    const set = BigInt(value);
    const names = masks.filter(([, mask]) => set & mask).map(([name]) => name);
    const left = set & ~known;
    return [...names, ...(left === 0n ? [] : [hexadecimal(left)])].join(" | ");
  };
}

/** As Python's `"0x%x"`: a negative number keeps its sign. */
function hexadecimal(value: Integer): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

function same(value: Integer): Integer {
  return value;
}

function integerPrinter(print: (value: Integer) => CritValue): Printer {
  return (value) => (typeof value === "number" || typeof value === "bigint" ? print(value) : plain(value));
}

function bytesPrinter(print: (bytes: Uint8Array) => string): Printer {
  return (value) => (value instanceof Uint8Array ? print(value) : value);
}

/** proto2 reads a value that its enum doesn't have as an unknown field, so crit doesn't print it. */
function enumPrinter(type: string): Printer {
  const names = enumNames(type);
  return (value) => names.get(Number(value));
}

function plain(value: Scalar): CritValue {
  return value instanceof Uint8Array ? base64Lines(value) : value;
}
