import { CryoscopeError } from "../../bytes/index.ts";
import { sealErrors } from "../errors.ts";
import { keysOfKind } from "../keys/key.ts";
import type { Key, OpenPgpKey } from "../keys/key.ts";
import type { PrivateKey } from "./library.ts";
import type * as libraryTypes from "./library.ts";
import { isArmoredMessage } from "./recognise.ts";

type Library = typeof libraryTypes;

/** A head shorter than this is the whole message. */
const SMALL = 64 * 1024;

/** Why a message didn't open: no key is for it, or it is for one and was changed. */
export type PgpFailure = "wrongKey" | "notAuthentic" | "unsupported";

/**
 * Deciphers a message with the secret keys (unlocked by the passphrases) or with the passphrases themselves, handing the plaintext to `write` piece by piece as it
 * comes: what was written counts only when this says `undefined`, since the message is authenticated at its end.
 */
export async function openByLibrary(
  input: AsyncIterable<Uint8Array>,
  head: Uint8Array,
  keys: readonly Key[],
  by: "keys" | "passphrases",
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<PgpFailure | undefined> {
  const library: Library = await import("./library.ts");
  const passphrases = keysOfKind(keys, "passphrase").map(({ bytes }) => Buffer.from(bytes).toString("utf8"));
  const decryptionKeys: PrivateKey[] = [];
  if (by === "keys")
    for (const key of keysOfKind(keys, "openpgp"))
      decryptionKeys.push(...(await secretKeys(library, key, passphrases)));
  let began = false;
  try {
    // Of a short stream the library loses the end where the runtime has no AES-CFB, as in VS Code.
    const whole = head.length < SMALL ? Uint8Array.from(head) : undefined;
    const message = isArmoredMessage(head)
      ? await library.readMessage({ armoredMessage: streamOf(text(input)) })
      : await library.readMessage({ binaryMessage: whole ?? streamOf(input) });
    const { data } = await library.decrypt({
      message,
      // Given both, the library would try passphrases alone.
      ...(by === "keys" ? { decryptionKeys } : { passwords: passphrases }),
      format: "binary",
      // Or else the library would keep all of it in memory until its end has been seen.
      config: { allowUnauthenticatedStream: true },
    });
    began = true;
    if (whole && !isArmoredMessage(head)) {
      await write(data as unknown as Uint8Array);
      return undefined;
    }
    const reader = (data as unknown as ReadableStream<Uint8Array>).getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) await write(next.value);
    return undefined;
  } catch (error) {
    if (error instanceof CryoscopeError) throw error;
    const why = error instanceof Error ? error.message : "";
    if (/not supported|unknown|unsupported|Unrecognized|disabled/i.test(why) && !began) return "unsupported";
    // Under a wrong passphrase a message is noise, which may begin like anything: it can't be told from a changed one.
    if (by === "passphrases") return "wrongKey";
    return began || /modification|integrity|misformed|malformed|truncat/i.test(why)
      ? "notAuthentic"
      : "wrongKey";
  }
}

/** The keys of one file, unlocked as far as the passphrases go. */
async function secretKeys(
  library: Library,
  key: OpenPgpKey,
  passphrases: readonly string[],
): Promise<readonly PrivateKey[]> {
  const isArmored = Buffer.from(key.bytes).includes("-----BEGIN PGP PRIVATE KEY BLOCK-----");
  let found: readonly PrivateKey[];
  try {
    found = isArmored
      ? await library.readPrivateKeys({ armoredKeys: Buffer.from(key.bytes).toString("utf8") })
      : await library.readPrivateKeys({ binaryKeys: Uint8Array.from(key.bytes) });
  } catch {
    throw sealErrors.notAKey(key.name, "a damaged OpenPGP key");
  }
  const unlocked: PrivateKey[] = [];
  for (const privateKey of found) {
    if (privateKey.isDecrypted()) {
      unlocked.push(privateKey);
      continue;
    }
    const opened = await library
      .decryptKey({ privateKey, passphrase: [...passphrases] })
      .catch(() => undefined);
    if (opened) unlocked.push(opened);
  }
  if (unlocked.length === 0)
    throw passphrases.length === 0
      ? sealErrors.passphraseNeeded(key.name)
      : sealErrors.wrongPassphrase(key.name);
  return unlocked;
}

function streamOf<T>(input: AsyncIterable<T>): ReadableStream<T> {
  const iterator = input[Symbol.asyncIterator]();
  return new ReadableStream<T>({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

async function* text(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const bytes of input) yield Buffer.from(bytes).toString("latin1");
}
