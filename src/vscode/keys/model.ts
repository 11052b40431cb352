/** What is kept from one session to the next: where keys come from, never what is in them. */
export interface KeyStore {
  /** Ids of sources (paths of key files, `gpg-agent`), the one used last first. */
  paths(): readonly string[];
  savePaths(paths: readonly string[]): Promise<void>;
  /** A key file's passphrase that the person wanted to be remembered, in the secret storage. */
  passphrase(path: string): Promise<string | undefined>;
  savePassphrase(path: string, passphrase: string): Promise<void>;
  deletePassphrase(path: string): Promise<void>;
}

/** What the person gives to open something with. */
export type KeyChoice =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "passphrase"; readonly text: string }
  | { readonly kind: "gpg" };

/** What is needed, in words: of the error that a person would have seen otherwise. */
export interface KeyWish {
  readonly sentence: string;
  readonly next: string;
}

/** What only the person knows. undefined: they don't want to say. */
export interface KeyPrompts {
  /** What to use for what is sealed; `locked` are key files that need their passphrase. */
  chooseKey(locked: readonly string[], wish: KeyWish): Promise<KeyChoice | undefined>;
  passphrase(path: string, wasWrong: boolean): Promise<string | undefined>;
  /** Whether the passphrase that has just opened the file should be remembered. */
  rememberPassphrase(path: string): Promise<boolean>;
}

/** A row of the key ring's view. */
export interface KeySourceItem {
  readonly id: string;
  readonly name: string;
  /** Its keys in words; empty while they aren't loaded. */
  readonly keys: readonly string[];
  /** Names of what they opened in this session. */
  readonly opened: readonly string[];
}
