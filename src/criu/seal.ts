import type { Place } from "../bytes/index.ts";

/**
 * What reading a CRIUsec-sealed image needs: the layout of records is this floor's, the ciphers are `seal/`'s.
 * One seal per layer (image directory): every layer has its own keys.
 */
export interface ImageSeal {
  /** Bytes after each non-empty sealed record: tag[16] then nonce[12] (`criu/tls.c`, PR 2297). */
  readonly tailLength: 28;
  /** Bytes of a page on the machine that was dumped, where the layer tells. */
  readonly pageSize?: number | undefined;
  /** Opens one ChaCha20-Poly1305 record. Throws `seal.recordBroken` when it is not authentic. */
  openRecord(ciphertext: Uint8Array, tag: Uint8Array, nonce: Uint8Array, place: Place): Uint8Array;
  /**
   * Opens whole pages of `pages-*.img` that lie one after the other. `pageSize` divides `ciphertext.length`.
   * A page that is all zero was punched out and stays zero.
   */
  openPages(ciphertext: Uint8Array, pageSize: number): Uint8Array;
  /** The same for many pages, in memory that is used again. */
  pageDesk(pageSize: number): PageDesk;
}

/** Memory in which pages are opened where they lie, of one user at a time. Close it. */
export interface PageDesk {
  /** Room for whole pages: put ciphertext here. */
  readonly bytes: Uint8Array;
  /** Opens the first `length` bytes, which are whole pages. Throws as `openPages` does. */
  open(length: number): void;
  /** Overwrites what is in it. */
  close(): void;
}
