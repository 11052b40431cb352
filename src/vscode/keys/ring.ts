import type { SealedLayer } from "../../checkpoint/index.ts";
import { CryoscopeError } from "../../bytes/index.ts";
import { forgetKey, loadKeyFile, openSealedLayer, passphrase, sealErrors } from "../../seal/index.ts";
import type { Key, LayerSeal } from "../../seal/index.ts";
import { describeKey, GPG, nameOfSource, PASSPHRASE } from "./key-words.ts";
import { Locks } from "./locks.ts";
import type { OnLock } from "./locks.ts";
import type { KeyChoice, KeyPrompts, KeySourceItem, KeyStore } from "./model.ts";

const MAX_SOURCES = 32;
const ALL = Symbol("all sources");
const ABOUT_PASSPHRASE = ["seal.passphraseNeeded", "seal.wrongPassphrase"];
const ABOUT_KEY = ["seal.keyNeeded", "seal.wrongKey", "seal.notRsa", ...ABOUT_PASSPHRASE];

/** The keys of this session. They stay in memory; nothing of them is written anywhere. */
export class KeyRing {
  /** By the id of their source: the path of a file, `gpg-agent`, `passphrase:3`. */
  readonly #keys = new Map<string, readonly Key[]>();
  readonly #opened = new Map<string, Set<string>>();
  readonly #locks = new Locks();
  readonly #listeners = new Set<() => void>();
  /** One question at a time: an answer may be the answer for those who wait. */
  #turn: Promise<unknown> = Promise.resolve();
  #passphrases = 0;
  /** When sources were forgotten, by id, and all of them: what began before must not bring a key back. */
  readonly #forgotten = new Map<string | typeof ALL, number>();
  #forgets = 0;

  constructor(
    private readonly store: KeyStore,
    private readonly prompts: KeyPrompts,
  ) {}

  /** Calls `listener` when sources come or go, or open something. Gives what ends it. */
  onDidChange(listener: () => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  }

