import { CryoscopeError } from "../../bytes/index.ts";
import { sealErrors } from "../errors.ts";
import type { OpenPgpKey, Passphrase } from "../keys/key.ts";
import { OcbContent, ocbPacketOf } from "./aead.ts";
import type { Message, PrivateKey } from "./library.ts";
import type * as libraryTypes from "./library.ts";
import { isArmoredMessage, pgpRecipients } from "./recognise.ts";
import { overwrite, readSecretKeys, unlocked } from "./secret-keys.ts";
import { Stall } from "./stall.ts";

type Library = typeof libraryTypes;
type Bytes = Uint8Array | ReadableStream<Uint8Array>;

/** A head shorter than this is the whole message. */
const SMALL = 64 * 1024;

/** In the library's words: a cipher, version or form that it doesn't have, or doesn't take from this key. */
const UNSUPPORTED = /not supported|unknown|unsupported|unrecognized|disabled|non-preferred|invalid enum/i;

/** Of a message, what tells for whom it is. */
interface Recipients {
  getEncryptionKeyIDs(): readonly { toHex(): string }[];
}

/** What the library says of a message in the oldest form, which anybody may change unseen (RFC 9580, 5.7). */
const UNPROTECTED = /not authenticated/i;

/** Why a message didn't open: no key is for it, it is for one and was changed, or nothing would show if it was. */
export type PgpFailure = "wrongKey" | "notAuthentic" | "unsupported" | "unprotected";

/**
 * Deciphers a message with a file's secret keys (unlocked by the passphrases) or, where none is given, with the
 * passphrases themselves, handing the plaintext to `write` piece by piece as it comes: what was written counts only
 * when this says `undefined`, since the message is authenticated at its end. Throws `seal.passphraseNeeded` and
 * `seal.wrongPassphrase` when it is for a key that is locked.
 */
