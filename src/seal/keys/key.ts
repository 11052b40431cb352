// What can open a seal. Each kind is one row of `Key`; schemes ask for the kinds they understand.
import type { PrivateKey } from "./private-key.ts";

interface Named {
  /** For messages: a file's name. Never what is in it. */
  readonly name: string;
}

export interface Passphrase extends Named {
  readonly kind: "passphrase";
  /** UTF-8, overwritten by `forgetKey`. */
  readonly bytes: Uint8Array;
}

/** age identities, as `age-keygen` writes them. */
export interface AgeKey extends Named {
  readonly kind: "age";
  /** `AGE-SECRET-KEY-1…`; of text nothing can be overwritten. */
  readonly identities: readonly string[];
}

/** OpenPGP secret keys, binary or armored. */
export interface OpenPgpKey extends Named {
  readonly kind: "openpgp";
  readonly bytes: Uint8Array;
}

/** The user's own `gpg` with its agent and keyring: it asks for passphrases itself. */
export interface GpgAgent extends Named {
  readonly kind: "gpg";
  /** Path of the program; `gpg` where not given. */
  readonly program?: string;
  /** GNUPGHOME, where it isn't the user's own. */
  readonly home?: string;
}

/** A symmetric key as it is: what wraps the keys of container images (KEK), 32 bytes. */
export interface RawKey extends Named {
  readonly kind: "raw";
  readonly bytes: Uint8Array;
}

/** ocicrypt's key provider: a program that unwraps keys (`OCICRYPT_KEYPROVIDER_CONFIG`). */
export interface KeyProvider extends Named {
  readonly kind: "provider";
  /** Name of the provider in `org.opencontainers.image.enc.keys.provider.NAME`. */
  readonly provider: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** A key broker (KBS) that gives keys for a bearer token. */
export interface KeyBroker extends Named {
  readonly kind: "broker";
  /** `https://kbs.example:8080`. */
  readonly url: string;
  readonly token: string;
  /** The private half of the key that the token was issued for; the answer is sealed for it. */
  readonly teeKey: PrivateKey | undefined;
}

export type Key = PrivateKey | Passphrase | AgeKey | OpenPgpKey | GpgAgent | RawKey | KeyProvider | KeyBroker;

export type KeyKind = Key["kind"];

/** The keys of these kinds, in their order. */
export function keysOfKind<K extends KeyKind>(
  keys: readonly Key[],
  ...kinds: readonly K[]
): readonly Extract<Key, { kind: K }>[] {
  const wanted = new Set<KeyKind>(kinds);
  return keys.filter((key): key is Extract<Key, { kind: K }> => wanted.has(key.kind));
}

/** Overwrites what a key holds in bytes. Of texts and of the runtime's key objects nothing can be overwritten. */
export function forgetKey(key: Key): void {
  if (key.kind === "passphrase" || key.kind === "openpgp" || key.kind === "raw") key.bytes.fill(0);
}

/** A passphrase from text. */
export function passphrase(text: string, name = "a passphrase"): Passphrase {
  return { kind: "passphrase", name, bytes: Buffer.from(text, "utf8") };
}
