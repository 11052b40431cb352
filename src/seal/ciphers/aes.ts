// AES in the modes that the schemes use, by the runtime and by @noble/ciphers.
import { createDecipheriv } from "node:crypto";
import { aeskw, cbc, ctr, gcm } from "@noble/ciphers/aes.js";

/** AES of the modes that archives and wrapped keys are sealed with. The key's length (16, 24, 32 bytes) says which AES. */
export interface Aes {
  /** Applies the key stream that begins with the 16-byte counter block (big endian, all 128 bits count up). */
  ctr(key: Uint8Array, counter: Uint8Array, bytes: Uint8Array): Uint8Array;
  /** Deciphers whole blocks; padding stays. `iv` is the ciphertext block before them, or the IV. */
  cbc(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array;
  /** undefined when the bytes are not authentic. `tag` has 16 bytes. */
  gcm(
    key: Uint8Array,
    nonce: Uint8Array,
    ciphertext: Uint8Array,
    tag: Uint8Array,
    associated?: Uint8Array,
  ): Uint8Array | undefined;
  /** Unwraps a key (RFC 3394); undefined when it was not wrapped with this one. */
  unwrap(key: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined;
}

const WRAP_IV = Buffer.alloc(8, 0xa6);

const bits = (key: Uint8Array): number => key.length * 8;

export const nativeAes: Aes = {
  ctr: (key, counter, bytes) => createDecipheriv(`aes-${bits(key)}-ctr`, key, counter).update(bytes),
  cbc: (key, iv, blocks) =>
    createDecipheriv(`aes-${bits(key)}-cbc`, key, iv)
      .setAutoPadding(false)
      .update(blocks),
  gcm(key, nonce, ciphertext, tag, associated) {
    if (tag.length !== 16) return undefined;
    try {
      const decipher = createDecipheriv(gcmName(key), key, nonce, { authTagLength: 16 });
      decipher.setAuthTag(tag);
      if (associated) decipher.setAAD(associated);
      const plaintext = decipher.update(ciphertext);
      decipher.final();
      return plaintext;
    } catch {
      return undefined;
    }
  },
  unwrap(key, wrapped) {
    try {
      const decipher = createDecipheriv(`id-aes${bits(key)}-wrap`, key, WRAP_IV);
      const plaintext = decipher.update(wrapped);
      return plaintext.length === wrapped.length - 8 ? plaintext : undefined;
    } catch {
      return undefined;
    }
  },
};

function gcmName(key: Uint8Array): "aes-128-gcm" | "aes-192-gcm" | "aes-256-gcm" {
  if (key.length === 16) return "aes-128-gcm";
  return key.length === 24 ? "aes-192-gcm" : "aes-256-gcm";
}

export const portableAes: Aes = {
  ctr: (key, counter, bytes) => ctr(key, counter).decrypt(aligned(bytes)),
  cbc: (key, iv, blocks) =>
    blocks.length === 0 ? new Uint8Array(0) : cbc(key, iv, { disablePadding: true }).decrypt(aligned(blocks)),
  gcm(key, nonce, ciphertext, tag, associated) {
    if (tag.length !== 16) return undefined;
    try {
      return gcm(key, nonce, associated).decrypt(Uint8Array.from(Buffer.concat([ciphertext, tag])));
    } catch {
      return undefined;
    }
  },
  unwrap(key, wrapped) {
    try {
      return aeskw(key).decrypt(Uint8Array.from(wrapped));
    } catch {
      return undefined;
    }
  },
};

/** The library reads words; a view that begins between two of them would be copied by it anyway. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes);
}
