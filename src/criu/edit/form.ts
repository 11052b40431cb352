// How a value is typed in: what kind of control it needs, and the text to begin with.
import { integerRange, parseIntegerText } from "../encode/index.ts";
import type { ScalarValue } from "../encode/index.ts";
import { criuSchema } from "../load-schema.ts";
import type { FieldSchema } from "../schema.ts";

/** What a person is offered to choose from, or told about what may be typed. */
export type FieldForm =
  | { readonly kind: "number"; readonly min: string; readonly max: string }
  | {
      readonly kind: "choice";
      readonly choices: readonly { readonly name: string; readonly value: string }[];
    }
  | {
      readonly kind: "flags";
      /** Name and mask in decimal, in the order of the table. A mask may have several bits. */
      readonly bits: readonly { readonly name: string; readonly mask: string }[];
    }
  | { readonly kind: "bool" | "fraction" | "text" | "bytes" };

/** The form of a field that is no message. */
export function fieldForm(field: FieldSchema): FieldForm {
  if (field.type === "string") return { kind: "text" };
  if (field.type === "bytes") return { kind: "bytes" };
  if (field.type === "bool") return { kind: "bool" };
  if (field.type === "double" || field.type === "float") return { kind: "fraction" };
  const { family, table } = tableOf(field);
  const names = criuSchema.enums[table]?.values;
  if (family === "enum" && names)
    return {
      kind: "choice",
      choices: Object.entries(names).map(([name, value]) => ({ name, value: String(value) })),
    };
  const flags = criuSchema.flags[table];
  if (family === "flags" && flags)
    return {
      kind: "flags",
      bits: flags.bits.filter(([, mask]) => mask !== 0).map(([name, mask]) => ({ name, mask: String(mask) })),
    };
  const [min, max] = integerRange(field) ?? [0n, 0n];
  return { kind: "number", min: String(min), max: String(max) };
}

/** The table of names of a field: that of its enum, or the one its `show` says. */
function tableOf({ kind, type, show }: FieldSchema): { family: string; table: string } {
  if (kind === "enum") return { family: "enum", table: type };
  const [, family = "", table = ""] = /^(flags|prot|enum):(.+)$/.exec(show ?? "") ?? [];
  return { family: family === "prot" ? "flags" : family, table };
}

/** `show`s whose numbers are read in hexadecimal and octal. */
const HEX = new Set(["hex", "caps", "signals", "sighandler", "result", "bpf", "chars"]);
const OCTAL = new Set(["mode", "octal"]);

/** A value as `parseFieldText` reads it back: in the base, or by the names, that the field is shown in. */
export function fieldText(field: FieldSchema, value: ScalarValue): string {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return bytesText(field, value);
  if (typeof value === "boolean" || field.type === "double" || field.type === "float") return String(value);
  const integer = BigInt(value);
  const show = (field.show ?? "").replace(/:.*/, "");
  const { family, table } = tableOf(field);
  const text = family === "" ? deviceText(show, integer) : namesText(family, table, integer);
  // Names and devices that would be read as something else are given as numbers.
  const mark = family === "" ? show : `${family}:${table}`;
  if (text !== undefined && parseIntegerText(field, mark, text) === integer) return text;
  if (HEX.has(show) || family === "flags") return based(integer, "0x", 16);
  return OCTAL.has(show) ? based(integer, "0o", 8) : String(integer);
}

function namesText(family: string, table: string, value: bigint): string | undefined {
  if (family === "enum")
    return Object.entries(criuSchema.enums[table]?.values ?? {}).find(
      ([, number]) => BigInt(number) === value,
    )?.[0];
  const names: string[] = [];
  let left = value;
  for (const [name, mask] of criuSchema.flags[table]?.bits ?? []) {
    const bits = BigInt(mask);
    if (bits === 0n || (left & bits) !== bits) continue;
    names.push(name);
    left &= ~bits;
  }
  if (left !== 0n || names.length === 0) names.push(based(left, "0x", 16));
  return names.join(" | ");
}

/** The kernel's dev_t has 12 bits of major above 20 of minor; in stat(2)'s the minor is around the major. */
function deviceText(show: string, value: bigint): string | undefined {
  if (show === "dev") return `${value >> 20n}:${value & 0xfffffn}`;
  if (show === "odev") return `${(value >> 8n) & 0xfffn}:${(value & 0xffn) | ((value >> 12n) & 0xfff00n)}`;
  return undefined;
}

function based(value: bigint, prefix: string, base: 8 | 16): string {
  return value < 0n ? `-${prefix}${(-value).toString(base)}` : prefix + value.toString(base);
}

/** Text in quotes where the bytes are text as a rule and are now; else hex. */
function bytesText({ show }: FieldSchema, bytes: Uint8Array): string {
  const isText =
    (show === "text" || show === "quoted") && bytes.every((byte) => byte < 0x7f) && bytes.length > 0;
  if (isText) return JSON.stringify(new TextDecoder().decode(bytes));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
