import { encodeText } from "../../bytes/index.ts";
import { base64Bytes, integerRange, parseInteger, parseIntegerText } from "../encode/index.ts";
import type { ScalarValue } from "../encode/index.ts";
import type { FieldSchema } from "../schema.ts";
import { editErrors } from "./errors.ts";

/** Largest value of a field that is written, as of a message that is read. */
const MAX_VALUE = 64 << 20;

/**
 * A field's value out of what a person typed: numbers in decimal, `0x`, `0o` or `0b`; enums and flags by name
 * (`O_RDWR | 0x80`); devices as `major:minor`; bytes in hex, as text in
 * quotes, or in base64 after `base64:`; text as it is. Throws
 * `edit.badValue` and `edit.outOfRange`.
 */
export function parseFieldText(field: FieldSchema, text: string): ScalarValue {
  if (field.kind === "message") throw editErrors.notEditable(field.name, "it is a message, edit its fields");
  if (field.type === "string") return text;
  const trimmed = text.trim();
  if (field.type === "bytes") return bytesOf(field, trimmed);
  if (field.type === "bool") {
    if (trimmed === "true" || trimmed === "1") return true;
    if (trimmed === "false" || trimmed === "0") return false;
    throw editErrors.badValue(field.name, text, "true or false");
  }
  if (field.type === "double" || field.type === "float") {
    const value = trimmed === "" ? NaN : Number(trimmed);
    if (Number.isNaN(value)) throw editErrors.badValue(field.name, text, "number");
    return value;
  }
  const number = integerOf(field, trimmed);
  if (number === undefined) throw editErrors.badValue(field.name, text, wanted(field));
  checkRange(field, number);
  return number;
}

function integerOf(field: FieldSchema, text: string): bigint | undefined {
  if (text === "") return undefined;
  const marks = [field.show?.replace(/^prot:/, "flags:"), field.crit].filter((mark) => mark !== undefined);
  for (const mark of [...marks, ""]) {
    const number = parseIntegerText(field, mark, text);
    if (number !== undefined) return number;
  }
  return parseInteger(text);
}

function wanted(field: FieldSchema): string {
  const [, table] = /^(?:flags|prot|enum):(.+)$/.exec(field.show ?? "") ?? [];
  if (field.kind === "enum") return `name of ${field.type}, or a number`;
  return table === undefined ? "number" : `number or name of ${table}`;
}

function bytesOf(field: FieldSchema, text: string): Uint8Array {
  const encoded = text.startsWith("base64:")
    ? base64Bytes(text.slice("base64:".length))
    : text.startsWith('"')
      ? quotedBytes(text)
      : hexBytes(text);
  if (!encoded) throw editErrors.badValue(field.name, text, 'hex, text in quotes, or base64 after "base64:"');
  return encoded;
}

/** UTF-8 of a JSON string. */
function quotedBytes(text: string): Uint8Array | undefined {
  try {
    return encodeText(String(JSON.parse(text)));
  } catch {
    return undefined;
  }
}

function hexBytes(text: string): Uint8Array | undefined {
  const digits = text.replace(/^0x/, "").replace(/[\s:]+/g, "");
  return digits.length % 2 === 0 && /^[\da-fA-F]*$/.test(digits) ? Buffer.from(digits, "hex") : undefined;
}

/** Throws `edit.wrongKind`, `edit.outOfRange` or `edit.tooLarge` for a value that the field can't have. */
export function checkValue(field: FieldSchema, value: ScalarValue, path: string): void {
  const range = integerRange(field);
  if (range) {
    if (typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value)))
      checkRange(field, BigInt(value));
    else throw editErrors.wrongKind(path, "a whole number");
  } else if (field.type === "bytes") {
    if (!(value instanceof Uint8Array)) throw editErrors.wrongKind(path, "bytes");
    if (value.length > MAX_VALUE) throw editErrors.tooLarge(path, MAX_VALUE);
  } else {
    const wantedType = field.type === "string" ? "string" : field.type === "bool" ? "boolean" : "number";
    if (typeof value !== wantedType) throw editErrors.wrongKind(path, `a ${wantedType}`);
    if (typeof value === "string" && value.length > MAX_VALUE) throw editErrors.tooLarge(path, MAX_VALUE);
  }
}

function checkRange(field: FieldSchema, value: bigint): void {
  const [min, max] = integerRange(field) ?? [value, value];
  if (value < min || value > max)
    throw editErrors.outOfRange(field.name, String(value), String(min), String(max));
}
