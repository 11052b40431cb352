// X25519 (RFC 7748) by the runtime, over bytes; and the way from Ed25519's public keys to it.
import { createPrivateKey, createPublicKey, diffieHellman } from "node:crypto";

/** What stands before the 32 bytes in PKCS#8 and in SubjectPublicKeyInfo (RFC 8410). */
const PRIVATE = Buffer.from("302e020100300506032b656e04220420", "hex");
const PUBLIC = Buffer.from("302a300506032b656e032100", "hex");

/** The shared point of a scalar and a public key, 32 bytes each; undefined for a point of low order, which is none. */
export function x25519(scalar: Uint8Array, point: Uint8Array): Buffer | undefined {
  const der = Buffer.concat([PRIVATE, scalar]);
  try {
    const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    const publicKey = createPublicKey({
      key: Buffer.concat([PUBLIC, point]),
      format: "der",
      type: "spki",
    });
    const shared = diffieHellman({ privateKey, publicKey });
    return shared.every((byte) => byte === 0) ? undefined : shared;
  } catch {
    return undefined;
  } finally {
    der.fill(0);
  }
}

/** The public key of a scalar. */
export function x25519PublicKey(scalar: Uint8Array): Buffer {
  const der = Buffer.concat([PRIVATE, scalar]);
  const key = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
  der.fill(0);
  return key.export({ format: "der", type: "spki" }).subarray(-32);
}

const P = 2n ** 255n - 19n;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base % P, rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

/** The point of X25519 that an Ed25519 public key stands for: u = (1 + y) / (1 - y) modulo 2^255 - 19 (RFC 7748, 4.1). */
export function montgomeryPoint(ed25519PublicKey: Uint8Array): Buffer {
  const bytes = Buffer.from(ed25519PublicKey).reverse();
  // The highest bit is x's sign.
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  const y = BigInt(`0x${bytes.toString("hex")}`);
  const u = ((1n + y) * power(P + 1n - (y % P), P - 2n)) % P;
  return Buffer.from(u.toString(16).padStart(64, "0"), "hex").reverse();
}
