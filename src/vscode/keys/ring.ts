import type { SealedLayer } from "../../checkpoint/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";
import { openSealedLayer, sealErrors } from "../../seal/index.ts";
import type { Key, LayerSeal } from "../../seal/index.ts";
import { InTurn } from "../in-turn.ts";
import { describeKey, nameOfSource } from "./key-words.ts";
import { Locks } from "./locks.ts";
import type { OnLock } from "./locks.ts";
import type { KeyChoice, KeyPrompts, KeySourceItem, KeyStore } from "./model.ts";
import { KeySources, wantsKey } from "./sources.ts";
import type { Loaded } from "./sources.ts";

/** That the person is asked for nothing: they didn't call for what is opened. */
export type Quiet = "quiet" | undefined;

/** What the keys of this session open, and what is closed again when one of them is forgotten. */
export class KeyRing {
  readonly #sources: KeySources;
  /** Names of what each source opened, by its id. */
  readonly #opened = new Map<string, Set<string>>();
  readonly #locks = new Locks();
  readonly #listeners = new Set<() => void>();
  readonly #keyListeners = new Set<() => void>();
  /** One question at a time: an answer may be the answer for those who wait. */
  readonly #questions = new InTurn();

  constructor(
    store: KeyStore,
    private readonly prompts: KeyPrompts,
  ) {
    this.#sources = new KeySources(store, prompts);
  }

  /** Calls `listener` when sources come or go, or open something. Gives what ends it. */
  onDidChange(listener: () => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  }

  /** Calls `listener` when a key has come that wasn't known: what none fitted may be tried again. May be handed on. */
  readonly onDidAddKey = (listener: () => void): { dispose(): void } => {
    this.#keyListeners.add(listener);
    return { dispose: () => this.#keyListeners.delete(listener) };
  };

  /** Where keys come from, the one used last first. */
  sources(): readonly KeySourceItem[] {
    return this.#sources.ids().map((id) => ({
      id,
      name: nameOfSource(id),
      keys: this.#sources.keysOf(id).map(describeKey),
      opened: [...(this.#opened.get(id) ?? [])],
    }));
  }

  /**
   * The open seal of a sealed layer: by a key that is known, else by one that the person is asked for, once. `locked` is
   * called when that key is forgotten; the seal is closed by then. With `quiet` nobody is asked. Throws `seal.keyNeeded` when they don't give one,
   * `seal.wrongKey` when it doesn't fit, and what `loadKeyFile` and `openSealedLayer` throw. May be handed on as a
   * function.
   */
  readonly sealFor = async (
    { tree, folder, cipherPath }: SealedLayer,
    locked: OnLock = () => undefined,
    quiet: Quiet = undefined,
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
      quiet,
    );

  /**
   * Runs `attempt` with the keys that are known; when they don't open what it wants, the person is asked once for one
   * that does, and told what is needed. `what` names it in the view; `asked` says whether the keys are the person's
   * answer; `lock` closes what was opened when one of the keys that opened it is forgotten. With `quiet` nobody is asked. Throws what `attempt` throws,
   * and `seal.disposed` when its key was forgotten meanwhile.
   */
  async unlock<T extends object>(
    what: string,
    attempt: (keys: readonly Key[], openedBy: (name: string) => void, asked: boolean) => Promise<T>,
    lock: (opened: T) => Promise<void> | void,
    quiet?: Quiet,
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
      const known = new Set([...this.#sources.keys(), ...(loaded?.keys ?? [])]);
      const isForgotten = loaded !== undefined && this.#sources.wasForgotten(loaded);
      if (isForgotten || [...used].some((key) => !known.has(key))) {
        await lock(value);
        throw sealErrors.disposed();
      }
      if (used.size > 0) this.#locks.add(value, used, lock);
      if (loaded !== undefined) await this.#remember(loaded);
      return value;
    };
    const byKnown = async (): Promise<Attempt<T>> => {
      const locked = await this.#sources.loadKnown();
      try {
        return { value: await tried(this.#sources.keys()) };
      } catch (error) {
        if (wantsKey(error)) return { locked, error };
        throw error;
      }
    };
    const first = await byKnown();
    if ("value" in first) return first.value;
    if (quiet !== undefined) throw first.error;
    return this.#questions.do(async () => {
      // Somebody else may have been asked meanwhile.
      const second = await byKnown();
      if ("value" in second) return second.value;
      const { locked, error } = second;
      const choice = await this.prompts.chooseKey(locked, {
        sentence: error.sentence,
        next: error.next ?? "",
      });
      const loaded = choice && (await this.#sources.load(choice));
      if (loaded === undefined) throw error;
      try {
        // With those that are known: layers of one checkpoint may be sealed for different keys.
        const others = this.#sources.keys().filter((key) => !loaded.keys.includes(key));
        return await tried([...loaded.keys, ...others], loaded);
      } catch (failure) {
        await this.#sources.drop(loaded);
        throw failure;
      }
    });
  }

  /** Adds a key that will be tried on everything sealed. undefined when the person gave no passphrase. */
  async add(choice: KeyChoice): Promise<readonly Key[] | undefined> {
    const loaded = await this.#questions.do(() => this.#sources.load(choice));
    if (loaded) await this.#remember(loaded);
    return loaded?.keys;
  }

  /** `add` of a file. */
  async addKeyFile(path: string): Promise<readonly Key[] | undefined> {
    return this.add({ kind: "file", path });
  }

  /** Forgets one source, overwrites its keys, and closes what they opened. */
  async forgetSource(id: string): Promise<void> {
    const locked = this.#locks.close(this.#sources.keysOf(id));
    this.#opened.delete(id);
    await this.#sources.forget(id);
    this.#changed();
    await locked;
  }

  /** Forgets keys, sources and passphrases, and closes everything that they opened. */
  async forget(): Promise<void> {
    const locked = this.#locks.close();
    this.#opened.clear();
    await this.#sources.forgetAll();
    this.#changed();
    await locked;
  }

  /** Overwrites the keys and closes what they opened; where they came from is known in the next session. */
  dispose(): void {
    void this.#locks.close();
    this.#sources.forgetKeys();
  }

  async #remember(loaded: Loaded): Promise<void> {
    await this.#sources.remember(loaded);
    this.#changed();
    for (const listener of this.#keyListeners) listener();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Notes in the view what a key opened. */
  #noting(what: string, keys: readonly Key[], loaded: Loaded | undefined): (name: string) => void {
    return (name) => {
      const key = keys.find((one) => one.name === name);
      const isNew = key !== undefined && loaded?.keys.includes(key) === true;
      const source = isNew ? loaded.id : key && this.#sources.sourceOf(key);
      if (source === undefined) return;
      const known = this.#opened.get(source);
      if (known?.has(what) === true) return;
      this.#opened.set(source, (known ?? new Set<string>()).add(what));
      this.#changed();
    };
  }
}

/** What the keys that are known opened; else why they didn't, and the key files that need their passphrase. */
type Attempt<T> =
  { readonly value: T } | { readonly locked: readonly string[]; readonly error: CryoscopeError };
