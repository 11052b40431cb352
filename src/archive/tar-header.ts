// The 512-byte header of a tar member, and the pax records before it. tar-stream's own codec is not among its
// exports, knows no sparse files, and its pax reader can be kept busy for ever by a negative length, so the few
// fields are read here (POSIX.1-2017 pax; GNU tar 1.34 tar.h for base-256 numbers and old sparse maps).
import { decodeText } from "../bytes/index.ts";
import type { EntryKind } from "./tree.ts";

export const BLOCK = 512;
const SPACE = 0x20;
const ZERO = 0x30;

/** What a member's type flag says it is. */
export type TarType =
  | { readonly is: "member"; readonly kind: EntryKind }
  | { readonly is: "hardLink" }
  | { readonly is: "sparse" }
  | { readonly is: "longName" }
  | { readonly is: "longLink" }
  | { readonly is: "pax" }
  | { readonly is: "globalPax" };

const TYPES: Readonly<Record<string, TarType>> = {
  "\0": { is: "member", kind: "file" },
  "0": { is: "member", kind: "file" },
  "1": { is: "hardLink" },
  "2": { is: "member", kind: "link" },
  "3": { is: "member", kind: "other" },
  "4": { is: "member", kind: "other" },
  "5": { is: "member", kind: "folder" },
  "6": { is: "member", kind: "other" },
  "7": { is: "member", kind: "file" },
  // A GNU incremental folder: its body is a list of names, no content.
  D: { is: "member", kind: "folder" },
  S: { is: "sparse" },
  L: { is: "longName" },
  N: { is: "longName" },
  K: { is: "longLink" },
  x: { is: "pax" },
  X: { is: "pax" },
  g: { is: "globalPax" },
};

export interface TarHeader {
  readonly name: string;
  readonly link: string;
  readonly type: TarType;
  /** Bytes of the body as it lies in the archive; NaN when the field is no number. */
  readonly size: number;
  readonly mode: number;
  /** Seconds since 1970. */
  readonly mtime: number;
}

export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** Whether the block's checksum is right: the sum of its bytes with the checksum's own eight taken as spaces. */
export function hasChecksum(block: Uint8Array): boolean {
  if (block.length < BLOCK) return false;
  const stated = number(block, 148, 8);
  let unsigned = 8 * 32;
  let high = 0;
  for (let at = 0; at < BLOCK; at++) {
    if (at === 148) at = 156;
    const byte = block[at] ?? 0;
    unsigned += byte;
    high += byte >> 7;
  }
  // Some old tars summed signed characters.
  return stated === unsigned || stated === unsigned - 256 * high;
}

/** Reads a header whose checksum is right. An unknown type flag counts as a file, as POSIX asks. */
export function readHeader(block: Uint8Array): TarHeader {
  const flag = String.fromCharCode(block[156] ?? 0);
  const ustar = text(block, 257, 6) === "ustar";
  const prefix = ustar ? text(block, 345, 155) : "";
  const name = text(block, 0, 100);
  const type = TYPES[flag] ?? { is: "member", kind: "file" };
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    link: text(block, 157, 100),
    // Before POSIX a folder was a file with a slash at its end.
    type: (flag === "\0" || flag === "0") && name.endsWith("/") ? { is: "member", kind: "folder" } : type,
    size: number(block, 124, 12),
    mode: number(block, 100, 8) & 0o7777,
    mtime: number(block, 136, 12),
  };
}

/** A field up to its first NUL. */
export function text(bytes: Uint8Array, start = 0, length = bytes.length): string {
  const limit = Math.min(bytes.length, start + length);
  let end = start;
  while (end < limit && bytes[end] !== 0) end++;
  if (end <= start) return "";
  return decodeText(bytes.subarray(start, end));
}

/** Octal digits, or base 256 when the first bit is set. NaN for anything else and for what passes 2^53. */
export function number(bytes: Uint8Array, start: number, length: number): number {
  const first = bytes[start] ?? 0;
  if (first & 0x80) {
    const field = bytes.subarray(start, start + length);
    let value = BigInt(first & 0x7f);
    for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte);
    // 0xFF starts a negative number, which nothing here may be.
    return first !== 0xff && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : NaN;
  }
  const end = Math.min(bytes.length, start + length);
  let at = start;
  while (at < end && bytes[at] === SPACE) at++;
  let value = 0;
  for (; at < end; at++) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  // After the digits come spaces and NULs; what follows a NUL doesn't count.
  while (at < end && bytes[at] === SPACE) at++;
  return at >= end || bytes[at] === 0 ? value : NaN;
}

/** The keys that matter here; others are dropped, so that many of them cost nothing later. */
const PAX_KEYS: ReadonlySet<string> = new Set([
  "path",
  "linkpath",
  "size",
  "mtime",
  "GNU.sparse.name",
  "GNU.sparse.map",
  "GNU.sparse.size",
  "GNU.sparse.major",
  "GNU.sparse.realsize",
]);

/** The `LENGTH KEY=VALUE\n` records of a pax header. Stops at the first that is not well formed. */
export function readPax(body: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const digits = space < 0 || space - at > 10 ? "" : text(body, at, space - at);
    const length = /^[0-9]+$/.test(digits) ? parseInt(digits, 10) : 0;
    if (length <= space + 1 - at || at + length > body.length) break;
    const record = decodeText(body.subarray(space + 1, at + length - 1));
    const equals = record.indexOf("=");
    if (equals < 0) break;
    const key = record.slice(0, equals);
    const value = record.slice(equals + 1);
    // The old pax form of a sparse map repeats these two keys, one pair a segment.
    if (key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes") {
      const map = records.get("GNU.sparse.map");
      records.set("GNU.sparse.map", map === undefined ? value : `${map},${value}`);
    } else if (PAX_KEYS.has(key)) records.set(key, value);
    at += length;
  }
  return records;
}

/** A pax number, cut to a whole one; undefined when the key is missing, NaN when it is no number of ours. */
export function paxNumber(pax: ReadonlyMap<string, string>, key: string): number | undefined {
  const value = pax.get(key);
  if (value === undefined) return undefined;
  const parsed = /^-?[0-9]+(\.[0-9]*)?$/.test(value) ? Math.trunc(Number(value)) : NaN;
  return Number.isSafeInteger(parsed) ? parsed : NaN;
}
