import { COMMON_MAGIC, SERVICE_MAGIC } from "../criu/index.ts";

const ascii = (text: string): Uint8Array => Buffer.from(text, "latin1");

function word(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** What checkpoints are packed in, and images themselves: by their first bytes. */
const MAGICS: readonly Uint8Array[] = [
  Uint8Array.of(0x1f, 0x8b, 0x08),
  Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd),
  ascii("\xfd7zXZ\0"),
  ascii("BZh"),
  ascii("PK\x03\x04"),
  word(COMMON_MAGIC),
  word(SERVICE_MAGIC),
];
const TAR_BLOCK = 512;

/**
 * Whether bytes begin as something that is sealed in practice. For schemes without authentication it is the only sign
 * of a right key: three bytes that fit by chance are one in sixteen million.
 */
export function isKnownContent(head: Uint8Array): boolean {
  return MAGICS.some((magic) => magic.every((byte, at) => head[at] === byte)) || isTarHeader(head);
}

/** A tar header by its checksum, the sum of its bytes with the checksum's own as blanks (POSIX ustar). */
function isTarHeader(head: Uint8Array): boolean {
  if (head.length < TAR_BLOCK) return false;
  const text = Buffer.from(head.subarray(148, 156)).toString("latin1");
  const octal = /^ *([0-7]+)[ \0]/.exec(text)?.[1];
  if (octal === undefined) return false;
  let sum = 0;
  for (let at = 0; at < TAR_BLOCK; at++) sum += at >= 148 && at < 156 ? 0x20 : (head[at] ?? 0);
  return sum === Number.parseInt(octal, 8);
}
