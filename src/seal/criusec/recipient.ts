import { constants, createPublicKey, publicEncrypt, X509Certificate } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { basename } from "node:path";
import { sealErrors } from "../errors.ts";

/** For whom a layer is sealed. */
export interface CriuRecipient {
  readonly name: string;
  /** What a person should know: that its certificate has expired. CRIU doesn't look at it either. */
  readonly notes: readonly string[];
  /** RSAES-PKCS1-v1_5, as CRIU wraps keys. */
  wrap(key: Uint8Array): Uint8Array;
}

/** PKCS#1 padding has 11 bytes, and the longest key 64. */
const MIN_BITS = 1024;

/**
 * A recipient from PEM: an X.509 certificate or a public key, RSA of at least 1024 bits. Throws `seal.notARecipient`.
 */
export function parseRecipient(pem: string, file: string, now = new Date()): CriuRecipient {
  if (pem.includes("PRIVATE KEY-----"))
    throw sealErrors.notARecipient("a private key, which stays where it is");
  const notes: string[] = [];
  let key: KeyObject;
  try {
    if (pem.includes("-----BEGIN CERTIFICATE-----")) {
      const certificate = new X509Certificate(pem);
      key = certificate.publicKey;
      if (new Date(certificate.validTo) < now)
        notes.push(
          `The certificate ${basename(file)} expired on ${certificate.validTo}; its key is used all the same.`,
        );
    } else key = createPublicKey(pem);
  } catch {
    throw sealErrors.notARecipient("no certificate or public key");
  }
  if (key.asymmetricKeyType !== "rsa")
    throw sealErrors.notARecipient(
      `a key of the kind "${key.asymmetricKeyType ?? "secret"}", and CRIU seals for RSA alone`,
    );
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < MIN_BITS) throw sealErrors.notARecipient(`an RSA key of ${bits} bits`);
  return {
    name: basename(file),
    notes,
    wrap: (secret) => publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, secret),
  };
}
