// Values out of crit's JSON, the other way round than `crit/values.ts` (`lib/pycriu/images/pb2dict.py`: `_dict2pb_cast`).
import { critMark } from "../crit/values.ts";
import { criuSchema } from "../load-schema.ts";
import type { FieldSchema } from "../schema.ts";
import { parseAddress } from "./address.ts";
import { encodeErrors } from "./errors.ts";
import type { JsonValue } from "./json-reader.ts";
import { quotedPrintableBytes } from "./quoted-printable.ts";
import { integerRange } from "./scalars.ts";
import type { ScalarValue } from "./scalars.ts";

/** The words of an address if the list holds one, as crit prints a repeated field that is an IP address. */
export function addressWords(
  field: FieldSchema,
  list: readonly JsonValue[],
  path: string,
): readonly number[] | undefined {
  const [only] = list;
  if (critMark(field) !== "ip" || typeof only !== "string") return undefined;
  const words = list.length === 1 ? parseAddress(only) : undefined;
  if (!words) throw encodeErrors.badValue(path, only, "IP address");
  return words;
}

/** One value of a field that is no message. Throws `encode.wrongKind`, `encode.badValue`, `encode.outOfRange`. */
export function scalarOf(field: FieldSchema, value: JsonValue, path: string): ScalarValue {
  if (field.type === "string") return textOf(value, path);
  if (field.type === "bytes") return bytesOf(field, textOf(value, path), path);
  if (field.type === "bool") {
    if (typeof value !== "boolean") throw encodeErrors.wrongKind(path, "true or false", kindOf(value));
    return value;
  }
  if (field.type === "double" || field.type === "float") {
    if (typeof value !== "number" && typeof value !== "bigint")
      throw encodeErrors.wrongKind(path, "a number", kindOf(value));
    return Number(value);
  }
  return inRange(field, integerOf(field, value, path), path);
}

/** Gives an integer back when the field's type can hold it; throws `encode.outOfRange`. */
function inRange(field: FieldSchema, value: bigint, path: string): bigint {
  const [min, max] = integerRange(field) ?? [value, value];
  if (value < min || value > max) throw encodeErrors.outOfRange(path, String(value), field.type);
  return value;
}

function integerOf(field: FieldSchema, value: JsonValue, path: string): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value !== "string") throw encodeErrors.wrongKind(path, "an integer or its text", kindOf(value));
  const number = parseIntegerText(field, critMark(field), value);
  if (number === undefined) throw encodeErrors.badValue(path, value, wantedText(field));
  return number;
}

/**
 * An integer out of its text as crit prints it: names of an enum or of flags (`mark` is what `critMark` or a field's
 * `show` says), `major:minor`, or a number with its base. undefined when it is none of these.
 */
export function parseIntegerText(field: FieldSchema, mark: string, text: string): bigint | undefined {
  const trimmed = text.trim();
  if (field.kind === "enum") return enumNumber(field.type, trimmed) ?? parseInteger(trimmed);
  const [, family, table = ""] = /^(flags|enum):(.+)$/.exec(mark) ?? [];
  if (family === "enum") return enumNumber(table, trimmed) ?? parseInteger(trimmed);
  if (family === "flags") return flagsNumber(table, trimmed);
  if (mark === "dev" || mark === "odev") return deviceNumber(mark, trimmed) ?? parseInteger(trimmed);
  return parseInteger(trimmed);
}

function wantedText(field: FieldSchema): string {
  return field.kind === "enum" ? `name of ${field.type}` : "number or name of this field";
}

function enumNumber(table: string, name: string): bigint | undefined {
  const values = criuSchema.enums[table]?.values;
  const value = values && Object.hasOwn(values, name) ? values[name] : undefined;
  return value === undefined ? undefined : BigInt(value);
}

/** `A | B | 0x100`; nothing is zero. */
function flagsNumber(table: string, text: string): bigint | undefined {
  if (text === "") return 0n;
  const bits = new Map(criuSchema.flags[table]?.bits.map(([name, mask]) => [name, BigInt(mask)]));
  let all = 0n;
  for (const part of text.split("|")) {
    const bit = bits.get(part.trim()) ?? parseInteger(part.trim());
    if (bit === undefined || bit < 0n) return undefined;
    all |= bit;
  }
  return all;
}

/** `major:minor` as the kernel's dev_t, or with "odev" as that of stat(2), see makedev(3). */
function deviceNumber(mark: "dev" | "odev", text: string): bigint | undefined {
  const [, major, minor] = /^(\d{1,10}):(\d{1,10})$/.exec(text) ?? [];
  if (major === undefined || minor === undefined) return undefined;
  const [high, low] = [BigInt(major), BigInt(minor)];
  if (mark === "dev") return low > 0xfffffn ? undefined : (high << 20n) | low;
  return ((high & 0xfffn) << 8n) | ((high & ~0xfffn) << 32n) | (low & 0xffn) | ((low & ~0xffn) << 12n);
}

/** A number in decimal, or with `0x`, `0o` or `0b` in another base. At most 64 bits make sense; more are still parsed. */
export function parseInteger(text: string): bigint | undefined {
  const [, sign, digits] =
    /^([-+]?)(0[xX][\da-fA-F]{1,20}|0[oO][0-7]{1,30}|0[bB][01]{1,70}|\d{1,30})$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return sign === "-" ? -BigInt(digits) : BigInt(digits);
}

function bytesOf(field: FieldSchema, text: string, path: string): Uint8Array {
  const bytes = critMark(field) === "quoted" ? quotedPrintableBytes(text) : base64Bytes(text);
  if (!bytes) throw encodeErrors.badValue(path, text, "base64");
  return bytes;
}

/** The bytes of base64 with any line breaks; undefined when it is none. */
export function base64Bytes(text: string): Uint8Array | undefined {
  const plain = text.replace(/\s+/g, "");
  if (plain.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(plain)) return undefined;
  return Buffer.from(plain, "base64");
}

export function textOf(value: JsonValue | undefined, path: string): string {
  if (typeof value !== "string") throw encodeErrors.wrongKind(path, "a string", kindOf(value));
  return value;
}

/** What a value is, for messages. */
export function kindOf(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Map) return "an object";
  return { bigint: "an integer", number: "a fraction", string: "a string", boolean: "true or false" }[
    typeof value as "bigint" | "number" | "string" | "boolean"
  ];
}
