import type { ByteSource } from "../bytes/index.ts";
import { archiveErrors } from "./errors.ts";
import { recogniseSnapshot } from "./foreign.ts";
import type { Compression } from "./inflate.ts";
import { isStreamerShard } from "./streamer.ts";
import { BLOCK, hasChecksum, isZeroBlock } from "./tar-header.ts";

/** `stream`: a shard of criu-image-streamer; `snapshot`: a file of gVisor or Firecracker. */
export type Packing = "tar" | "stream" | "snapshot" | Compression;

const ascii = (text: string): Uint8Array => Buffer.from(text, "latin1");

interface Foreign {
  readonly magic: Uint8Array;
  readonly what: string;
  readonly next: string;
}

const AGE = { what: "sealed with age", next: "Open it with `age -d -i IDENTITY FILE > checkpoint.tar`." };
const OPENPGP = { what: "sealed with OpenPGP", next: "Open it with `gpg -o checkpoint.tar -d FILE`." };
const OPENSSL = {
  what: "sealed with `openssl enc`",
  next: "Open it with `openssl enc -d`, with the cipher and options it was made with.",
};

/** What starts like this is packed. */
const PACKED: readonly (readonly [magic: Uint8Array, packing: Compression])[] = [
  [Uint8Array.of(0x1f, 0x8b), "gzip"],
  [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd), "zstd"],
  [ascii("\xfd7zXZ\0"), "xz"],
  // The level is a digit; then comes a block, or the end of nothing.
  ...[..."123456789"].flatMap((level): [Uint8Array, Compression][] => [
    [ascii(`BZh${level}1AY&SY`), "bzip2"],
    [ascii(`BZh${level}\x17rE8P\x90`), "bzip2"],
  ]),
];

/** What starts like this can't be opened yet; the person is told what it is and how to get on. */
const FOREIGN: readonly Foreign[] = [
  { magic: ascii("PK\x03\x04"), what: "a zip archive", next: "Unpack it and open the folder." },
  { magic: ascii("age-encryption.org/"), ...AGE },
  { magic: ascii("-----BEGIN AGE ENCRYPTED FILE"), ...AGE },
  { magic: ascii("-----BEGIN PGP MESSAGE"), ...OPENPGP },
  { magic: ascii("Salted__"), ...OPENSSL },
  { magic: ascii("U2FsdGVkX1"), ...OPENSSL },
  { magic: ascii("LUKS\xba\xbe"), what: "a LUKS volume", next: "Unlock and mount it, and open the folder." },
];

/**
 * A binary OpenPGP message begins with the packet of a session key: for a public key (tag 1, version 3) or a
 * passphrase (tag 3, version 4 or 5), with an old or a new header (RFC 4880, 4.2).
 */
function isOpenPgp([first = 0, ...rest]: Uint8Array): boolean {
  const versions = { 0x84: [3], 0x85: [3], 0xc1: [3], 0x8c: [4, 5], 0xc3: [4, 5] }[first];
  const hasLongLength = first === 0x85 || (first >= 0xc0 && (rest[0] ?? 0) >= 192);
  return versions?.includes(rest[hasLongLength ? 2 : 1] ?? 0) ?? false;
}

/** What a file is packed with, told by its content alone. Throws `archive.notAnArchive` and `archive.unsupported`. */
export async function detectPacking(source: ByteSource, file: string): Promise<Packing> {
  const head = await source.read(0, BLOCK);
  const packed = PACKED.find(([magic]) => startsWith(head, magic));
  if (packed !== undefined) return packed[1];
  // A zstd stream may begin with a skippable frame, 0x184D2A50 to 0x184D2A5F.
  if (startsWith(head.subarray(1), Uint8Array.of(0x2a, 0x4d, 0x18)) && (head[0] ?? 0) >> 4 === 5)
    return "zstd";
  const foreign = FOREIGN.find(({ magic }) => startsWith(head, magic));
  if (foreign !== undefined) throw archiveErrors.unsupported(file, foreign.what, foreign.next);
  const isEmptyTar = head.length === BLOCK && isZeroBlock(head) && source.size % BLOCK === 0;
  if (isEmptyTar || hasChecksum(head)) return "tar";
  if (await isStreamerShard(source)) return "stream";
  if (await recogniseSnapshot(source)) return "snapshot";
  // Last, because its mark is the weakest.
  if (isOpenPgp(head.subarray(0, 8))) throw archiveErrors.unsupported(file, OPENPGP.what, OPENPGP.next);
  throw archiveErrors.notAnArchive(file);
}

function startsWith(bytes: Uint8Array, magic: Uint8Array): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}
