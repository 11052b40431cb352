import { basename } from "node:path";
import type { SealedLayer } from "../../checkpoint/index.ts";
import { CryoscopeError } from "../../bytes/index.ts";
import { forgetKey, loadKeyFile, openSealedLayer, passphrase, sealErrors } from "../../seal/index.ts";
import type { Key, LayerSeal } from "../../seal/index.ts";
import type { KeyChoice, KeyPrompts, KeySourceItem, KeyStore } from "./model.ts";

const MAX_SOURCES = 32;
const GPG = "gpg-agent";
/** Ids of passphrases that open checkpoints, not key files. They live as long as the session. */
const PASSPHRASE = "passphrase:";
const ABOUT_PASSPHRASE = ["seal.passphraseNeeded", "seal.wrongPassphrase"];
const ABOUT_KEY = ["seal.keyNeeded", "seal.wrongKey", "seal.notRsa", ...ABOUT_PASSPHRASE];

/** The keys of this session. They stay in memory; nothing of them is written anywhere. */
export class KeyRing {
  /** By the id of their source: the path of a file, `gpg-agent`, `passphrase:3`. */
  readonly #keys = new Map<string, readonly Key[]>();
  readonly #opened = new Map<string, Set<string>>();
  /** Every seal that was handed out and may still be in use, with the key that opened it. */
  readonly #seals = new Map<WeakRef<LayerSeal>, Key | undefined>();
  readonly #listeners = new Set<() => void>();
  /** One question at a time: an answer may be the answer for those who wait. */
  #turn: Promise<unknown> = Promise.resolve();
  #passphrases = 0;
  /** How often everything was forgotten: what began before must not bring a key back. */
  #forgotten = 0;

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
      name: nameOf(id),
      keys: (this.#keys.get(id) ?? []).map(describe),
      opened: [...(this.#opened.get(id) ?? [])],
    }));
  }

  /**
   * The open seal of a sealed layer: by a key that is known, else by one that the person is asked for, once. Throws
   * `seal.keyNeeded` when they don't give one, `seal.wrongKey` when it doesn't fit, and what `loadKeyFile` and
   * `openSealedLayer` throw. May be handed on as a function.
   */
  readonly sealFor = async ({ tree, folder, cipherPath }: SealedLayer): Promise<LayerSeal> =>
    this.unlock(tree.name, async (keys, openedBy) => {
      const forgotten = this.#forgotten;
      const seal = await openSealedLayer(tree, folder, keys);
      if (seal === undefined) throw sealErrors.noCipher(cipherPath, "there is no cipher.img");
      if (forgotten !== this.#forgotten) {
        seal.dispose();
        throw sealErrors.disposed();
      }
      const key = keys.find((one) => one.kind === "rsa" && one.fingerprint === seal.keyFingerprint);
      if (key) openedBy(key.name);
      this.#keep(seal, key);
      return seal;
    });

  /**
   * Runs `attempt` with the keys that are known; when they don't open what it wants, the person is asked once for one
   * that does, and told what is needed. `what` names it in the view; `asked` says whether the keys are the person's
   * answer. Throws what `attempt` throws.
   */
  async unlock<T>(
    what: string,
    attempt: (keys: readonly Key[], openedBy: (name: string) => void, asked: boolean) => Promise<T>,
  ): Promise<T> {
    const byKnown = async (): Promise<Attempt<T>> => {
      const locked = await this.#loadKnown();
      const keys = [...this.#keys.values()].flat();
      try {
        return { locked, result: { value: await attempt(keys, this.#noting(what, keys), false) } };
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
      const forgotten = this.#forgotten;
      const choice = await this.prompts.chooseKey(locked, needOf(error));
      const loaded = choice && (await this.#load(choice));
      if (loaded === undefined) throw error;
      try {
        // With those that are known: layers of one checkpoint may be sealed for different keys.
        const keys = [
          ...loaded.keys,
          ...[...this.#keys.values()].flat().filter((key) => !loaded.keys.includes(key)),
        ];
        const value = await attempt(keys, this.#noting(what, keys, loaded), true);
        if (forgotten === this.#forgotten) await this.#remember(loaded.id, loaded.keys);
        else await this.#drop(loaded);
        return value;
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

  /** Forgets one source, overwrites its keys, and closes the seals that they opened. */
  async forgetSource(id: string): Promise<void> {
    const keys = this.#keys.get(id) ?? [];
    for (const [seal, key] of this.#seals)
      if (key && keys.includes(key)) {
        seal.deref()?.dispose();
        this.#seals.delete(seal);
      }
    keys.forEach(forgetKey);
    this.#keys.delete(id);
    this.#opened.delete(id);
    await this.store.savePaths(this.store.paths().filter((path) => path !== id));
    await this.store.deletePassphrase(id);
    this.#changed();
  }

  /**
   * Forgets keys, sources and passphrases, and closes every seal of a layer: those can't be read further. Archives that
   * are open are until they are closed.
   */
  async forget(): Promise<void> {
    const paths = this.store.paths();
    this.dispose();
    await this.store.savePaths([]);
    await Promise.all(paths.map((path) => this.store.deletePassphrase(path)));
    this.#changed();
  }

  dispose(): void {
    this.#forgotten++;
    for (const seal of this.#seals.keys()) seal.deref()?.dispose();
    this.#seals.clear();
    for (const keys of this.#keys.values()) keys.forEach(forgetKey);
    this.#keys.clear();
    this.#opened.clear();
  }

  /** Overwrites a key that isn't to be kept, and takes back the passphrase that was remembered for its file. */
  async #drop({ id, keys }: { readonly id: string; readonly keys: readonly Key[] }): Promise<void> {
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

  #keep(seal: LayerSeal, key: Key | undefined): void {
    for (const old of this.#seals.keys()) if (old.deref() === undefined) this.#seals.delete(old);
    this.#seals.set(new WeakRef(seal), key);
  }

  #sourceOf(key: Key): string | undefined {
    return [...this.#keys].find(([, keys]) => keys.includes(key))?.[0];
  }

  /** Notes in the view what a key opened. */
  #noting(
    what: string,
    keys: readonly Key[],
    loaded?: { readonly id: string; readonly keys: readonly Key[] },
  ): (name: string) => void {
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

  async #load(choice: KeyChoice): Promise<{ id: string; keys: readonly Key[] } | undefined> {
    if (choice.kind === "gpg") return { id: GPG, keys: await this.#read(GPG) };
    if (choice.kind === "passphrase") {
      const number = ++this.#passphrases;
      return { id: `${PASSPHRASE}${number}`, keys: [passphrase(choice.text, `passphrase ${number}`)] };
    }
    const keys = await this.#unlockFile(choice.path);
    return keys && { id: choice.path, keys };
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

function nameOf(id: string): string {
  if (id === GPG) return "gpg and its agent";
  return id.startsWith(PASSPHRASE) ? `Passphrase ${id.slice(PASSPHRASE.length)}` : basename(id);
}

const KINDS: Readonly<Record<Key["kind"], string>> = {
  rsa: "RSA private key",
  ec: "EC private key",
  ed25519: "Ed25519 key of SSH",
  passphrase: "passphrase, for this session",
  age: "age identity",
  openpgp: "OpenPGP secret key",
  gpg: "OpenPGP keys of your keyring",
  raw: "raw key of 32 bytes",
  provider: "key provider",
  broker: "key broker",
};

/** A key in words; nothing of what is in it. */
function describe(key: Key): string {
  if (key.kind === "rsa") return `${KINDS.rsa}, ${key.bits} bits, SHA-256 ${key.fingerprint}`;
  if (key.kind === "ec") return `${KINDS.ec}, ${key.curve}, SHA-256 ${key.fingerprint}`;
  if (key.kind === "ed25519") return `${KINDS.ed25519}, SHA-256 ${key.fingerprint}`;
  return KINDS[key.kind];
}

function isOneOf(error: unknown, codes: readonly string[]): boolean {
  return error instanceof CryoscopeError && codes.includes(error.code);
}
