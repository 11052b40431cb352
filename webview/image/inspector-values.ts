/** One way to read the bytes at the cursor. */
export interface Reading {
  readonly name: string;
  /** undefined when the bytes can't be read so: there are too few, or they aren't valid. */
  readonly value: string | undefined;
  /** Bytes it takes; 0 when it can't be read. */
  readonly length: number;
}

/** Bytes that the longest reading looks at. */
export const INSPECTED = 64;

type Read = (
  view: DataView,
  little: boolean,
) => string | readonly [value: string, length: number] | undefined;

/** A reading of a fixed number of bytes gives text, one that ends by itself gives its length too. */
const READINGS: readonly { readonly name: string; readonly length?: number; readonly read: Read }[] = [
  { name: "binary", length: 1, read: (view) => view.getUint8(0).toString(2).padStart(8, "0") },
  { name: "octal", length: 1, read: (view) => view.getUint8(0).toString(8).padStart(3, "0") },
  { name: "uint8", length: 1, read: (view) => String(view.getUint8(0)) },
  { name: "int8", length: 1, read: (view) => String(view.getInt8(0)) },
  { name: "uint16", length: 2, read: (view, little) => String(view.getUint16(0, little)) },
  { name: "int16", length: 2, read: (view, little) => String(view.getInt16(0, little)) },
  { name: "uint24", length: 3, read: (view, little) => String(uint24(view, little)) },
  { name: "int24", length: 3, read: (view, little) => String((uint24(view, little) << 8) >> 8) },
  { name: "uint32", length: 4, read: (view, little) => String(view.getUint32(0, little)) },
  { name: "int32", length: 4, read: (view, little) => String(view.getInt32(0, little)) },
  { name: "uint64", length: 8, read: (view, little) => String(view.getBigUint64(0, little)) },
  { name: "int64", length: 8, read: (view, little) => String(view.getBigInt64(0, little)) },
  { name: "varint", read: (view) => varint(view, (raw) => raw) },
  { name: "zigzag", read: (view) => varint(view, (raw) => (raw >> 1n) ^ -(raw & 1n)) },
  { name: "SLEB128", read: (view) => varint(view, (raw, bits) => BigInt.asIntN(bits, raw)) },
  { name: "float16", length: 2, read: (view, little) => String(float16(view.getUint16(0, little))) },
  { name: "float32", length: 4, read: (view, little) => float32(view.getFloat32(0, little)) },
  { name: "float64", length: 8, read: (view, little) => String(view.getFloat64(0, little)) },
  { name: "time_t 32", length: 4, read: (view, little) => clock(BigInt(view.getInt32(0, little))) },
  { name: "time_t 64", length: 8, read: (view, little) => clock(view.getBigInt64(0, little)) },
  { name: "timespec", length: 16, read: timespec },
  { name: "IPv4", length: 4, read: (view) => Array.from(bytesOf(view, 4)).join(".") },
  { name: "IPv6", length: 16, read: ipv6 },
  { name: "UTF-8", read: utf8Character },
  { name: "UTF-16", read: utf16Character },
  { name: "UTF-8 text", read: utf8Text },
  { name: "UTF-16 text", read: utf16Text },
  { name: "pointer 32", length: 4, read: (view, little) => pointer(BigInt(view.getUint32(0, little)), 8) },
  { name: "pointer 64", length: 8, read: (view, little) => pointer(view.getBigUint64(0, little), 16) },
];

/** All readings of bytes, in a fixed order. Numbers of more bytes than one follow `little`; addresses don't. */
export function inspect(bytes: Uint8Array, little: boolean): readonly Reading[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return READINGS.map(({ name, length = 1, read }) => {
    const got = bytes.length < length ? undefined : read(view, little);
    if (got === undefined) return { name, value: undefined, length: 0 };
    return typeof got === "string" ? { name, value: got, length } : { name, value: got[0], length: got[1] };
  });
}

function bytesOf({ buffer, byteOffset, byteLength }: DataView, length = byteLength): Uint8Array {
  return new Uint8Array(buffer, byteOffset, Math.min(length, byteLength));
}

function uint24(view: DataView, little: boolean): number {
  const [low, high] = little ? [0, 2] : [2, 0];
  return view.getUint8(low) | (view.getUint8(1) << 8) | (view.getUint8(high) << 16);
}

