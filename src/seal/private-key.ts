import { constants, createHash, createPrivateKey, createPublicKey, privateDecrypt } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { basename } from "node:path";
import { openFileSource } from "../bytes/index.ts";
import { sealErrors } from "./errors.ts";
import { unpadPkcs1 } from "./pkcs1.ts";

/** A key of 16,384 bits in PEM has 13 KiB; a file much larger is none. */
const MAX_FILE = 1 << 20;

/** A private key that may open checkpoints. The key itself can't be taken out of it. */
export interface PrivateKey {
  /** File name, for messages. */
  readonly name: string;
  /** SHA-256 of the public key (`openssl pkey -pubout -outform DER | sha256sum`), in hex. */
  readonly fingerprint: string;
  /** Length of the modulus. */
  readonly bits: number;
  /** Unwraps a key of `length` bytes (RSAES-PKCS1-v1_5); undefined when it was not wrapped for this key. */
  unwrap(wrapped: Uint8Array, length: number): Uint8Array | undefined;
}

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
 * An RSA private key from PEM or DER, PKCS#1 or PKCS#8, each with or without a passphrase (that of the old PEM header
 * `Proc-Type: 4,ENCRYPTED` too). Text around the PEM is ignored. `file` is for messages. Throws
 * `seal.passphraseNeeded`, `seal.wrongPassphrase`, `seal.notRsa` and `seal.notAKey`.
 */
export function parseKey(bytes: Uint8Array, file: string, passphrase?: string): PrivateKey {
  const { inputs, encrypted } = findKey(bytes, file);
  if (encrypted && passphrase === undefined) throw sealErrors.passphraseNeeded(file);
  for (const input of inputs) {
    const key = tryKey({ ...input, ...(encrypted && passphrase !== undefined && { passphrase }) });
    if (key === undefined) continue;
    if (key.asymmetricKeyType !== "rsa") throw sealErrors.notRsa(file, key.asymmetricKeyType ?? "secret");
    return privateKey(key, basename(file));
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

function privateKey(key: KeyObject, name: string): PrivateKey {
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  const bits = key.asymmetricKeyDetails?.modulusLength ?? modulusBits(key);
  const size = Math.ceil(bits / 8);
  return {
    name,
    fingerprint: createHash("sha256").update(spki).digest("hex"),
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
  };
}

/** Runtimes without `asymmetricKeyDetails`. */
function modulusBits(key: KeyObject): number {
  const { n = "" } = createPublicKey(key).export({ format: "jwk" });
  return Buffer.from(String(n), "base64url").length * 8;
}
