import { readExactly } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import { chunkedSource } from "./chunked.ts";
import { bestCiphers } from "./ciphers/index.ts";

const BLOCK = 16;
const CHUNK = 64 * 1024;

/**
 * AES-CBC ciphertext with PKCS#7 padding as plaintext that is readable anywhere: a block needs the one before it and
 * no more. undefined when the padding is wrong, which is one way a wrong key shows. Owns `key`.
 */
export async function cbcSource(
  sealed: ByteSource,
  key: Uint8Array,
  iv: Uint8Array,
  file: string,
): Promise<ByteSource | undefined> {
  const { cbc } = bestCiphers();
  const { size } = sealed;
  if (size === 0 || size % BLOCK !== 0) return undefined;
  const decipher = async (from: number, length: number): Promise<Uint8Array> => {
    const before = from === 0 ? iv : await readExactly(sealed, from - BLOCK, BLOCK, { file });
    return cbc(key, before, await readExactly(sealed, from, length, { file }));
  };
  const last = await decipher(size - BLOCK, BLOCK);
  const padding = paddingOf(last);
  last.fill(0);
  if (padding === undefined) return undefined;
  const plainSize = size - padding;
  return chunkedSource({
    size: plainSize,
    chunkSize: CHUNK,
    async open(index) {
      const from = index * CHUNK;
      const bytes = await decipher(from, Math.min(CHUNK, size - from));
      return bytes.subarray(0, Math.min(CHUNK, plainSize - from));
    },
    dispose: () => key.fill(0),
  });
}

/** Length of the padding, looked at without a branch on any of its bytes. */
function paddingOf(block: Uint8Array): number | undefined {
  const length = block[BLOCK - 1] ?? 0;
  let wrong = Number(length === 0) | Number(length > BLOCK);
  for (let at = 0; at < BLOCK; at++) {
    const isPadding = Number(at >= BLOCK - length);
    wrong |= isPadding * ((block[at] ?? 0) ^ length);
  }
  return wrong === 0 ? length : undefined;
}
