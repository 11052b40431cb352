import { createSpill } from "../../archive/index.ts";
import { CryoscopeError, readChunks } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { sealErrors } from "../errors.ts";
import type { KeyNeed } from "../errors.ts";
import { keysOfKind } from "../keys/key.ts";
import type { Key } from "../keys/key.ts";
import type { OpenedSource, OpenSealedOptions } from "../opened.ts";
import { openByGpg } from "./by-gpg.ts";
import { openByLibrary } from "./by-library.ts";
import type { PgpFailure } from "./by-library.ts";
import { isArmoredMessage, pgpRecipients } from "./recognise.ts";

const HEAD = 64 * 1024;
const CHUNK = 256 * 1024;
/** A packed message may grow by this much; a gigabyte of zeros is not what a checkpoint is. */
const MAX_RATIO = 20_000;
const SMALL = 1 << 26;

type Write = (bytes: Uint8Array) => Promise<void>;
type Outcome = PgpFailure | "missing" | undefined;

/** What to tell when several attempts failed in different ways: the first of these. */
const WORST_FIRST = ["notAuthentic", "unprotected", "unsupported", "wrongKey", "missing"] as const;

/** What became of attempts. A key that is locked doesn't end them: another one may fit without a question. */
class Failures {
  readonly #seen = new Set<Outcome>();
  /** The first error about a key that the message is for, and that is locked. */
  locked: CryoscopeError | undefined;

  async of(run: (write: Write) => Promise<Outcome>, write: Write): Promise<Outcome> {
    try {
      const outcome = await run(write);
      this.#seen.add(outcome);
      return outcome;
    } catch (error) {
      const isLocked =
        error instanceof CryoscopeError &&
        (error.code === "seal.passphraseNeeded" || error.code === "seal.wrongPassphrase");
      if (!isLocked) throw error;
      this.locked ??= error;
      return "wrongKey";
    }
  }

  worst(): Outcome {
    return WORST_FIRST.find((each) => this.#seen.has(each));
  }
}

/**
 * Opens an OpenPGP message with secret keys, passphrases, or the user's `gpg`. It can only be read from start to end
 * and is authenticated at its end, so all of it goes into an encrypted spill file first, which nobody sees before the
 * end has been checked. Throws `seal.keyNeeded`, `seal.wrongKey`, `seal.notAuthentic`, `seal.unsupported`, what
 * `createSpill` throws, and the signal's reason.
 */
export async function openPgp(
  sealed: ByteSource,
  file: string,
  keys: readonly Key[],
  { signal, spillFolder }: OpenSealedOptions = {},
): Promise<OpenedSource> {
  const head = await sealed.read(0, HEAD);
  const need = needOf(head);
  const own = keysOfKind(keys, "openpgp", "passphrase");
  const gpgs = keysOfKind(keys, "gpg");
  if (own.length + gpgs.length === 0) throw sealErrors.keyNeeded(file, need);
  const attempts: { by: string; run: (write: Write) => Promise<Outcome> }[] = [];
  const passphrases = keysOfKind(keys, "passphrase");
  for (const key of keysOfKind(keys, "openpgp"))
    attempts.push({ by: key.name, run: (write) => openByLibrary(input(), head, key, passphrases, write) });
  // One by one, so that it can be said which it was.
  for (const one of passphrases)
    attempts.push({ by: one.name, run: (write) => openByLibrary(input(), head, undefined, [one], write) });
  for (const gpg of gpgs)
    attempts.push({ by: gpg.name, run: (write) => openByGpg(input(), gpg, write, signal) });
  const failures = new Failures();
  for (const { by, run } of attempts) {
    const spill = await createSpill(spillFolder);
    let isDone = false;
    try {
      let size = 0;
      const failure = await failures.of(run, async (bytes) => {
        signal?.throwIfAborted();
        size += bytes.length;
        const isBomb = size > SMALL && size > sealed.size * MAX_RATIO;
        if (size > spill.room || isBomb)
          throw sealErrors.damaged({ file }, "what comes out of it is too large");
        await spill.write(bytes);
      });
      isDone = failure === undefined;
      if (isDone) return { source: await spill.finish(), openedBy: by, notes: [] };
      if (failure === "notAuthentic") break;
    } finally {
      if (!isDone) await spill.discard();
    }
  }
  throw failures.locked ?? failed(failures.worst());

  function input(): AsyncGenerator<Uint8Array> {
    return readChunks(sealed, { chunk: CHUNK, ...(signal && { signal }) });
  }

  function failed(why: Outcome): CryoscopeError {
    if (why === "notAuthentic") return sealErrors.notAuthentic(file, "The OpenPGP message");
    if (why === "missing") return sealErrors.programFailed("gpg", "it is not installed, or not on the PATH");
    if (why === "unprotected")
      return sealErrors.unsupported(
        file,
        "an OpenPGP message that nothing authenticates: it may have been changed unseen",
        "If you trust it all the same, open it with `gpg --ignore-mdc-error -o checkpoint.tar -d FILE`.",
      );
    if (why === "unsupported")
      return sealErrors.unsupported(
        file,
        "an OpenPGP message in a cipher or form that isn't known here",
        "Open it with `gpg -o checkpoint.tar -d FILE`.",
      );
    return sealErrors.wrongKey(
      file,
      [...own, ...gpgs].map(({ name }) => name),
      need,
    );
  }
}

/** Opens a small message in memory: how ocicrypt wraps keys. undefined when no key fits. */
export async function openSmallPgp(
  bytes: Uint8Array,
  keys: readonly Key[],
): Promise<{ readonly plaintext: Uint8Array; readonly openedBy: string } | undefined> {
  const attempts: { by: string; run: (write: Write) => Promise<Outcome> }[] = [];
  for (const key of keysOfKind(keys, "openpgp"))
    attempts.push({
      by: key.name,
      run: (write) => openByLibrary(input(), bytes, key, keysOfKind(keys, "passphrase"), write),
    });
  for (const gpg of keysOfKind(keys, "gpg"))
    attempts.push({ by: gpg.name, run: (write) => openByGpg(input(), gpg, write) });
  const failures = new Failures();
  for (const { by, run } of attempts) {
    const pieces: Uint8Array[] = [];
    const failure = await failures.of(run, (piece) => Promise.resolve(void pieces.push(piece)));
    if (failure === undefined) return { plaintext: Buffer.concat(pieces), openedBy: by };
  }
  if (failures.locked) throw failures.locked;
  return undefined;

  async function* input(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(Uint8Array.from(bytes));
  }
}

function needOf(head: Uint8Array): KeyNeed {
  if (isArmoredMessage(head))
    return { sealed: "with OpenPGP", give: "Give the OpenPGP secret key or the passphrase that opens it." };
  const { keyIds, passphrase } = pgpRecipients(head);
  const ways = [
    ...(keyIds.length > 0 ? [`the OpenPGP secret key ${keyIds.join(" or ")}`] : []),
    ...(passphrase ? ["the passphrase (if you are sure of it, the file was changed)"] : []),
  ];
  return { sealed: "with OpenPGP", give: `Give ${ways.join(", or ") || "the key that opens it"}.` };
}
