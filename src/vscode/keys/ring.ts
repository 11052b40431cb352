import type { SealedLayer } from "../../checkpoint/index.ts";
import { CryoscopeError } from "../../bytes/index.ts";
import { loadKey, openSealedLayer, sealErrors } from "../../seal/index.ts";
import type { LayerSeal, PrivateKey } from "../../seal/index.ts";

/** What is kept from one session to the next: where key files are, never what is in them. */
export interface KeyStore {
  /** Paths of key files, the one used last first. */
  paths(): readonly string[];
  savePaths(paths: readonly string[]): Promise<void>;
  /** A passphrase that the person wanted to be remembered. */
  passphrase(path: string): Promise<string | undefined>;
  savePassphrase(path: string, passphrase: string): Promise<void>;
  deletePassphrase(path: string): Promise<void>;
}

/** What only the person knows. undefined: they don't want to say. */
export interface KeyPrompts {
  /** Which key file to use for the sealed checkpoint; `locked` are known ones that need their passphrase. */
  chooseKey(locked: readonly string[]): Promise<string | undefined>;
  passphrase(path: string, wasWrong: boolean): Promise<string | undefined>;
  /** Whether the passphrase that has just opened the file should be remembered. */
  rememberPassphrase(path: string): Promise<boolean>;
}

const MAX_PATHS = 32;

/** The private keys of this session. They stay in memory; nothing of them is written anywhere. */
export class KeyRing {
  readonly #keys = new Map<string, PrivateKey>();
  /** Every seal that was handed out and may still be in use. */
  readonly #seals = new Set<WeakRef<LayerSeal>>();
  /** One question at a time: an answer may be the answer for those who wait. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: KeyStore,
    private readonly prompts: KeyPrompts,
  ) {}

  /**
   * The open seal of a sealed layer: by a key that is known, else by one that the person is asked for, once. Throws
   * `seal.keyNeeded` when they don't give one, `seal.wrongKey` when it doesn't fit, and what `loadKey` and
   * `openSealedLayer` throw. May be handed on as a function.
   */
  readonly sealFor = async ({ tree, folder, cipherPath }: SealedLayer): Promise<LayerSeal> => {
    const attempt = async (keys: readonly PrivateKey[]): Promise<LayerSeal> => {
      const seal = await openSealedLayer(tree, folder, keys);
      if (seal === undefined) throw sealErrors.noCipher(cipherPath, "there is no cipher.img");
      this.#keep(seal);
      return seal;
    };
    const byKnownKey = async (): Promise<{ seal?: LayerSeal; locked: readonly string[] }> => {
      const locked = await this.#loadKnown();
      try {
        return { seal: await attempt([...this.#keys.values()]), locked };
      } catch (error) {
        if (isOneOf(error, ["seal.keyNeeded", "seal.wrongKey"])) return { locked };
        throw error;
      }
    };

    const { seal } = await byKnownKey();
    if (seal !== undefined) return seal;
    return this.#inTurn(async () => {
      // Somebody else may have been asked meanwhile.
      const { seal, locked } = await byKnownKey();
      if (seal !== undefined) return seal;
      const path = await this.prompts.chooseKey(locked);
      if (path === undefined) throw sealErrors.keyNeeded(cipherPath);
      const key = await this.#unlock(path);
      if (key === undefined) throw sealErrors.keyNeeded(cipherPath);
      const opened = await attempt([key]);
      await this.#remember(path, key);
      return opened;
    });
  };

  /** Adds a key file that will be tried on every sealed checkpoint. undefined when the person gave no passphrase. */
  async addKeyFile(path: string): Promise<PrivateKey | undefined> {
    const key = await this.#inTurn(() => this.#unlock(path));
    if (key !== undefined) await this.#remember(path, key);
    return key;
  }

  /** Forgets keys, paths and passphrases, and closes every seal: what is open can't be read further. */
  async forget(): Promise<void> {
    const paths = this.store.paths();
    this.dispose();
    await this.store.savePaths([]);
    await Promise.all(paths.map((path) => this.store.deletePassphrase(path)));
  }

  dispose(): void {
    for (const seal of this.#seals) seal.deref()?.dispose();
    this.#seals.clear();
    this.#keys.clear();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  #keep(seal: LayerSeal): void {
    for (const old of this.#seals) if (old.deref() === undefined) this.#seals.delete(old);
    this.#seals.add(new WeakRef(seal));
  }

  /** Loads the remembered keys that need no question; gives those that do. Files that are gone are passed over. */
  async #loadKnown(): Promise<readonly string[]> {
    const locked: string[] = [];
    for (const path of this.store.paths()) {
      if (this.#keys.has(path)) continue;
      try {
        this.#keys.set(path, await loadKey(path, await this.store.passphrase(path)));
      } catch (error) {
        if (isOneOf(error, ["seal.passphraseNeeded", "seal.wrongPassphrase"])) locked.push(path);
      }
    }
    return locked;
  }

  async #unlock(path: string): Promise<PrivateKey | undefined> {
    const known = this.#keys.get(path);
    if (known !== undefined) return known;
    try {
      return await loadKey(path, await this.store.passphrase(path));
    } catch (error) {
      if (!isOneOf(error, ["seal.passphraseNeeded", "seal.wrongPassphrase"])) throw error;
    }
    for (let wasWrong = false; ; wasWrong = true) {
      const passphrase = await this.prompts.passphrase(path, wasWrong);
      if (passphrase === undefined) return undefined;
      try {
        const key = await loadKey(path, passphrase);
        if (await this.prompts.rememberPassphrase(path)) await this.store.savePassphrase(path, passphrase);
        return key;
      } catch (error) {
        if (!isOneOf(error, ["seal.wrongPassphrase"])) throw error;
      }
    }
  }

  async #remember(path: string, key: PrivateKey): Promise<void> {
    this.#keys.set(path, key);
    const others = this.store.paths().filter((other) => other !== path);
    for (const dropped of others.slice(MAX_PATHS - 1)) await this.store.deletePassphrase(dropped);
    await this.store.savePaths([path, ...others].slice(0, MAX_PATHS));
  }
}

function isOneOf(error: unknown, codes: readonly string[]): boolean {
  return error instanceof CryoscopeError && codes.includes(error.code);
}
