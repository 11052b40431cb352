import { createCipheriv, createDecipheriv } from "node:crypto";
import { linearMemory, XOR_SLACK, xorIn } from "../../bytes/index.ts";

const BLOCK = 16;
const STEP = 64 * 1024;

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
 * page, T is one mask of a page's length (IEEE 1619: the enciphered tweak, doubled in GF(2^128) for each block). So many
 * pages are one call of the cipher, whose own cost is that of a page or two.
 */
export function maskedXts(key: Uint8Array, tweak: Uint8Array, xor = xorIn): PageCipher {
  let desk: Desk | undefined;
  const pages =
    (cipher: KeptCipher): PageCipher["open"] =>
    (bytes, pageSize) => {
      if (desk?.pageSize !== pageSize) {
        desk?.wipe();
        desk = openDesk(tweakMask(key.subarray(32), tweak, pageSize), xor);
      }
      const blocks = cipher.get(key.subarray(0, 32));
      const open = (at: number, table: Desk): Buffer =>
        blocks.update(table.mask(bytes.subarray(at, at + table.size)));
      if (bytes.length <= desk.size) {
        // What the runtime has made is the result: memory that was never touched costs as much as deciphering.
        const done = open(0, desk);
        done.set(desk.mask(done));
        desk.clear(bytes.length);
        return done;
      }
      // All of it is written to.
      const done = Buffer.allocUnsafeSlow(bytes.length);
      for (let at = 0; at < bytes.length; at += desk.size) {
        const result = open(at, desk);
        done.set(desk.mask(result), at);
        release(result);
      }
      desk.clear(bytes.length);
      return done;
    };
  const open = new KeptCipher((dataKey) => createDecipheriv(ECB, dataKey, null).setAutoPadding(false));
  const seal = new KeptCipher((dataKey) => createCipheriv(ECB, dataKey, null).setAutoPadding(false));
  return {
    open: pages(open),
    seal: pages(seal),
    dispose() {
      desk?.wipe();
      desk = undefined;
      open.forget();
      seal.forget();
    },
  };
}

const ECB = "aes-256-ecb";

/** A cipher without a state, made when it is needed first: making one takes as long as deciphering ten pages. */
class KeptCipher {
  readonly #make: (dataKey: Uint8Array) => Transform;
  #made: Transform | undefined;

  constructor(make: (dataKey: Uint8Array) => Transform) {
    this.#make = make;
  }

  get(dataKey: Uint8Array): Transform {
    this.#made ??= this.#make(dataKey);
    return this.#made;
  }

  forget(): void {
    this.#made = undefined;
  }
}

/**
 * Gives back the memory of what the runtime has made for a result, at once where it can. Else it waits for the collector, and
 * each result is in memory that no cache of the processor has: then the runtime's calls take twice as long.
 */
function release({ buffer, byteLength }: Buffer): void {
  // ES2024: Node has it since version 21, TypeScript's ES2023 doesn't.
  const given = buffer as ArrayBuffer & { transfer?(length: number): ArrayBuffer };
  // Small results share memory with others.
  if (byteLength === given.byteLength) given.transfer?.(0);
}

/** Where some pages at a time are put under the mask: few enough to stay in the processor's cache on the way back. */
interface Desk {
  readonly pageSize: number;
  /** Bytes of whole pages that it takes. */
  readonly size: number;
  /** A copy of whole pages under the mask, there until the next one. */
  mask(pages: Uint8Array): Uint8Array;
  /** Overwrites what the last pages have left of plaintext, of `length` bytes at most. */
  clear(length: number): void;
  /** Overwrites everything. */
  wipe(): void;
}

function openDesk(mask: Uint8Array, xor: typeof xorIn): Desk {
  const pageSize = mask.length;
  const size = Math.max(1, Math.floor(STEP / pageSize)) * pageSize;
  // A mask for all of them, and zeros on both sides: a round may go beyond the last page.
  const masks = size + XOR_SLACK;
  const memory = linearMemory(masks + size + XOR_SLACK);
  const bytes = new Uint8Array(memory.buffer);
  for (let at = masks; at < masks + size; at += pageSize) bytes.set(mask, at);
  mask.fill(0);
  const combine = xor(memory);
  return {
    pageSize,
    size,
    mask(pages) {
      bytes.set(pages);
      combine(0, masks, pages.length);
      return bytes.subarray(0, pages.length);
    },
    clear: (length) => bytes.fill(0, 0, Math.min(length, size)),
    wipe: () => bytes.fill(0),
  };
}

function tweakMask(key: Uint8Array, tweak: Uint8Array, pageSize: number): Uint8Array {
  const mask = new Uint8Array(pageSize);
  const block = createCipheriv("aes-256-ecb", key, null).setAutoPadding(false).update(tweak);
  for (let at = 0; at < pageSize; at += BLOCK) {
    mask.set(block, at);
    double(block);
  }
  return mask;
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
