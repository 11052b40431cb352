import { readExactly } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import { chunkedSource } from "./chunked.ts";
import { bestCiphers } from "./ciphers/index.ts";

const BLOCK = 16n;
const CHUNK = 64 * 1024;

/** AES-CTR ciphertext as plaintext that is readable anywhere. `counter` is the first block's, 16 bytes. Owns `key`. */
export function ctrSource(
  sealed: ByteSource,
  key: Uint8Array,
  counter: Uint8Array,
  file: string,
): ByteSource {
  const { ctr } = bestCiphers();
  return chunkedSource({
    size: sealed.size,
    chunkSize: CHUNK,
    async open(index) {
      const from = index * CHUNK;
      const bytes = await readExactly(sealed, from, Math.min(CHUNK, sealed.size - from), { file });
      return ctr(key, counterAt(counter, BigInt(from) / BLOCK), bytes);
    },
    dispose: () => key.fill(0),
  });
}

/** The counter block `blocks` later: all 128 bits count, and wrap around. */
export function counterAt(counter: Uint8Array, blocks: bigint): Uint8Array {
  const start = BigInt(`0x${Buffer.from(counter).toString("hex")}`);
  const value = BigInt.asUintN(128, start + blocks);
  return Buffer.from(value.toString(16).padStart(32, "0"), "hex");
}
