import { createCipheriv, createDecipheriv } from "node:crypto";
import { xorPagesIn } from "../../bytes/index.ts";
import type { PageDesk } from "../../criu/index.ts";
import { openingBlocks, sealingBlocks } from "./blocks.ts";
import { MaskedPages, STEP } from "./page-desk.ts";

const BLOCK = 16;
/** Bytes of a desk that is lent. */
const LENT = 1 << 20;
/** Desks that are kept between uses, of the two sizes and mostly one page size. */
const KEPT = 2;

/** Opens and seals pages that lie one after the other; each is one AES-256-XTS data unit under the same tweak. */
export interface PageCipher {
  /** `pageSize` is a multiple of 16 and divides the length. */
  open(ciphertext: Uint8Array, pageSize: number): Uint8Array;
  seal(plaintext: Uint8Array, pageSize: number): Uint8Array;
  /** For many pages: they are opened in memory that is used again. */
  desk(pageSize: number): PageDesk;
  /** Overwrites what it derived from the key, and what its desks hold. */
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
  const open = pages(() => createDecipheriv("aes-256-xts", key, tweak));
  return {
    open,
    seal: pages(() => createCipheriv("aes-256-xts", key, tweak)),
    desk(pageSize) {
      const bytes = new Uint8Array(pageSize);
      return {
        bytes,
        open: (length) => {
          bytes.set(open(bytes.subarray(0, length), pageSize));
        },
        close: () => bytes.fill(0),
      };
    },
    dispose: () => undefined,
  };
}

/**
 * With AES-256-ECB, which every runtime has: XTS is `D(C xor T) xor T`, and since CRIUsec uses one tweak for every
 * page, T is one mask of a page's length (IEEE 1619: the enciphered tweak, doubled in GF(2^128) for each block). So many
 * pages are one call of the cipher, whose own cost is that of a page or two.
 */
export function maskedXts(key: Uint8Array, tweak: Uint8Array, xor = xorPagesIn): PageCipher {
  const [opening, sealing] = [openingBlocks(), sealingBlocks()];
  const dataKey = key.subarray(0, 32);
  const idle: MaskedPages[] = [];
  const lent = new Set<MaskedPages>();

  const take = (pageSize: number, size: number): MaskedPages => {
    const at = idle.findIndex((desk) => desk.pageSize === pageSize && desk.size === size);
    const [kept] = at < 0 ? [] : idle.splice(at, 1);
    return kept ?? new MaskedPages(tweakMask(key.subarray(32), tweak, pageSize), size, xor);
  };
  const keep = (desk: MaskedPages): void => {
    idle.push(desk);
    if (idle.length > KEPT) idle.shift()?.wipe();
  };
  const pages =
    (blocks: typeof opening): PageCipher["open"] =>
    (bytes, pageSize) => {
      const desk = take(pageSize, STEP);
      const done = throughDesk(bytes, desk, blocks, dataKey);
      desk.bytes.fill(0, 0, Math.min(bytes.length, desk.bytes.length));
      keep(desk);
      return done;
    };

  return {
    open: pages(opening),
    seal: pages(sealing),
    desk(pageSize) {
      const desk = take(pageSize, LENT);
      lent.add(desk);
      return {
        bytes: desk.bytes,
        open: (length) => {
          desk.inPlace(opening, dataKey, length);
        },
        close() {
          if (!lent.delete(desk)) return;
          desk.bytes.fill(0);
          keep(desk);
        },
      };
    },
    dispose() {
      for (const desk of [...idle.splice(0), ...lent]) desk.wipe();
      lent.clear();
      opening.forget();
      sealing.forget();
    },
  };
}

function throughDesk(
  bytes: Uint8Array,
  desk: MaskedPages,
  blocks: ReturnType<typeof openingBlocks>,
  dataKey: Uint8Array,
): Uint8Array {
  const size = desk.bytes.length;
  if (bytes.length <= size) return desk.copy(blocks, dataKey, bytes);
  // All of it is written to.
  const done = Buffer.allocUnsafeSlow(bytes.length);
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size);
    desk.bytes.set(part);
    desk.inPlace(blocks, dataKey, part.length);
    done.set(desk.bytes.subarray(0, part.length), at);
  }
  return done;
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
