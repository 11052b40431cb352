import { createHash } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { sshStrings } from "./wire.ts";
import { x25519, x25519PublicKey } from "./x25519.ts";

/** An Ed25519 private key. It signs, and age seals for it all the same (C2SP age.md doesn't name it; age's `agessh` does). */
export interface Ed25519Key {
  readonly kind: "ed25519";
  readonly name: string;
  /** SHA-256 of the public key (SubjectPublicKeyInfo), in hex. */
  readonly fingerprint: string;
  readonly curve: "Ed25519";
  /** As SSH writes it behind `ssh-ed25519` (RFC 8709). */
  readonly sshPublicKey: Uint8Array;
  /** The point of X25519 that belongs to it. */
  readonly point: Uint8Array;
  /** The shared point with another; undefined for one of low order. */
  agree(point: Uint8Array): Uint8Array | undefined;
}

export function ed25519Key(key: KeyObject, name: string, fingerprint: string): Ed25519Key {
  const { d = "", x = "" } = key.export({ format: "jwk" });
  const seed = Buffer.from(String(d), "base64url");
  // RFC 8032, 5.1.5: the first half of the hash, which X25519 clamps as Ed25519 does.
  const scalar = createHash("sha512").update(seed).digest().subarray(0, 32);
  seed.fill(0);
  return {
    kind: "ed25519",
    name,
    fingerprint,
    curve: "Ed25519",
    sshPublicKey: sshStrings(Buffer.from("ssh-ed25519"), Buffer.from(String(x), "base64url")),
    point: x25519PublicKey(scalar),
    agree: (point) => x25519(scalar, point),
  };
}
