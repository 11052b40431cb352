import type { FieldSchema, Schema } from "../schema.ts";
import { seccompText } from "./bpf.ts";
import { capabilitySet, errorName, signalName, signalSet } from "./names.ts";
import { siginfoText } from "./siginfo.ts";
import { syscallName } from "./syscalls.ts";
import { hexText, quote, showSize } from "./text.ts";

/** A value as it was decoded, messages apart. */
export type PlainValue = bigint | number | boolean | string | Uint8Array;

type Show = (value: bigint, argument: string, schema: Schema) => string;

/**
 * How people read an integer, by the first word of `show` (proto/show.proto) or by the name of the field. What isn't
 * here is a decimal number.
 */
const INTEGERS: Readonly<Record<string, Show>> = {
  hex: hexOf,
  caps: (value) => `${hexOf(value)} ${capabilitySet(value)}`,
  flags: (value, name, { flags }) => flagsText(value, flags[name]?.bits ?? []),
  prot: (value, name, { flags }) => `${rightsText(value)} ${flagsText(value, flags[name]?.bits ?? [])}`,
  // criu/cr-dump.c: get_task_personality reads hexadecimal digits as decimal ones.
  personality: (value, _name, { flags }) =>
    `${String(value)} (${flagsText(BigInt(Number.parseInt(String(value), 16) || 0), flags.personality?.bits ?? [])})`,
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
  nsec: (value) => durationText(value, 1n),
  usec: (value) => durationText(value, 1000n),
  msec: (value) => durationText(value, 1_000_000n),
  sec: (value) => `${String(value)} s`,
  exit: exitText,
  errno: (value) => errorText(value) ?? String(value),
  uid: idText,
  gid: idText,
  sighandler: (value) => (["SIG_DFL", "SIG_IGN"] as const)[Number(value)] ?? hexOf(value),
  limit: (value) => (BigInt.asUintN(64, value) === ALL_ONES ? "unlimited" : String(value)),
  // A register that a system call's result is in: small negative numbers are errors.
  result: (value) => [hexOf(value), errorText(BigInt.asIntN(64, value))].filter(Boolean).join(" "),
  syscall: (value, machine) => {
    if (BigInt.asUintN(64, value) === ALL_ONES) return `${hexOf(value)} not in a system call`;
    const name =
      machine === "X86_64" || machine === "AARCH64" ? syscallName(machine, Number(value)) : undefined;
    return name ? `${String(value)} ${name}` : String(value);
  },
};

const ALL_ONES = 0xffff_ffff_ffff_ffffn;

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

type ShowBytes = (bytes: Uint8Array, limit: number) => string | undefined;

/** How people read bytes, by `show`. What isn't here is hexadecimal, or text when it is all printable. */
const BYTES: Readonly<Record<string, ShowBytes>> = {
  mac: (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":"),
  text: latin,
  quoted: latin,
  bpf: seccompText,
  siginfo: (bytes) => siginfoText(bytes),
  siginfo32: (bytes) => siginfoText(bytes, 4),
};

function showBytes(bytes: Uint8Array, show: string, limit: number): string {
  if (bytes.length === 0) return "empty";
  return BYTES[show]?.(bytes, limit) ?? hexText(bytes, limit);
}

function latin(bytes: Uint8Array, limit: number): string {
  return quote(new TextDecoder("latin1").decode(bytes.subarray(0, limit + 1)), limit);
}

/** `0x1f`. */
export function hexOf(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

/** The names of the bits that are set, in the order of the table; those without a name follow in hex. */
export function flagsText(value: bigint, bits: readonly (readonly [string, number])[]): string {
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

/** Access rights of memory: `r-x`. PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4. */
export function rightsText(value: bigint): string {
  return `${value & 1n ? "r" : "-"}${value & 2n ? "w" : "-"}${value & 4n ? "x" : "-"}`;
}

const TIME_UNITS = [
  [1_000_000_000n, "s"],
  [1_000_000n, "ms"],
  [1000n, "µs"],
] as const;

/** A duration: the number as it is, with its unit, and in a larger unit where that is easier to read. */
function durationText(value: bigint, nanoseconds: bigint): string {
  const own = nanoseconds === 1n ? "ns" : nanoseconds === 1000n ? "µs" : "ms";
  const total = value * nanoseconds;
  const larger = TIME_UNITS.find(([unit]) => unit > nanoseconds && total >= unit);
  const number = `${String(value)} ${own}`;
  if (!larger) return number;
  const [unit, name] = larger;
  const thousandths = (total * 1000n) / unit;
  const digits = String(thousandths % 1000n)
    .padStart(3, "0")
    .replace(/0+$/, "");
  return `${number} (${String(thousandths / 1000n)}${digits && `.${digits}`} ${name})`;
}

/** An exit status as wait(2) gives it. */
function exitText(value: bigint): string {
  const status = Number(BigInt.asUintN(32, value));
  const signal = status & 0x7f;
  if (signal === 0x7f) return `${String(value)} stopped by ${signalName((status >> 8) & 0xff)}`;
  if (signal === 0) return `${String(value)} exited with ${String((status >> 8) & 0xff)}`;
  return `${String(value)} killed by ${signalName(signal)}${status & 0x80 ? ", core dumped" : ""}`;
}

/** A user's or group's id; all ones stand for none. */
function idText(value: bigint): string {
  return value === 0xffff_ffffn || value === -1n ? `${String(value)} unset` : String(value);
}

function errorText(value: bigint): string | undefined {
  const name = value < 0n && value > -4096n ? errorName(Number(-value)) : undefined;
  return name && `-${name}`;
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
