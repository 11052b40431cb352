import { bestCiphers } from "../ciphers/index.ts";

const GHOST_RECORD = 4096;
const OUTPUT_DATA = 4096;
/** tag[16], nonce[12], padding[4], i64 length, data[4096] (`struct encrypted_block` of CRIU PR 2297, 64-bit). */
const OUTPUT_RECORD = 4136;

/** Writes the four forms of records that CRIU's sealed images are made of (`criu/tls.c` of PR 2297). */
export interface RecordWriter {
  /** An entry: size word, ciphertext, tag, nonce; of an empty one the size word alone. */
  entry(message: Uint8Array): Uint8Array;
  /** A payload: ciphertext, tag, nonce; of an empty one nothing. */
  payload(bytes: Uint8Array): Uint8Array;
  /** A piece of a ghost file's body, at most 4096 bytes: tag, nonce, i64 length, ciphertext. */
  ghost(bytes: Uint8Array): Uint8Array;
  /** A piece of a tool's output, at most 4096 bytes, in a block of a fixed size. */
  output(bytes: Uint8Array): Uint8Array;
}

export const RECORD_PIECE = { ghost: GHOST_RECORD, output: OUTPUT_DATA } as const;

/** `nonce` gives 12 bytes that it never gave before. */
export function recordWriter(key: Uint8Array, nonce: () => Uint8Array): RecordWriter {
  const { sealRecord } = bestCiphers();
  const seal = (bytes: Uint8Array) => {
    const used = nonce();
    return { ...sealRecord(key, used, bytes), nonce: used };
  };
  const length = (value: number, width: 4 | 8): Buffer => {
    const bytes = Buffer.alloc(width);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const payload = (bytes: Uint8Array): Uint8Array => {
    if (bytes.length === 0) return bytes;
    const { ciphertext, tag, nonce } = seal(bytes);
    return Buffer.concat([ciphertext, tag, nonce]);
  };
  return {
    payload,
    entry: (message) => Buffer.concat([length(message.length, 4), payload(message)]),
    ghost(bytes) {
      const { ciphertext, tag, nonce } = seal(bytes);
      return Buffer.concat([tag, nonce, length(bytes.length, 8), ciphertext]);
    },
    output(bytes) {
      const { ciphertext, tag, nonce } = seal(bytes);
      const block = Buffer.alloc(OUTPUT_RECORD);
      block.set(tag);
      block.set(nonce, 16);
      block.set(length(bytes.length, 8), 32);
      block.set(ciphertext, 40);
      return block;
    },
  };
}
