import type { ImageSeal } from "../../criu/index.ts";

export interface WatchedSeal {
  /** To be used instead of the one that is watched. */
  readonly seal: ImageSeal;
  /** Records that were opened. */
  readonly authentic: number;
  /**
   * Offsets of records that don't open. A record whose length is found by trying fails in one form before it opens in
   * the right one, and is not among them.
   */
  broken(): readonly number[];
}

/** Notes which records open and which don't: reading an image's plain bytes passes over those silently. */
export function watchRecords(seal: ImageSeal): WatchedSeal {
  const authentic = new Set<number>();
  const failed = new Set<number>();
  return {
    seal: {
      ...seal,
      openRecord(ciphertext, tag, nonce, place) {
        const at = place.offset ?? -1;
        failed.add(at);
        const plaintext = seal.openRecord(ciphertext, tag, nonce, place);
        authentic.add(at);
        return plaintext;
      },
    },
    get authentic() {
      return authentic.size;
    },
    broken: () => [...failed].filter((at) => !authentic.has(at)),
  };
}
