import { createCipheriv, createDecipheriv } from "node:crypto";

const BLOCK = 16;
const STEP = 16 * 1024;

/** Opens and seals pages that lie one after the other; each is one AES-256-XTS data unit under the same tweak. */
export interface PageCipher {
  /** `pageSize` is a multiple of 16 and divides the length. */
  open(ciphertext: Uint8Array, pageSize: number): Uint8Array;
  seal(plaintext: Uint8Array, pageSize: number): Uint8Array;
  /** Overwrites what it derived from the key. */
  dispose(): void;
}

/** One direction of a cipher of the runtime. */
interface Transform {
  update(bytes: Uint8Array): Buffer;
}

/** With the runtime's own AES-256-XTS. `key` is the data key, then the tweak key; 64 bytes. `tweak` has 16. */
export function nativeXts(key: Uint8Array, tweak: Uint8Array): PageCipher {
  const pages = (make: () => Transform): PageCipher["open"] => {
    // OpenSSL starts each update with the tweak anew, which saves making a cipher for each page. It doesn't promise
    // to, so it is tried.
    const probe = make();
    const restarts = probe.update(tweak).equals(probe.update(tweak));
    return (bytes, pageSize) => {
      const done = new Uint8Array(bytes.length);
      const shared = restarts ? make() : undefined;
      for (let at = 0; at < bytes.length; at += pageSize)
        done.set((shared ?? make()).update(bytes.subarray(at, at + pageSize)), at);
      return done;
    };
  };
  return {
    open: pages(() => createDecipheriv("aes-256-xts", key, tweak)),
    seal: pages(() => createCipheriv("aes-256-xts", key, tweak)),
    dispose: () => undefined,
  };
}

/**
 * With AES-256-ECB, which every runtime has: XTS is `D(C xor T) xor T`, and since CRIUsec uses one tweak for every
 * page, T is one mask of a page's length (IEEE 1619: the enciphered tweak, doubled in GF(2^128) for each block).
 */
export function maskedXts(key: Uint8Array, tweak: Uint8Array): PageCipher {
  let mask = new Uint32Array(0);
  const pages =
    (make: (dataKey: Uint8Array) => Transform): PageCipher["open"] =>
    (bytes, pageSize) => {
      if (mask.length * 4 !== pageSize) mask = tweakMask(key.subarray(32), tweak, pageSize);
      const blocks = make(key.subarray(0, 32));
      const done = new Uint8Array(bytes.length);
      // Some pages at a time, so that they are still in the processor's cache on the way back.
      const step = Math.max(1, Math.floor(STEP / pageSize)) * pageSize;
      const masked = new Uint8Array(Math.min(step, bytes.length));
      for (let at = 0; at < bytes.length; at += step) {
        const length = Math.min(step, bytes.length - at);
        masked.set(bytes.subarray(at, at + length));
        xorPages(masked, 0, length, mask);
        done.set(blocks.update(masked.subarray(0, length)), at);
        xorPages(done, at, length, mask);
      }
      masked.fill(0);
      return done;
    };
  return {
    open: pages((dataKey) => createDecipheriv("aes-256-ecb", dataKey, null).setAutoPadding(false)),
    seal: pages((dataKey) => createCipheriv("aes-256-ecb", dataKey, null).setAutoPadding(false)),
    dispose: () => mask.fill(0),
  };
}

function tweakMask(key: Uint8Array, tweak: Uint8Array, pageSize: number): Uint32Array<ArrayBuffer> {
  const mask = new Uint8Array(pageSize);
  const block = createCipheriv("aes-256-ecb", key, null).setAutoPadding(false).update(tweak);
  for (let at = 0; at < pageSize; at += BLOCK) {
    mask.set(block, at);
    double(block);
  }
  return new Uint32Array(mask.buffer);
}

/** Times alpha in GF(2^128), little endian, modulo x^128 + x^7 + x^2 + x + 1. */
function double(block: Uint8Array): void {
  let carry = 0;
  for (let at = 0; at < BLOCK; at++) {
    const byte = block[at] ?? 0;
    block[at] = ((byte << 1) | carry) & 0xff;
    carry = byte >> 7;
  }
  if (carry) block[0] = (block[0] ?? 0) ^ 0x87;
}

/** `start` and `length` are whole pages. */
function xorPages(bytes: Uint8Array<ArrayBuffer>, start: number, length: number, mask: Uint32Array): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + start, length / 4);
  for (let page = 0; page < words.length; page += mask.length)
    for (let word = 0; word < mask.length; word++)
      words[page + word] = (words[page + word] ?? 0) ^ (mask[word] ?? 0);
}
