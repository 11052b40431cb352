import { createDecipheriv, getCiphers } from "node:crypto";
import type { CipherChaCha20Poly1305Types } from "node:crypto";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";

/** Opens one ChaCha20-Poly1305 record without associated data (RFC 8439); undefined when it is not authentic. */
export type OpenRecord = (
  key: Uint8Array,
  nonce: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
) => Uint8Array | undefined;

const NATIVE: CipherChaCha20Poly1305Types = "chacha20-poly1305";

export const openRecordNatively: OpenRecord = (key, nonce, ciphertext, tag) => {
  try {
    const decipher = createDecipheriv(NATIVE, key, nonce, { authTagLength: 16 });
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
    return chacha20poly1305(key, nonce).decrypt(Buffer.concat([ciphertext, tag]));
  } catch {
    return undefined;
  }
};

/** The faster of the two where it exists: Electron's crypto (BoringSSL) lacks it, Node's has it. */
export function bestOpenRecord(ciphers: readonly string[] = getCiphers()): OpenRecord {
  return ciphers.includes(NATIVE) ? openRecordNatively : openRecordPortably;
}
