import type { ByteSource } from "../bytes/index.ts";

/** A sealed file, opened: its plaintext as bytes that can be read anywhere. */
export interface OpenedSource {
  /** Closing it overwrites the keys and cached plaintext; the sealed source stays open. */
  readonly source: ByteSource;
  /** Name of the key that opened it. */
  readonly openedBy: string;
  /** What a person should know besides: how far it is authenticated. */
  readonly notes: readonly string[];
}

export interface OpenSealedOptions {
  readonly signal?: AbortSignal;
  /** Folder for a spill file, where a scheme needs one. */
  readonly spillFolder?: string;
  /** What `openssl enc` was called with, in its own words: `-aes-256-cbc -pbkdf2 -iter 200000 -md sha512`. */
  readonly opensslEnc?: string;
}
