import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  privateDecrypt,
} from "node:crypto";
import type { JsonWebKeyInput, KeyObject } from "node:crypto";
import { basename } from "node:path";
import { openFileSource } from "../../bytes/index.ts";
import { sealErrors } from "../errors.ts";
import { ed25519Key, mpint, sshStrings } from "../ssh/index.ts";
import type { Ed25519Key } from "../ssh/index.ts";
import { unpadPkcs1 } from "./pkcs1.ts";

/** A key of 16,384 bits in PEM has 13 KiB; a file much larger is none. */
const MAX_FILE = 1 << 20;

/** An RSA private key. The key itself can't be taken out of it. */
export interface RsaKey {
  readonly kind: "rsa";
  /** File name, for messages. */
  readonly name: string;
  /** SHA-256 of the public key (`openssl pkey -pubout -outform DER | sha256sum`), in hex. */
  readonly fingerprint: string;
  /** Length of the modulus. */
  readonly bits: number;
  /** Unwraps a key of `length` bytes (RSAES-PKCS1-v1_5); undefined when it was not wrapped for this key. */
  unwrap(wrapped: Uint8Array, length: number): Uint8Array | undefined;
  /** The same for RSAES-OAEP with this hash, and no label where none is given; of any length. */
  unwrapOaep(
    wrapped: Uint8Array,
    hash: "sha1" | "sha256" | "sha384" | "sha512",
    label?: string,
  ): Uint8Array | undefined;
  /** The public key as SSH writes it (RFC 4253, 6.6), by which age knows it. */
  readonly sshPublicKey: Uint8Array;
}

/** A private key for key agreement: P-256, P-384, P-521 or X25519. */
export interface EcKey {
  readonly kind: "ec";
  readonly name: string;
  readonly fingerprint: string;
  /** As JWK names it: `P-256`, `X25519`. */
  readonly curve: string;
  /** The shared secret with the other side's public key (a JWK); undefined when that is of another curve. */
  agree(publicKey: Readonly<Record<string, unknown>>): Uint8Array | undefined;
}

/** A private key that may open checkpoints. */
export type PrivateKey = RsaKey | EcKey | Ed25519Key;

/**
 * Reads a private key file. Throws `bytes.unreadable`, `bytes.notAFile`, and what `parseKey` throws.
 */
export async function loadKey(path: string, passphrase?: string): Promise<PrivateKey> {
  const source = await openFileSource(path);
  try {
    if (source.size > MAX_FILE) throw sealErrors.notAKey(path, "a large file");
    const bytes = Buffer.from(await source.read(0, source.size));
    try {
      return parseKey(bytes, path, passphrase);
    } finally {
      bytes.fill(0);
    }
  } finally {
    await source.close?.();
  }
}

/**
 * A private key from PEM or DER, PKCS#1, SEC1 or PKCS#8, each with or without a passphrase (that of the old PEM header
 * `Proc-Type: 4,ENCRYPTED` too). Text around the PEM is ignored. `file` is for messages. Throws
 * `seal.passphraseNeeded`, `seal.wrongPassphrase` and `seal.notAKey`.
 */
export function parseKey(bytes: Uint8Array, file: string, passphrase?: string): PrivateKey {
  const { inputs, encrypted } = findKey(bytes, file);
  if (encrypted && passphrase === undefined) throw sealErrors.passphraseNeeded(file);
  for (const input of inputs) {
    const key = tryKey({ ...input, ...(encrypted && passphrase !== undefined && { passphrase }) });
    if (key === undefined) continue;
    return privateKey(key, file);
  }
  throw encrypted
    ? sealErrors.wrongPassphrase(file)
    : sealErrors.notAKey(file, "a damaged or unknown kind of file");
}

interface KeyInput {
  readonly key: Buffer;
  readonly format: "pem" | "der";
  readonly type?: "pkcs1" | "pkcs8" | "sec1";
}

const PEM = /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----[^]*?-----END \1-----/;
/** PEM that people take for the private key. */
const OTHER_PEM: readonly (readonly [label: string, found: string])[] = [
  ["-----BEGIN OPENSSH PRIVATE KEY", "an OpenSSH key (`ssh-keygen -p -m PEM -f FILE` turns it into PEM)"],
  ["-----BEGIN CERTIFICATE-----", "a certificate"],
  ["PUBLIC KEY-----", "a public key"],
];
/** The object identifiers of PBES2 and of PKCS#12's and PKCS#5's older schemes, as they begin in DER. */
const PBE_OIDS = ["06092a864886f70d0105", "060a2a864886f70d010c01"].map((hex) => Buffer.from(hex, "hex"));