/** protobuf's base-128 number: seven bits a byte, at most ten bytes, 64 bits. It is LEB128 too. */
function varint(
  view: DataView,
  meaning: (raw: bigint, bits: number) => bigint,
): readonly [string, number] | undefined {
  let raw = 0n;
  for (const [index, byte] of bytesOf(view, 10).entries()) {
    raw |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80)
      return [String(meaning(BigInt.asUintN(64, raw), Math.min(64, 7 * (index + 1)))), index + 1];
  }
  return undefined;
}

/** IEEE 754 binary16. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Infinity;
  return exponent === 0 ? sign * 2 ** -24 * fraction : sign * 2 ** (exponent - 25) * (fraction + 0x400);
}

/** The shortest decimal that is this number again in 32 bits. */
function float32(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return String(shorter);
  }
  return String(value);
}

/** Years that people write with four digits; Date knows more, but such a number is no time. */
const CLOCK_LIMIT = 253_402_300_800n;

function clock(seconds: bigint): string | undefined {
  if (seconds < -CLOCK_LIMIT / 4n || seconds >= CLOCK_LIMIT) return undefined;
  return new Date(Number(seconds) * 1000).toISOString().replace(".000Z", "Z");
}

function timespec(view: DataView, little: boolean): string | undefined {
  const date = clock(view.getBigInt64(0, little));
  const nanoseconds = view.getBigInt64(8, little);
  if (date === undefined || nanoseconds < 0n || nanoseconds > 999_999_999n) return undefined;
  return date.replace("Z", `.${String(nanoseconds).padStart(9, "0")}Z`);
}

/** RFC 5952: the longest run of two or more zero groups becomes `::`. */
function ipv6(view: DataView): string {
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2).toString(16));
  const text = groups.join(":");
  const runs = text.match(/\b0(?::0)+\b/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), "");
  if (longest === "") return text;
  const at = text.search(new RegExp(`\\b${longest}\\b`));
  const [before, after] = [text.slice(0, at), text.slice(at + longest.length)];
  return `${before.replace(/:$/, "")}::${after.replace(/^:/, "")}`;
}

function utf8Character(view: DataView): readonly [string, number] | undefined {
  for (let length = 1; length <= Math.min(4, view.byteLength); length++) {
    const text = utf8(bytesOf(view, length));
    if (text !== undefined) return [character(text), length];
  }
  return undefined;
}

function utf16Character(view: DataView, little: boolean): readonly [string, number] | undefined {
  const text = utf16(bytesOf(view, 4), little);
  const code = text.codePointAt(0);
  if (code === undefined || (code >= 0xd800 && code < 0xe000)) return undefined;
  return [character(String.fromCodePoint(code)), code > 0xffff ? 4 : 2];
}

/** Up to the first NUL, or to where it is text no more. */
function utf8Text(view: DataView): readonly [string, number] | undefined {
  const bytes = bytesOf(view, INSPECTED);
  const nul = bytes.indexOf(0);
  for (let length = nul < 0 ? bytes.length : nul; length > 0; length--) {
    const text = utf8(bytes.subarray(0, length));
    if (text !== undefined) return [quoted(text), length];
  }
  return undefined;
}

function utf16Text(view: DataView, little: boolean): readonly [string, number] | undefined {
  const all = utf16(bytesOf(view, INSPECTED), little);
  const text = /^[^\0\p{Surrogate}]*/u.exec(all)?.[0] ?? "";
  return text === "" ? undefined : [quoted(text), text.length * 2];
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function utf16(bytes: Uint8Array, little: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const units = Array.from({ length: bytes.length >> 1 }, (_, at) => view.getUint16(at * 2, little));
  return String.fromCharCode(...units);
}

/** `"é" U+00E9`; only the number for what can't be seen. */
function character(text: string): string {
  const code = `U+${(text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  return HIDDEN.test(text) ? code : `${text} ${code}`;
}

/** Characters without a look of their own, or that turn the direction of text. */
const HIDDEN = /[\p{C}\p{Z}]/u;

function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[^\P{C} ]|[\u2028\u2029]/gu, (hidden) =>
    Array.from(
      { length: hidden.length },
      (_, at) => `\\u${hidden.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}

/** Where a 64-bit address can point on x86-64 and aarch64 with 48 bits. */
function pointer(address: bigint, digits: number): string {
  const text = `0x${address.toString(16).padStart(digits, "0")}`;
  if (digits === 8 || address === 0n) return text;
  const high = address >> 47n;
  return `${text} ${high === 0n ? "user" : high === 0x1ffffn ? "kernel" : "not canonical"}`;
}
