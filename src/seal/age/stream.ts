import { hkdfSync } from "node:crypto";
import { readExactly } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { chunkedSource } from "../chunked.ts";
import { bestCiphers } from "../ciphers/index.ts";
import { sealErrors } from "../errors.ts";

/** Bytes of plaintext in a chunk (C2SP age.md, "Payload"). */
const AGE_CHUNK = 64 * 1024;
const TAG = 16;
const NONCE = 16;
const SEALED_CHUNK = AGE_CHUNK + TAG;

/**
 * The payload of an age file, which begins at `start`, readable anywhere: each chunk of 64 KiB is opened when it is
 * first read. The last chunk is opened at once, which proves that nothing is missing at the end. Owns `fileKey`. Throws
 * `seal.damaged` for a length that no age file has, `seal.recordBroken` for a chunk that isn't authentic.
 */
export async function agePayload(
  sealed: ByteSource,
  start: number,
  fileKey: Uint8Array,
  file: string,
): Promise<ByteSource> {
  if (sealed.size < start + NONCE) throw sealErrors.damaged({ file, offset: sealed.size }, "it was cut off");
  const nonce = await readExactly(sealed, start, NONCE, { file });
  const key = Buffer.from(hkdfSync("sha256", fileKey, nonce, "payload", 32));
  fileKey.fill(0);
  const first = start + NONCE;
  const length = sealed.size - first;
  const count = Math.ceil(length / SEALED_CHUNK);
  const lastLength = length - (count - 1) * SEALED_CHUNK;
  // Only the chunk of an empty file may be empty.
  if (length < TAG || (count > 1 && lastLength <= TAG))
    throw sealErrors.damaged({ file, offset: sealed.size }, "it was cut off");
  const { openRecord } = bestCiphers();

  async function open(index: number): Promise<Uint8Array> {
    const offset = first + index * SEALED_CHUNK;
    const isLast = index === count - 1;
    const bytes = await readExactly(sealed, offset, isLast ? lastLength : SEALED_CHUNK, { file });
    const counter = Buffer.alloc(12);
    counter.writeUIntBE(index, 5, 6);
    counter[11] = isLast ? 1 : 0;
    const plaintext = openRecord(key, counter, bytes.subarray(0, -TAG), bytes.subarray(-TAG));
    if (plaintext === undefined) throw sealErrors.recordBroken({ file, offset });
    return plaintext;
  }

  const source = chunkedSource({
    size: length - count * TAG,
    chunkSize: AGE_CHUNK,
    open,
    dispose: () => key.fill(0),
  });
  try {
    await source.read(Math.max(0, source.size - 1), 1);
    // Of an empty file nothing is read, and its only chunk must be authentic too.
    if (source.size === 0) await open(0);
    return source;
  } catch (error) {
    await source.close?.();
    throw error;
  }
}