function findKey(bytes: Uint8Array, file: string): { inputs: readonly KeyInput[]; encrypted: boolean } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!buffer.includes("-----BEGIN ")) {
    if (buffer[0] !== 0x30) throw sealErrors.notAKey(file, "neither PEM nor DER");
    const head = buffer.subarray(0, 32);
    return {
      inputs: (["pkcs8", "pkcs1", "sec1"] as const).map((type) => ({ key: buffer, format: "der", type })),
      encrypted: PBE_OIDS.some((oid) => head.includes(oid)),
    };
  }
  const text = buffer.toString("latin1");
  const other = OTHER_PEM.find(([label]) => text.includes(label));
  const [pem, label] = PEM.exec(text) ?? [];
  if (pem === undefined || label === undefined || label.startsWith("OPENSSH"))
    throw sealErrors.notAKey(file, other?.[1] ?? "PEM without a private key");
  return {
    inputs: [{ key: Buffer.from(pem, "latin1"), format: "pem" }],
    encrypted: label.startsWith("ENCRYPTED") || /^Proc-Type: *4, *ENCRYPTED/m.test(pem),
  };
}

function tryKey(input: KeyInput & { readonly passphrase?: string }): KeyObject | undefined {
  try {
    return createPrivateKey(input);
  } catch {
    // The reason is OpenSSL's or BoringSSL's, in words that differ; the caller knows what it can mean.
    return undefined;
  }
}

/** A private key from a JWK (RFC 7517). Throws `seal.notAKey`. */
export function parseJwk(jwk: Readonly<Record<string, unknown>>, file: string): PrivateKey {
  if (typeof jwk["d"] !== "string") throw sealErrors.notAKey(file, "a JWK without its private part");
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: jwk, format: "jwk" } as JsonWebKeyInput);
  } catch {
    throw sealErrors.notAKey(file, "a damaged or unknown kind of JWK");
  }
  return privateKey(key, file);
}

/** What a key of the runtime can do for checkpoints. Throws `seal.notAKey` for kinds that open nothing. */
export function privateKey(key: KeyObject, file: string): PrivateKey {
  const publicKey = createPublicKey(key);
  const spki = publicKey.export({ type: "spki", format: "der" });
  const name = basename(file);
  const fingerprint = createHash("sha256").update(spki).digest("hex");
  const type = key.asymmetricKeyType ?? "secret";
  if (type === "rsa" || type === "rsa-pss") return rsaKey(key, name, fingerprint);
  if (type === "ed25519") return ed25519Key(key, name, fingerprint);
  const { crv } = type === "ec" || type === "x25519" ? publicKey.export({ format: "jwk" }) : {};
  if (crv === undefined) throw sealErrors.notAKey(file, `a private key of the kind "${type}"`);
  return {
    kind: "ec",
    name,
    fingerprint,
    curve: crv,
    agree(other) {
      if (other["crv"] !== crv) return undefined;
      try {
        // A point that isn't on the curve is refused here.
        const theirs = createPublicKey({ key: other, format: "jwk" } as JsonWebKeyInput);
        return diffieHellman({ privateKey: key, publicKey: theirs });
      } catch {
        return undefined;
      }
    },
  };
}

function rsaKey(key: KeyObject, name: string, fingerprint: string): RsaKey {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? modulusBits(key);
  const size = Math.ceil(bits / 8);
  const { e = "", n = "" } = createPublicKey(key).export({ format: "jwk" });
  const [exponent, modulus] = [e, n].map((text) => mpint(Buffer.from(String(text), "base64url")));
  return {
    kind: "rsa",
    sshPublicKey: sshStrings(
      Buffer.from("ssh-rsa"),
      exponent ?? new Uint8Array(0),
      modulus ?? new Uint8Array(0),
    ),
    name,
    fingerprint,
    bits,
    unwrap(wrapped, length) {
      if (wrapped.length !== size) return undefined;
      let block: Buffer | undefined;
      try {
        block = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, wrapped);
        return unpadPkcs1(block, length);
      } catch {
        // A number past the modulus: wrapped for another key.
        return undefined;
      } finally {
        block?.fill(0);
      }
    },
    unwrapOaep(wrapped, hash, label) {
      if (wrapped.length !== size) return undefined;
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      const oaepLabel = label === undefined ? undefined : Buffer.from(label);
      try {
        return privateDecrypt({ key, padding, oaepHash: hash, ...(oaepLabel && { oaepLabel }) }, wrapped);
      } catch {
        return undefined;
      }
    },
  };
}

/** Runtimes without `asymmetricKeyDetails`. */
function modulusBits(key: KeyObject): number {
  const { n = "" } = createPublicKey(key).export({ format: "jwk" });
  return Buffer.from(String(n), "base64url").length * 8;
}
