import { createHmac } from "node:crypto";
import type { ImageSeal } from "../../criu/index.ts";
import { bestCiphers } from "../ciphers/index.ts";
import type { PageCipher } from "../ciphers/index.ts";
import { sealErrors } from "../errors.ts";

/** The unwrapped keys of a layer. */
export interface LayerKeys {
  /** ChaCha20-Poly1305, 32 bytes. */
  readonly record: Uint8Array;
  /** AES-256-XTS, 64 bytes and the tweak of 16; undefined where pages are not sealed. */
  readonly pages: { readonly key: Uint8Array; readonly tweak: Uint8Array } | undefined;
}

/** The open seal of one layer. Dispose it when done: then its keys are overwritten and it opens nothing more. */
export interface LayerSeal extends ImageSeal {
  /** SHA-256 of the public key that opened it, in hex. */
  readonly keyFingerprint: string;
  /** XOR over `pageDigest` of all pages, as the dump left it; undefined where it left none. */
  readonly pagesDigest: Uint8Array | undefined;
  /**
   * HMAC-SHA256 of one page of ciphertext at its address (of shared memory: at its offset in the object), as
   * `criu/tls.c: tls_hmac_update` makes it: the page, then the address, then a pid that is always 0.
   */
  pageDigest(ciphertext: Uint8Array, address: bigint): Uint8Array;
  dispose(): void;
}

/** A seal over keys that it then owns. `file` is cipher.img, for messages. */
export function layerSeal(
  keys: LayerKeys,
  keyFingerprint: string,
  file: string,
  pagesDigest?: Uint8Array,
): LayerSeal {
  const { openRecord, xts } = bestCiphers();
  const pages = keys.pages && xts(keys.pages.key, keys.pages.tweak);
  let disposed = false;
  const ready = (): PageCipher => {
    if (disposed) throw sealErrors.disposed();
    if (pages === undefined) throw sealErrors.noPageKey(file);
    return pages;
  };
  return {
    tailLength: 28,
    keyFingerprint,
    pagesDigest,
    pageDigest(ciphertext, address) {
      if (disposed) throw sealErrors.disposed();
      const place = Buffer.alloc(12);
      place.writeBigUInt64LE(BigInt.asUintN(64, address));
      return createHmac("sha256", keys.record).update(ciphertext).update(place).digest();
    },
    openRecord(ciphertext, tag, nonce, place) {
      if (disposed) throw sealErrors.disposed();
      const plaintext =
        tag.length === 16 && nonce.length === 12
          ? openRecord(keys.record, nonce, ciphertext, tag)
          : undefined;
      if (plaintext === undefined) throw sealErrors.recordBroken(place);
      return plaintext;
    },
    openPages(ciphertext, pageSize) {
      const plaintext = ready().open(ciphertext, pageSize);
      for (const at of zeroPages(ciphertext, pageSize)) plaintext.fill(0, at, at + pageSize);
      return plaintext;
    },
    pageDesk(pageSize) {
      const desk = ready().desk(pageSize);
      return {
        ...desk,
        open(length) {
          ready();
          const zero = zeroPages(desk.bytes.subarray(0, length), pageSize);
          desk.open(length);
          for (const at of zero) desk.bytes.fill(0, at, at + pageSize);
        },
      };
    },
    dispose() {
      disposed = true;
      keys.record.fill(0);
      keys.pages?.key.fill(0);
      pages?.dispose();
    },
  };
}

/** Where pages begin that are all zero. */
function zeroPages(bytes: Uint8Array, pageSize: number): readonly number[] {
  const zero: number[] = [];
  for (let at = 0; at < bytes.length; at += pageSize) if (isZero(bytes, at, at + pageSize)) zero.push(at);
  return zero;
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}
