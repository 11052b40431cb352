import type { FieldSchema, Schema } from "../../criu/index.ts";
import { hexText, quote, showSize } from "./text.ts";

/** A value as it was decoded, messages apart. */
export type PlainValue = bigint | number | boolean | string | Uint8Array;

type Show = (value: bigint, argument: string, schema: Schema) => string;

// Signals of Linux on every machine CRIU knows but MIPS; 32 and 33 belong to the C library.
const SIGNALS = (
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU " +
  "URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS"
).split(" ");

/** How people read an integer, by the first word of `show` (proto/show.proto). What isn't here is a decimal number. */
const INTEGERS: Readonly<Record<string, Show>> = {
  hex: hexOf,
  caps: hexOf,
  flags: (value, name, { flags }) => flagsText(value, flags[name]?.bits ?? []),
  enum: (value, name, { enums }) => {
    const known = Object.entries(enums[name]?.values ?? {}).find(([, number]) => BigInt(number) === value);
    return known ? `${known[0]} (${String(value)})` : String(value);
  },
  // The kernel's own dev_t: 12 bits of major above 20 of minor.
  dev: (value) => `${String(value >> 20n)}:${String(value & 0xfffffn)}`,
  // stat(2)'s: the minor is around the major.
  odev: (value) =>
    `${String((value >> 8n) & 0xfffn)}:${String((value & 0xffn) | ((value >> 12n) & 0xfff00n))}`,
  signal: (value) => (value === 0n ? "0" : `${signalName(Number(value))} (${String(value)})`),
  signals: signalSet,
  mode: (value) => `0${value.toString(8)} ${modeText(Number(value))}`,
  octal: (value) => `0${value.toString(8)}`,
  bytes: (value) =>
    value < 10_240n ? String(value) : `${String(value)} (${showSize(Number(BigInt.asUintN(53, value)))})`,
  usec: (value) => `${String(value)} µs`,
  chars: (value) =>
    value >= 0x20n && value < 0x7fn ? `'${String.fromCharCode(Number(value))}'` : hexOf(value),
};

/** One value as its field's `show` says, on one line of at most about `limit` characters. */
export function showValue(
  value: PlainValue,
  field: FieldSchema | undefined,
  schema: Schema,
  limit: number,
): string {
  if (typeof value === "string") return quote(value, limit);
  if (typeof value === "boolean") return String(value);
  const show = field?.show ?? "";
  if (value instanceof Uint8Array) return showBytes(value, show, limit);
  if (typeof value === "number" && !Number.isInteger(value)) return String(value);
  const integer = BigInt(value);
  const [kind = "", name = ""] = field?.kind === "enum" ? ["enum", field.type] : show.split(":");
  return INTEGERS[kind]?.(integer, name, schema) ?? String(integer);
}

/** An address of 1 or 4 words in network byte order, as CRIU keeps them; undefined for other numbers of words. */
export function showAddress(words: readonly number[]): string | undefined {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of words.entries()) view.setUint32(index * 4, word >>> 0, true);
  if (words.length === 1) return bytes.join(".");
  if (words.length !== 4) return undefined;
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2).toString(16));
  const text = groups.join(":");
  // The longest run of zero groups is left out (RFC 5952).
  const runs = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].map(([run]) => run);
  const longest = runs.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? text : text.replace(longest, text.endsWith(longest) ? "::" : ":");
}

function showBytes(bytes: Uint8Array, show: string, limit: number): string {
  if (bytes.length === 0) return "empty";
  if (show === "mac") return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
  if (show === "text" || show === "quoted")
    return quote(new TextDecoder("latin1").decode(bytes.subarray(0, limit + 1)), limit);
  return hexText(bytes, limit);
}

function hexOf(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

function flagsText(value: bigint, bits: readonly (readonly [string, number])[]): string {
  let left = value;
  const names: string[] = [];
  for (const [name, mask] of bits) {
    const bit = BigInt(mask);
    if (bit === 0n || (left & bit) !== bit) continue;
    names.push(name);
    left &= ~bit;
  }
  if (left !== 0n) names.push(hexOf(left));
  return names.length === 0 ? "0" : names.join(" | ");
}

function signalName(number: number): string {
  const name = SIGNALS[number - 1];
  if (name !== undefined) return `SIG${name}`;
  return number >= 34 && number <= 64 ? `SIGRTMIN+${String(number - 34)}` : `signal ${String(number)}`;
}

function signalSet(value: bigint): string {
  if (value === 0n) return "none";
  if (BigInt.asUintN(64, value) === 0xffff_ffff_ffff_ffffn) return "all";
  const names: string[] = [];
  for (let bit = 0; bit < 64; bit++) if ((value >> BigInt(bit)) & 1n) names.push(signalName(bit + 1));
  return names.length > 32 ? hexOf(value) : names.join(" ");
}

const FILE_TYPES: Readonly<Record<number, string>> = {
  0o14: "s",
  0o12: "l",
  0o10: "-",
  0o6: "b",
  0o4: "d",
  0o2: "c",
  0o1: "p",
};

function modeText(mode: number): string {
  const special = [
    [0o4000, "s", "S"],
    [0o2000, "s", "S"],
    [0o1000, "t", "T"],
  ] as const;
  const triples = special.map(([bit, set, only], index) => {
    const rights = (mode >> (6 - index * 3)) & 7;
    const execute = mode & bit ? (rights & 1 ? set : only) : rights & 1 ? "x" : "-";
    return `${rights & 4 ? "r" : "-"}${rights & 2 ? "w" : "-"}${execute}`;
  });
  return (FILE_TYPES[(mode >> 12) & 0o17] ?? "") + triples.join("");
}