export async function openByLibrary(
  input: AsyncIterable<Uint8Array>,
  head: Uint8Array,
  key: OpenPgpKey | undefined,
  passphraseKeys: readonly Passphrase[],
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<PgpFailure | undefined> {
  const library: Library = await import("./library.ts");
  const stall = new Stall();
  let isLost = false;
  const attempt = attemptByLibrary(
    library,
    watched(input, stall),
    head,
    key,
    passphraseKeys,
    async (bytes) => {
      if (!isLost) await stall.outside(() => write(bytes));
    },
  );
  return stall.orElse(attempt, async () => {
    isLost = true;
    return whoseFault({ isNamed: key !== undefined && (await isNamedIn(head, library, key)) });
  });
}

async function* watched(input: AsyncIterable<Uint8Array>, stall: Stall): AsyncGenerator<Uint8Array> {
  const iterator = input[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await stall.outside(() => iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

async function attemptByLibrary(
  library: Library,
  input: AsyncIterable<Uint8Array>,
  head: Uint8Array,
  key: OpenPgpKey | undefined,
  passphraseKeys: readonly Passphrase[],
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<PgpFailure | undefined> {
  const passphrases = passphraseKeys.map(({ bytes }) => Buffer.from(bytes).toString("utf8"));
  let began = false;
  let own: Awaited<ReturnType<typeof keysFor>>;
  let content: OcbContent | undefined;
  try {
    // Of a short stream the library loses the end where the runtime has no AES-CFB, as in VS Code.
    const whole = head.length < SMALL ? Uint8Array.from(head) : undefined;
    const message = isArmoredMessage(head)
      ? await library.readMessage({ armoredMessage: streamOf(text(input)) })
      : await library.readMessage({ binaryMessage: whole ?? streamOf(input) });
    own = key && (await keysFor(message, library, key, passphrases));
    if (key && own === undefined) return "wrongKey";
    // Given both, the library would try passphrases alone.
    const by = own ? { decryptionKeys: [...own.open] } : { passwords: passphrases };
    content = await ocbContentOf(library, message, by);
    if (content) {
      const inner = await library.readMessage({ binaryMessage: streamOf(content.pieces) });
      began = true;
      await writeAll(inner.getLiteralData() ?? new Uint8Array(0), write);
      // What the library doesn't need to see has to be authentic too.
      return (await content.isAuthentic()) ? undefined : whoseFault(own);
    }
    const { data } = await library.decrypt({
      message,
      ...by,
      format: "binary",
      // Or else the library would keep all of it in memory until its end has been seen.
      config: { allowUnauthenticatedStream: true },
    });
    began = true;
    await writeAll(data, write);
    return undefined;
  } catch (error) {
    if (error instanceof CryoscopeError) throw error;
    // What was read of something that isn't authentic says nothing.
    if (content && !(await content.isAuthentic().catch(() => false))) return whoseFault(own);
    const why = error instanceof Error ? error.message : "";
    if (UNPROTECTED.test(why) && !began) return "unprotected";
    if (UNSUPPORTED.test(why) && !began) return "unsupported";
    return whoseFault(own ?? { isNamed: key !== undefined && (await isNamedIn(head, library, key)) });
  } finally {
    own?.open.forEach(overwrite);
    content?.dispose();
  }
}

/**
 * A message that names this key and doesn't open with it was changed, in whatever way: the ways look the same. With a
 * passphrase, or for somebody who isn't named, it can't be told from one for another.
 */
const whoseFault = (own: { readonly isNamed: boolean } | undefined): PgpFailure =>
  own?.isNamed === true ? "notAuthentic" : "wrongKey";

/** The content of a message that is sealed with OCB; undefined where the library has to do it. */
async function ocbContentOf(
  library: Library,
  message: Message<Bytes>,
  by: { readonly decryptionKeys: PrivateKey[] } | { readonly passwords: string[] },
): Promise<OcbContent | undefined> {
  const packet = [...message.packets].map(ocbPacketOf).find((each) => each !== undefined);
  if (packet === undefined) return undefined;
  const found = await library.decryptSessionKeys({ message, ...by });
  try {
    // Of several, of which a passphrase can't tell which is right, the library tries each.
    const [only] = found;
    return only && found.length === 1 ? OcbContent.of(packet, only.data) : undefined;
  } finally {
    for (const { data } of found) data.fill(0);
  }
}

/**
 * The keys of one file that the message may be for, unlocked as far as the passphrases go. undefined when it is for none of them.
 * Throws `seal.passphraseNeeded` and `seal.wrongPassphrase` when it is, and they are locked.
 */
async function keysFor(
  message: Recipients,
  library: Library,
  key: OpenPgpKey,
  passphrases: readonly string[],
): Promise<{ readonly open: readonly PrivateKey[]; readonly isNamed: boolean } | undefined> {
  const recipients = message.getEncryptionKeyIDs().map((id) => id.toHex());
  const all = await readSecretKeys(library, key.bytes, key.name);
  const named = all.filter((secret) => secret.getKeyIDs().some((id) => recipients.includes(id.toHex())));
  // Zeros stand for a recipient who isn't named.
  const meant = named.length > 0 || !recipients.some((id) => /^0*$/.test(id)) ? named : all;
  const open: PrivateKey[] = [];
  for (const secret of meant) {
    const opened = await unlocked(library, secret, passphrases);
    if (opened) open.push(opened);
  }
  for (const secret of all) if (!open.includes(secret)) overwrite(secret);
  if (open.length > 0) return { open, isNamed: named.length > 0 };
  if (meant.length === 0) return undefined;
  throw passphrases.length === 0
    ? sealErrors.passphraseNeeded(key.name)
    : sealErrors.wrongPassphrase(key.name);
}

/** Of a whole message the library gives bytes, of a stream a stream. */
async function writeAll(data: unknown, write: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  if (data instanceof Uint8Array) {
    await write(data);
    return;
  }
  const reader = (data as ReadableStream<Uint8Array>).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) await write(next.value);
}

/** Whether a binary message that can't be read, since it was cut, names a key of this file. */
async function isNamedIn(head: Uint8Array, library: Library, key: OpenPgpKey): Promise<boolean> {
  const { keyIds } = pgpRecipients(head);
  const all = await readSecretKeys(library, key.bytes, key.name);
  all.forEach(overwrite);
  return all.some((secret) => secret.getKeyIDs().some((id) => keyIds.includes(id.toHex().toUpperCase())));
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
