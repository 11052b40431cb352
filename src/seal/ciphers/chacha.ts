import { createCipheriv, createDecipheriv } from "node:crypto";
import type { CipherChaCha20Poly1305Types } from "node:crypto";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";

/** Opens one ChaCha20-Poly1305 record without associated data (RFC 8439); undefined when it is not authentic. */
export type OpenRecord = (
  key: Uint8Array,
  nonce: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
) => Uint8Array | undefined;

/** A record of the same kind, sealed. */
export interface SealedBytes {
  readonly ciphertext: Uint8Array;
  /** 16 bytes. */
  readonly tag: Uint8Array;
}

/** Seals one record. A nonce must never be used twice with a key. */
export type SealRecord = (key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array) => SealedBytes;

export const CHACHA: CipherChaCha20Poly1305Types = "chacha20-poly1305";
const TAG = 16;

export const openRecordNatively: OpenRecord = (key, nonce, ciphertext, tag) => {
  try {
    const decipher = createDecipheriv(CHACHA, key, nonce, { authTagLength: TAG });
    decipher.setAuthTag(tag);
    const plaintext = decipher.update(ciphertext);
    decipher.final();
    return plaintext;
  } catch {
    return undefined;
  }
};

export const openRecordPortably: OpenRecord = (key, nonce, ciphertext, tag) => {
  try {
    return chacha20poly1305(key, nonce).decrypt(withTag(ciphertext, tag));
  } catch {
    return undefined;
  }
};

/** The two in a row, which they are in an image already; the library reads words, and would copy what begins between two. */
function withTag(ciphertext: Uint8Array, tag: Uint8Array): Uint8Array {
  const { buffer, byteOffset, length } = ciphertext;
  const isInRow = tag.buffer === buffer && tag.byteOffset === byteOffset + length && byteOffset % 4 === 0;
  return isInRow ? new Uint8Array(buffer, byteOffset, length + tag.length) : Buffer.concat([ciphertext, tag]);
}

export const sealRecordNatively: SealRecord = (key, nonce, plaintext) => {
  const cipher = createCipheriv(CHACHA, key, nonce, { authTagLength: TAG });
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return { ciphertext, tag: cipher.getAuthTag() };
};

export const sealRecordPortably: SealRecord = (key, nonce, plaintext) => {
  const sealed = chacha20poly1305(key, nonce).encrypt(plaintext);
  return { ciphertext: sealed.subarray(0, -TAG), tag: sealed.subarray(-TAG) };
};
