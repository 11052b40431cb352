import { CryoscopeError } from "../../bytes/index.ts";
import { forgetKey, loadKeyFile, passphrase } from "../../seal/index.ts";
import type { Key } from "../../seal/index.ts";
import { GPG, PASSPHRASE } from "./key-words.ts";
import type { KeyChoice, KeyPrompts, KeyStore } from "./model.ts";

const MAX_SOURCES = 32;
const ALL = Symbol("all sources");
const ABOUT_PASSPHRASE = ["seal.passphraseNeeded", "seal.wrongPassphrase"];
const ABOUT_KEY = ["seal.keyNeeded", "seal.wrongKey", "seal.notRsa", ...ABOUT_PASSPHRASE];

/** Keys of one source that aren't yet kept. */
export interface Loaded {
  readonly id: string;
  readonly keys: readonly Key[];
  /** How often something had been forgotten when they were asked for. */
  readonly since: number;
}

/**
 * Where this session's keys come from, and the keys. A source's id is the path of a file, `gpg-agent` or
 * `passphrase:3`; the keys stay in memory, nothing of them is written anywhere.
 */
export class KeySources {
  readonly #keys = new Map<string, readonly Key[]>();
  #passphrases = 0;
  /** When sources were forgotten, by id, and all of them: what began before must not bring a key back. */
  readonly #forgotten = new Map<string | typeof ALL, number>();
  #forgets = 0;

  constructor(
    private readonly store: KeyStore,
    private readonly prompts: KeyPrompts,
  ) {}

  /** The one used last first; passphrases at the end. */
  ids(): readonly string[] {
    return [...this.store.paths(), ...[...this.#keys.keys()].filter((id) => id.startsWith(PASSPHRASE))];
  }

  /** The keys of every source that is loaded. */
  keys(): readonly Key[] {
    return [...this.#keys.values()].flat();
  }

  /** The keys of one source; none while it isn't loaded. */
  keysOf(id: string): readonly Key[] {
    return this.#keys.get(id) ?? [];
  }

  sourceOf(key: Key): string | undefined {
    return [...this.#keys].find(([, keys]) => keys.includes(key))?.[0];
  }

  /** Loads the remembered keys that need no question; gives those that do. Files that are gone are passed over. */
  async loadKnown(): Promise<readonly string[]> {
    const locked: string[] = [];
    for (const id of this.store.paths()) {
      if (this.#keys.has(id)) continue;
      try {
        const keys = await this.#read(id, await this.store.passphrase(id));
        // It may have been forgotten while it was read.
        if (this.store.paths().includes(id)) this.#keys.set(id, keys);
        else keys.forEach(forgetKey);
      } catch (error) {
        if (isOneOf(error, ABOUT_PASSPHRASE)) locked.push(id);
      }
    }
    return locked;
  }

  /** The keys that a person has chosen; undefined when they gave no passphrase. Throws what `loadKeyFile` throws. */
  async load(choice: KeyChoice): Promise<Loaded | undefined> {
    const since = this.#forgets;
    if (choice.kind === "gpg") return { id: GPG, keys: await this.#read(GPG), since };
    if (choice.kind === "passphrase") {
      const number = ++this.#passphrases;
      return { id: `${PASSPHRASE}${number}`, keys: [passphrase(choice.text, `passphrase ${number}`)], since };
    }
    const keys = await this.#unlockFile(choice.path);
    return keys && { id: choice.path, keys, since };
  }

  /** Keeps keys for this session, and where they come from for the next. */
  async remember({ id, keys }: Loaded): Promise<void> {
    this.#keys.set(id, keys);
    if (id.startsWith(PASSPHRASE)) return;
    const others = this.store.paths().filter((other) => other !== id);
    for (const dropped of others.slice(MAX_SOURCES - 1)) await this.store.deletePassphrase(dropped);
    await this.store.savePaths([id, ...others].slice(0, MAX_SOURCES));
  }

  /** Overwrites keys that aren't to be kept, and takes back the passphrase that was remembered for their file. */
  async drop({ id, keys }: Loaded): Promise<void> {
    if (this.#keys.has(id)) return;
    keys.forEach(forgetKey);
    if (!this.store.paths().includes(id)) await this.store.deletePassphrase(id);
  }

  /** Whether their source was forgotten since they were asked for. */
  wasForgotten({ id, since }: Loaded): boolean {
    return Math.max(this.#forgotten.get(id) ?? 0, this.#forgotten.get(ALL) ?? 0) > since;
  }

  /** Overwrites the keys of one source at once, then forgets where they came from. */
  async forget(id: string): Promise<void> {
    this.#forgotten.set(id, ++this.#forgets);
    this.keysOf(id).forEach(forgetKey);
    this.#keys.delete(id);
    await this.store.savePaths(this.store.paths().filter((path) => path !== id));
    await this.store.deletePassphrase(id);
  }

  /** Overwrites all keys at once, then forgets where they came from. */
  async forgetAll(): Promise<void> {
    this.forgetKeys();
    const paths = this.store.paths();
    await this.store.savePaths([]);
    await Promise.all(paths.map((path) => this.store.deletePassphrase(path)));
  }

  /** Overwrites all keys; where they came from stays known. */
  forgetKeys(): void {
    this.#forgotten.set(ALL, ++this.#forgets);
    this.keys().forEach(forgetKey);
    this.#keys.clear();
  }

  async #read(id: string, secret?: string): Promise<readonly Key[]> {
    return id === GPG ? [{ kind: "gpg", name: "gpg" }] : loadKeyFile(id, secret);
  }

  async #unlockFile(path: string): Promise<readonly Key[] | undefined> {
    const known = this.#keys.get(path);
    if (known !== undefined) return known;
    try {
      return await loadKeyFile(path, await this.store.passphrase(path));
    } catch (error) {
      if (!isOneOf(error, ABOUT_PASSPHRASE)) throw error;
    }
    for (let wasWrong = false; ; wasWrong = true) {
      const secret = await this.prompts.passphrase(path, wasWrong);
      if (secret === undefined) return undefined;
      try {
        const keys = await loadKeyFile(path, secret);
        if (await this.prompts.rememberPassphrase(path)) await this.store.savePassphrase(path, secret);
        return keys;
      } catch (error) {
        if (!isOneOf(error, ["seal.wrongPassphrase"])) throw error;
      }
    }
  }
}

/** Whether another key would have opened it. */
export function wantsKey(error: unknown): error is CryoscopeError {
  return isOneOf(error, ABOUT_KEY);
}

function isOneOf(error: unknown, codes: readonly string[]): error is CryoscopeError {
  return error instanceof CryoscopeError && codes.includes(error.code);
}
