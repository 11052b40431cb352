import { sealErrors } from "../errors.ts";
import type { PrivateKey } from "./library.ts";
import type * as libraryTypes from "./library.ts";

type Library = typeof libraryTypes;

const ARMOR = "-----BEGIN PGP PRIVATE KEY BLOCK-----";

/** The secret keys of a file, as they are: armored or binary. Throws `seal.notAKey`. */
export async function readSecretKeys(
  library: Library,
  bytes: Uint8Array,
  file: string,
): Promise<readonly PrivateKey[]> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    return buffer.includes(ARMOR)
      ? await library.readPrivateKeys({ armoredKeys: buffer.toString("utf8") })
      : await library.readPrivateKeys({ binaryKeys: Uint8Array.from(bytes) });
  } catch {
    throw sealErrors.notAKey(file, "a damaged OpenPGP key");
  }
}

/** The key unlocked by one of the passphrases; undefined when none is its. */
export async function unlocked(
  library: Library,
  privateKey: PrivateKey,
  passphrases: readonly string[],
): Promise<PrivateKey | undefined> {
  if (privateKey.isDecrypted()) return privateKey;
  if (passphrases.length === 0) return undefined;
  return library.decryptKey({ privateKey, passphrase: [...passphrases] }).catch(() => undefined);
}

/**
 * The secret keys of a file in binary, those unlocked that the passphrase opens. Throws `seal.notAKey`,
 * `seal.passphraseNeeded` and `seal.wrongPassphrase`: the latter two only when no key of the file is open.
 */
export async function unlockSecretKeys(
  bytes: Uint8Array,
  file: string,
  passphrase: string | undefined,
): Promise<Uint8Array> {
  const library: Library = await import("./library.ts");
  const found = await readSecretKeys(library, bytes, file);
  const passphrases = passphrase === undefined ? [] : [passphrase];
  const keys: PrivateKey[] = [];
  for (const key of found) keys.push((await unlocked(library, key, passphrases)) ?? key);
  if (!keys.some((key) => key.isDecrypted()))
    throw passphrase === undefined ? sealErrors.passphraseNeeded(file) : sealErrors.wrongPassphrase(file);
  const written = keys.map((key) => key.write());
  const all = Buffer.concat(written);
  for (const one of written) one.fill(0);
  keys.forEach(overwrite);
  return all;
}

/** Overwrites the numbers of an unlocked key, as far as the library lets that be done. The key can't be used any more. */
export function overwrite(key: PrivateKey): void {
  for (const { keyPacket } of key.getKeys()) {
    // Of the library's code, and not of its types: the numbers, and the bytes that they were read from or written to.
    const { privateParams, keyMaterial } = keyPacket as {
      privateParams?: Readonly<Record<string, unknown>> | null;
      keyMaterial?: unknown;
    };
    for (const value of [...Object.values(privateParams ?? {}), keyMaterial])
      if (value instanceof Uint8Array) value.fill(0);
  }
}
