import { CryoscopeError, openFileSource } from "../bytes/index.ts";
import { loadKey } from "../seal/index.ts";
import type { PrivateKey } from "../seal/index.ts";

/** What `--key` and `--passphrase-file` gave, see `KEY_OPTIONS`. */
export interface KeyFiles {
  readonly key: readonly string[];
  readonly "passphrase-file": readonly string[];
}

/** A passphrase is one line; a larger file is none. */
const MAX_PASSPHRASE = 4096;

/**
 * Loads the keys; each that needs a passphrase is tried with all of them. Throws what `loadKey` throws, and
 * `bytes.unreadable` for a passphrase file that can't be read.
 */
export async function loadKeys(files: KeyFiles): Promise<readonly PrivateKey[]> {
  const passphrases: string[] = [];
  for (const path of files["passphrase-file"]) passphrases.push(await readPassphrase(path));
  const keys: PrivateKey[] = [];
  for (const path of files.key) keys.push(await loadWithAny(path, passphrases));
  return keys;
}

async function loadWithAny(path: string, passphrases: readonly string[]): Promise<PrivateKey> {
  for (const passphrase of [undefined, ...passphrases.slice(0, -1)])
    try {
      return await loadKey(path, passphrase);
    } catch (error) {
      if (!isAboutPassphrase(error)) throw error;
    }
  // The last attempt says what is wrong.
  return loadKey(path, passphrases.at(-1));
}

function isAboutPassphrase(error: unknown): boolean {
  return (
    error instanceof CryoscopeError && ["seal.passphraseNeeded", "seal.wrongPassphrase"].includes(error.code)
  );
}

/** The first line of the file, without its line break. */
async function readPassphrase(path: string): Promise<string> {
  const source = await openFileSource(path);
  try {
    const text = Buffer.from(await source.read(0, MAX_PASSPHRASE)).toString("utf8");
    return text.split(/\r?\n/, 1)[0] ?? "";
  } finally {
    await source.close?.();
  }
}
