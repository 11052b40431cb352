import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { CryoscopeError, openFileSource } from "../../bytes/index.ts";
import { sealSchemeOf } from "../../seal/index.ts";
import type { Key } from "../../seal/index.ts";
import type { KeyRing, Quiet } from "./ring.ts";

/** What an attempt to open a file gets besides keys. */
export interface UnlockOptions {
  readonly openedBy: (name: string) => void;
  /** What `openssl enc` was called with, where the person has said so. */
  readonly opensslEnc?: string;
}

/**
 * Runs `attempt` with the keys that are known, then with one that the person is asked for, and for `openssl enc` with
 * the parameters that they are asked for. `lock` closes what was opened when a key that opened it is forgotten. With `quiet`
 * they are asked for nothing.
 */
export type UnlockFile = <T extends object>(
  path: string,
  attempt: (keys: readonly Key[], options: UnlockOptions) => Promise<T>,
  lock: (opened: T) => Promise<void> | void,
  quiet?: Quiet,
) => Promise<T>;

/** Of VS Code's Memento what is needed here. */
interface State {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

const STATE = "keys.opensslEnc";
/** Files whose parameters are remembered; the oldest are dropped. */
const MAX_FILES = 200;
const HEAD = 4096;

/**
 * Opens files with the ring's keys. The parameters of `openssl enc`, which the file doesn't hold, are asked for once
 * for each file and remembered in the workspace, by a digest of how the file begins (its salt is random): a cipher's
 * name, a hash's and a number, nothing secret.
 */
export class FileUnlocker {
  constructor(
    private readonly ring: Pick<KeyRing, "unlock">,
    private readonly state: State,
    /** Asks for openssl's words; undefined when the person doesn't know them. */
    private readonly askWords: (file: string) => Promise<string | undefined>,
  ) {}

  /** May be handed on as a function. Throws what `attempt` throws. */
  readonly unlock: UnlockFile = async (path, attempt, lock, quiet) => {
    const id = await encFileId(path);
    if (id === undefined)
      return this.ring.unlock(basename(path), (keys, openedBy) => attempt(keys, { openedBy }), lock, quiet);
    return this.ring.unlock(
      basename(path),
      async (keys, openedBy, asked) => {
        const known = this.#known()[id];
        try {
          return await attempt(keys, { openedBy, ...(known !== undefined && { opensslEnc: known }) });
        } catch (error) {
          // Before the passphrase was asked for, the parameters aren't the question yet.
          if (!asked || !isWrongKey(error)) throw error;
          const words = await this.askWords(basename(path));
          if (words === undefined) throw error;
          const value = await attempt(keys, { openedBy, opensslEnc: words });
          await this.#remember(id, words);
          return value;
        }
      },
      lock,
      quiet,
    );
  };

  #known(): Readonly<Record<string, string>> {
    const stored = this.state.get(STATE);
    if (typeof stored !== "object" || stored === null) return {};
    return Object.fromEntries(
      Object.entries(stored).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
    );
  }

  async #remember(id: string, words: string): Promise<void> {
    const others = Object.entries(this.#known()).filter(([other]) => other !== id);
    const kept = others.slice(Math.max(0, others.length - MAX_FILES + 1));
    await this.state.update(STATE, Object.fromEntries([...kept, [id, words]]));
  }
}

function isWrongKey(error: unknown): boolean {
  return error instanceof CryoscopeError && error.code === "seal.wrongKey";
}

/** By what a file of `openssl enc` is known again, wherever it is moved; undefined for every other one. */
async function encFileId(path: string): Promise<string | undefined> {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) return undefined;
  const source = await openFileSource(path);
  try {
    if ((await sealSchemeOf(source))?.id !== "openssl-enc") return undefined;
    const head = await source.read(0, HEAD);
    return createHash("sha256").update(head).update(String(source.size)).digest("hex").slice(0, 32);
  } finally {
    await source.close?.();
  }
}
