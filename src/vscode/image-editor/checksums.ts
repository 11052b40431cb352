import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { readChunks } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import type { ByteRange } from "../../protocol/index.ts";

export interface Checksum {
  readonly name: string;
  /** Lower-case hex. */
  readonly hex: string;
}

const HASHES = [
  { name: "MD5", algorithm: "md5" },
  { name: "SHA-1", algorithm: "sha1" },
  { name: "SHA-256", algorithm: "sha256" },
] as const;

/** CRC-32 (as in zip and gzip), MD5, SHA-1 and SHA-256 of bytes, in one pass. `done` is told the bytes read. */
export async function checksums(
  source: ByteSource,
  { start, end }: ByteRange,
  signal?: AbortSignal,
  done: (bytes: number) => void = () => undefined,
): Promise<readonly Checksum[]> {
  const hashes = HASHES.map(({ name, algorithm }) => ({ name, hash: createHash(algorithm) }));
  let crc = 0;
  for await (const bytes of readChunks(source, { start, end, ...(signal && { signal }) })) {
    crc = crc32(bytes, crc);
    for (const { hash } of hashes) hash.update(bytes);
    done(bytes.length);
  }
  return [
    { name: "CRC-32", hex: crc.toString(16).padStart(8, "0") },
    ...hashes.map(({ name, hash }) => ({ name, hex: hash.digest("hex") })),
  ];
}