  /** Where keys come from, the one used last first. */
  sources(): readonly KeySourceItem[] {
    const ids = [...this.store.paths(), ...[...this.#keys.keys()].filter((id) => id.startsWith(PASSPHRASE))];
    return ids.map((id) => ({
      id,
      name: nameOfSource(id),
      keys: (this.#keys.get(id) ?? []).map(describeKey),
      opened: [...(this.#opened.get(id) ?? [])],
    }));
  }

  /**
   * The open seal of a sealed layer: by a key that is known, else by one that the person is asked for, once. `locked` is
   * called when that key is forgotten; the seal is closed by then. Throws `seal.keyNeeded` when they don't give one,
   * `seal.wrongKey` when it doesn't fit, and what `loadKeyFile` and `openSealedLayer` throw. May be handed on as a
   * function.
   */
  readonly sealFor = async (
    { tree, folder, cipherPath }: SealedLayer,
    locked: OnLock = () => undefined,
  ): Promise<LayerSeal> =>
    this.unlock(
      tree.name,
      async (keys, openedBy) => {
        const seal = await openSealedLayer(tree, folder, keys);
        if (seal === undefined) throw sealErrors.noCipher(cipherPath, "there is no cipher.img");
        const key = keys.find((one) => one.kind === "rsa" && one.fingerprint === seal.keyFingerprint);
        if (key) openedBy(key.name);
        return seal;
      },
      async (seal) => {
        seal.dispose();
        await locked();
      },
    );

  /**
   * Runs `attempt` with the keys that are known; when they don't open what it wants, the person is asked once for one
   * that does, and told what is needed. `what` names it in the view; `asked` says whether the keys are the person's
   * answer; `lock` closes what was opened when one of the keys that opened it is forgotten. Throws what `attempt` throws,
   * and `seal.disposed` when its key was forgotten meanwhile.
   */
  async unlock<T extends object>(
    what: string,
    attempt: (keys: readonly Key[], openedBy: (name: string) => void, asked: boolean) => Promise<T>,
    lock: (opened: T) => Promise<void> | void,
  ): Promise<T> {
    /** `attempt`, with its lock, unless a key was forgotten while it ran. */
    const tried = async (keys: readonly Key[], loaded?: Loaded): Promise<T> => {
      const used = new Set<Key>();
      const note = this.#noting(what, keys, loaded);
      const value = await attempt(
        keys,
        (name) => {
          // Keys of two files may have one name: rather too much is locked than too little.
          for (const key of keys) if (key.name === name) used.add(key);
          note(name);
        },
        loaded !== undefined,
      );
      const known = new Set([...this.#keys.values()].flat().concat(loaded?.keys ?? []));
      const isForgotten = loaded !== undefined && this.#wasForgotten(loaded);
      if (isForgotten || [...used].some((key) => !known.has(key))) {
        await lock(value);
        throw sealErrors.disposed();
      }
      if (used.size > 0) this.#locks.add(value, used, lock);
      if (loaded !== undefined) await this.#remember(loaded.id, loaded.keys);
      return value;
    };
    const byKnown = async (): Promise<Attempt<T>> => {
      const locked = await this.#loadKnown();
      const keys = [...this.#keys.values()].flat();
      try {
        return { locked, result: { value: await tried(keys) } };
      } catch (error) {
        if (isOneOf(error, ABOUT_KEY)) return { locked, result: undefined, error };
        throw error;
      }
    };
    const first = await byKnown();
    if (first.result) return first.result.value;
    return this.#inTurn(async () => {
      // Somebody else may have been asked meanwhile.
      const { locked, result, error } = await byKnown();
      if (result) return result.value;
      const choice = await this.prompts.chooseKey(locked, needOf(error));
      const loaded = choice && (await this.#load(choice));
      if (loaded === undefined) throw error;
      try {
        // With those that are known: layers of one checkpoint may be sealed for different keys.
        const keys = [
          ...loaded.keys,
          ...[...this.#keys.values()].flat().filter((key) => !loaded.keys.includes(key)),
        ];
        return await tried(keys, loaded);
      } catch (failure) {
        if (!this.#keys.has(loaded.id)) await this.#drop(loaded);
        throw failure;
      }
    });
  }

  /** Adds a key that will be tried on everything sealed. undefined when the person gave no passphrase. */
  async add(choice: KeyChoice): Promise<readonly Key[] | undefined> {
    const loaded = await this.#inTurn(() => this.#load(choice));
    if (loaded) await this.#remember(loaded.id, loaded.keys);
    return loaded?.keys;
  }

  /** `add` of a file. */
  async addKeyFile(path: string): Promise<readonly Key[] | undefined> {
    return this.add({ kind: "file", path });
  }

  /** Forgets one source, overwrites its keys, and closes what they opened. */
  async forgetSource(id: string): Promise<void> {
    this.#forgotten.set(id, ++this.#forgets);
    const keys = this.#keys.get(id) ?? [];
    const locked = this.#locks.close(keys);
    keys.forEach(forgetKey);
    this.#keys.delete(id);
    this.#opened.delete(id);
    await this.store.savePaths(this.store.paths().filter((path) => path !== id));
    await this.store.deletePassphrase(id);
    this.#changed();
    await locked;
  }

  /** Forgets keys, sources and passphrases, and closes everything that they opened. */
  async forget(): Promise<void> {
    const paths = this.store.paths();
    const locked = this.#forgetKeys();
    await this.store.savePaths([]);
    await Promise.all(paths.map((path) => this.store.deletePassphrase(path)));
    this.#changed();
    await locked;
  }

  dispose(): void {
    void this.#forgetKeys();
  }

  /** Ends when everything is closed; keys are overwritten at once. */
  #forgetKeys(): Promise<void> {
    this.#forgotten.set(ALL, ++this.#forgets);
    const locked = this.#locks.close();
    for (const keys of this.#keys.values()) keys.forEach(forgetKey);
    this.#keys.clear();
    this.#opened.clear();
    return locked;
  }

  /** Overwrites a key that isn't to be kept, and takes back the passphrase that was remembered for its file. */
  async #drop({ id, keys }: Loaded): Promise<void> {
    keys.forEach(forgetKey);
    if (!this.store.paths().includes(id)) await this.store.deletePassphrase(id);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  #sourceOf(key: Key): string | undefined {
    return [...this.#keys].find(([, keys]) => keys.includes(key))?.[0];
  }

  /** Notes in the view what a key opened. */
  #noting(what: string, keys: readonly Key[], loaded: Loaded | undefined): (name: string) => void {
    return (name) => {
      const key = keys.find((one) => one.name === name);
      const isNew = key !== undefined && loaded?.keys.includes(key) === true;
      const source = isNew ? loaded.id : key && this.#sourceOf(key);
      if (source === undefined) return;
      const known = this.#opened.get(source);
      if (known?.has(what) === true) return;
      this.#opened.set(source, (known ?? new Set<string>()).add(what));
      this.#changed();
    };
  }

  /** Loads the remembered keys that need no question; gives those that do. Files that are gone are passed over. */
  async #loadKnown(): Promise<readonly string[]> {
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

  async #read(id: string, secret?: string): Promise<readonly Key[]> {
    return id === GPG ? [{ kind: "gpg", name: "gpg" }] : loadKeyFile(id, secret);
  }

  async #load(choice: KeyChoice): Promise<Loaded | undefined> {
    const since = this.#forgets;
    if (choice.kind === "gpg") return { id: GPG, keys: await this.#read(GPG), since };
    if (choice.kind === "passphrase") {
      const number = ++this.#passphrases;
      return { id: `${PASSPHRASE}${number}`, keys: [passphrase(choice.text, `passphrase ${number}`)], since };
    }
    const keys = await this.#unlockFile(choice.path);
    return keys && { id: choice.path, keys, since };
  }

  #wasForgotten({ id, since }: Loaded): boolean {
    return Math.max(this.#forgotten.get(id) ?? 0, this.#forgotten.get(ALL) ?? 0) > since;
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

  async #remember(id: string, keys: readonly Key[]): Promise<void> {
    this.#keys.set(id, keys);
    if (!id.startsWith(PASSPHRASE)) {
      const others = this.store.paths().filter((other) => other !== id);
      for (const dropped of others.slice(MAX_SOURCES - 1)) await this.store.deletePassphrase(dropped);
      await this.store.savePaths([id, ...others].slice(0, MAX_SOURCES));
    }
    this.#changed();
  }
}

/** Keys of one source that aren't yet kept. */
interface Loaded {
  readonly id: string;
  readonly keys: readonly Key[];
  /** How often something had been forgotten when they were asked for. */
  readonly since: number;
}

interface Attempt<T> {
  /** Sources that need their passphrase. */
  readonly locked: readonly string[];
  readonly result: { readonly value: T } | undefined;
  readonly error?: unknown;
}

function needOf(error: unknown): { readonly sentence: string; readonly next: string } {
  return error instanceof CryoscopeError
    ? { sentence: error.sentence, next: error.next ?? "" }
    : { sentence: "This checkpoint is sealed.", next: "" };
}

function isOneOf(error: unknown, codes: readonly string[]): boolean {
  return error instanceof CryoscopeError && codes.includes(error.code);
}
