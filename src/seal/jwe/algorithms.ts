// The algorithms of JWE (RFC 7518), as far as keys of images and of key brokers use them.
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { bestCiphers } from "../ciphers/index.ts";
import type { Key } from "../keys/key.ts";

export type Header = Readonly<Record<string, unknown>>;

const OAEP: Readonly<Record<string, "sha1" | "sha256" | "sha384" | "sha512">> = {
  "RSA-OAEP": "sha1",
  "RSA-OAEP-256": "sha256",
  "RSA-OAEP-384": "sha384",
  "RSA-OAEP-512": "sha512",
};
/** Bytes of the key that wraps; 0: the agreed secret is itself the content's key. */
const AGREEMENT: Readonly<Record<string, number>> = {
  "ECDH-ES": 0,
  "ECDH-ES+A128KW": 16,
  "ECDH-ES+A192KW": 24,
  "ECDH-ES+A256KW": 32,
};
const KEY_WRAP: Readonly<Record<string, number>> = { A128KW: 16, A192KW: 24, A256KW: 32 };

/** The kinds of key that an algorithm needs, in words; undefined for one that isn't known. */
export function keyNeededBy(alg: unknown): string | undefined {
  if (typeof alg !== "string") return undefined;
  if (alg in OAEP || alg === "RSA1_5") return "RSA private key";
  if (alg in AGREEMENT) return "EC private key";
  return alg in KEY_WRAP || alg === "dir" ? "symmetric key" : undefined;
}

/** The content's key of `length` bytes; undefined when `key` isn't of the kind, or it was not wrapped for it. */
export function contentKey(
  header: Header,
  encryptedKey: Uint8Array,
  key: Key,
  length: number,
): Uint8Array | undefined {
  const alg = String(header["alg"]);
  const { unwrap } = bestCiphers();
  const oaep = OAEP[alg];
  if (key.kind === "rsa") {
    if (oaep) return ofLength(key.unwrapOaep(encryptedKey, oaep), length);
    // As RFC 7516, 11.5 says: nobody may see whether the padding or the content was wrong.
    const random = randomBytes(length);
    return alg === "RSA1_5" ? (key.unwrap(encryptedKey, length) ?? random) : undefined;
  }
  const agreement = AGREEMENT[alg];
  if (key.kind === "ec" && agreement !== undefined) {
    const epk = header["epk"];
    const secret = isObject(epk) ? key.agree(epk) : undefined;
    if (!secret) return undefined;
    if (agreement === 0) return concatKdf(secret, header, String(header["enc"]), length);
    return ofLength(unwrap(concatKdf(secret, header, alg, agreement), encryptedKey), length);
  }
  if (key.kind !== "raw") return undefined;
  if (alg === "dir") return ofLength(Uint8Array.from(key.bytes), length);
  return key.bytes.length === KEY_WRAP[alg] ? ofLength(unwrap(key.bytes, encryptedKey), length) : undefined;
}

const ofLength = (bytes: Uint8Array | undefined, length: number): Uint8Array | undefined =>
  bytes?.length === length ? bytes : undefined;

const isObject = (value: unknown): value is Header =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** NIST SP 800-56A's, with SHA-256 (RFC 7518, 4.6.2). `length` is at most 64. */
export function concatKdf(secret: Uint8Array, header: Header, algorithm: string, length: number): Uint8Array {
  const info = (value: unknown): Buffer =>
    lengthBefore(Buffer.from(typeof value === "string" ? value : "", "base64url"));
  const other = Buffer.concat([
    lengthBefore(Buffer.from(algorithm, "ascii")),
    info(header["apu"]),
    info(header["apv"]),
    uint32(length * 8),
  ]);
  const rounds = Array.from({ length: Math.ceil(length / 32) }, (_, round) =>
    createHash("sha256")
      .update(uint32(round + 1))
      .update(secret)
      .update(other)
      .digest(),
  );
  return Buffer.concat(rounds).subarray(0, length);
}

function lengthBefore(bytes: Buffer): Buffer {
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** How content is sealed: bytes of its key, and how to open it. undefined when it isn't authentic. */
export interface ContentCipher {
  readonly keyLength: number;
  open(
    key: Uint8Array,
    iv: Uint8Array,
    ciphertext: Uint8Array,
    tag: Uint8Array,
    associated: Uint8Array,
  ): Uint8Array | undefined;
}

const gcm = (keyLength: number): ContentCipher => ({
  keyLength,
  open: (key, iv, ciphertext, tag, associated) =>
    iv.length === 12 ? bestCiphers().gcm(key, iv, ciphertext, tag, associated) : undefined,
});

/** RFC 7518, 5.2: the first half of the key is the MAC's. */
const cbcHmac = (keyLength: number, hash: string): ContentCipher => ({
  keyLength,
  open(key, iv, ciphertext, tag, associated) {
    const half = keyLength / 2;
    const bits = Buffer.alloc(8);
    bits.writeBigUInt64BE(BigInt(associated.length) * 8n);
    const mac = createHmac(hash, key.subarray(0, half))
      .update(associated)
      .update(iv)
      .update(ciphertext)
      .update(bits)
      .digest()
      .subarray(0, half);
    const isSound =
      tag.length === half &&
      timingSafeEqual(mac, tag) &&
      iv.length === 16 &&
      ciphertext.length > 0 &&
      ciphertext.length % 16 === 0;
    if (!isSound) return undefined;
    const padded = bestCiphers().cbc(key.subarray(half), iv, ciphertext);
    const padding = padded.at(-1) ?? 0;
    return padding >= 1 && padding <= 16 ? padded.subarray(0, -padding) : undefined;
  },
});

export const CONTENT_CIPHERS: Readonly<Record<string, ContentCipher>> = {
  A128GCM: gcm(16),
  A192GCM: gcm(24),
  A256GCM: gcm(32),
  "A128CBC-HS256": cbcHmac(32, "sha256"),
  "A192CBC-HS384": cbcHmac(48, "sha384"),
  "A256CBC-HS512": cbcHmac(64, "sha512"),
};
