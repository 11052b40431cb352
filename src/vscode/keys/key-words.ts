// What the key ring's view calls sources and keys.
import { basename } from "node:path";
import type { Key } from "../../seal/index.ts";

/** Id of the source that is the user's gpg. */
export const GPG = "gpg-agent";
/** Ids of passphrases that open checkpoints, not key files. They live as long as the session. */
export const PASSPHRASE = "passphrase:";

/** A source as a row of the view is called. */
export function nameOfSource(id: string): string {
  if (id === GPG) return "gpg and its agent";
  return id.startsWith(PASSPHRASE) ? `Passphrase ${id.slice(PASSPHRASE.length)}` : basename(id);
}

const KINDS: Readonly<Record<Key["kind"], string>> = {
  rsa: "RSA private key",
  ec: "EC private key",
  ed25519: "Ed25519 key of SSH",
  passphrase: "passphrase, for this session",
  age: "age identity",
  openpgp: "OpenPGP secret key",
  gpg: "OpenPGP keys of your keyring",
  raw: "raw key of 32 bytes",
  provider: "key provider",
  broker: "key broker",
};

/** A key in words; nothing of what is in it. */
export function describeKey(key: Key): string {
  if (key.kind === "rsa") return `${KINDS.rsa}, ${key.bits} bits, SHA-256 ${key.fingerprint}`;
  if (key.kind === "ec") return `${KINDS.ec}, ${key.curve}, SHA-256 ${key.fingerprint}`;
  if (key.kind === "ed25519") return `${KINDS.ed25519}, SHA-256 ${key.fingerprint}`;
  return KINDS[key.kind];
}
