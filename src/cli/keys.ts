import { CryoscopeError, openFileSource } from "../bytes/index.ts";
import { forgetKey, loadKeyFile, passphrase } from "../seal/index.ts";
import type { Key } from "../seal/index.ts";
import { parseSize } from "./size.ts";

/** What `--key`, `--passphrase-file` and `--openssl-enc` gave, see `KEY_OPTIONS`. */
export interface KeyFiles {
  readonly key: readonly string[];
  readonly "passphrase-file": readonly string[];
  readonly "openssl-enc"?: string | undefined;
  /** Not about keys, but of the same commands: how far a packed archive may inflate. */
  readonly "max-inflated"?: string | undefined;
}

/** A passphrase is one line; a larger file is none. */
const MAX_PASSPHRASE = 4096;
/** What stands for the user's own keyring and agent, in the place of a file. */
const GPG = "gpg-agent";

/**
 * Loads every key of the files, and the passphrases, which are keys too; a file that needs a passphrase is tried with
 * all of them. Throws what `loadKeyFile` throws, and `bytes.unreadable` for a passphrase file that can't be read.
 */
export async function loadKeys(files: KeyFiles): Promise<readonly Key[]> {
  const passphrases: string[] = [];
  for (const path of files["passphrase-file"]) passphrases.push(await readPassphrase(path));
  const keys: Key[] = [];
  for (const path of files.key)
    if (path === GPG) keys.push({ kind: "gpg", name: "gpg" });
    else keys.push(...(await loadWithAny(path, passphrases)));
  return [
    ...keys,
    ...passphrases.map((text, index) =>
      passphrase(text, `the passphrase in ${files["passphrase-file"][index] ?? "a file"}`),
    ),
  ];
}

/** What the schemes and archives need besides keys. Throws `cli.usage`. */
export function sealOptions({ "openssl-enc": opensslEnc, "max-inflated": maxInflated }: KeyFiles): {
  readonly opensslEnc?: string;
  readonly maxInflated?: number;
  readonly atOnce: number;
} {
  return {
    // Headers and images; starting threads takes longer than reading them.
    atOnce: 64 * 1024,
    ...(opensslEnc !== undefined && { opensslEnc }),
    ...(maxInflated !== undefined && { maxInflated: parseSize(maxInflated, "--max-inflated") }),
  };
}

/** Overwrites what the keys hold, as far as that goes (docs/sealed.md). */
export function forgetKeys(keys: readonly Key[]): void {
  for (const key of keys) forgetKey(key);
}

async function loadWithAny(path: string, passphrases: readonly string[]): Promise<readonly Key[]> {
  for (const secret of [undefined, ...passphrases.slice(0, -1)])
    try {
      return await loadKeyFile(path, secret);
    } catch (error) {
      if (!isAboutPassphrase(error)) throw error;
    }
  // The last attempt says what is wrong.
  return loadKeyFile(path, passphrases.at(-1));
}

function isAboutPassphrase(error: unknown): boolean {
  return (
    error instanceof CryoscopeError && ["seal.passphraseNeeded", "seal.wrongPassphrase"].includes(error.code)
  );
}

/** The first line of the file, without its line break. */
export async function readPassphrase(path: string): Promise<string> {
  const source = await openFileSource(path);
  try {
    const bytes = Buffer.from(await source.read(0, MAX_PASSPHRASE));
    const text = bytes.toString("utf8").split(/\r?\n/, 1)[0] ?? "";
    bytes.fill(0);
    return text;
  } finally {
    await source.close?.();
  }
}
