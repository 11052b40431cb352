import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Decipher } from "node:crypto";
import { giveBack } from "./give-back.ts";

const ECB = "aes-256-ecb";
const BLOCK = 16;
/** For fewer bytes, what holding a block back saves is less than what it costs. */
const MANY = 16 * 1024;

/** AES-256-ECB in one direction, many blocks a call. */
export interface BlockCipher {
  /** What comes out, in memory of its own. `dataKey` is the same in all calls between `forget`s. */
  update(dataKey: Uint8Array, blocks: Uint8Array): Buffer;
  /** The same in the place of what went in. */
  inPlace(dataKey: Uint8Array, blocks: Uint8Array): void;
  /** Lets go of the key. */
  forget(): void;
}

interface Transform {
  update(bytes: Uint8Array): Buffer;
}

export const openingBlocks = (): BlockCipher => blockCipher(makeDecipher);

export const sealingBlocks = (): BlockCipher =>
  blockCipher((key) => ({ cipher: createCipheriv(ECB, key, null).setAutoPadding(false) }));

interface Made {
  readonly cipher: Transform;
  /** Has it hold back a block, which comes out before the next ones. */
  readonly hold?: (() => void) | undefined;
}

/** The cipher has no state, and is kept: making one takes as long as deciphering ten pages. */
function blockCipher(make: (dataKey: Uint8Array) => Made): BlockCipher {
  let made: Made | undefined;
  return {
    update(dataKey, blocks) {
      made ??= make(dataKey);
      return made.cipher.update(blocks);
    },
    inPlace(dataKey, blocks) {
      made ??= make(dataKey);
      if (blocks.length >= MANY) made.hold?.();
      const result = made.cipher.update(blocks);
      blocks.set(result.subarray(result.length - blocks.length));
      giveBack(result);
    },
    forget: () => (made = undefined),
  };
}

/**
 * The runtime takes memory for a block more than what goes in, and copies what comes out when it is less than that. So it is
 * made to be a block more: OpenSSL holds the last block back as long as there may be padding.
 */
function makeDecipher(key: Uint8Array): Made {
  const make = (): Decipher => createDecipheriv(ECB, key, null).setAutoPadding(false);
  const cipher = make();
  const block = new Uint8Array(BLOCK);
  const hold = (): void => {
    cipher.setAutoPadding(true);
    cipher.update(block);
    cipher.setAutoPadding(false);
  };
  // BoringSSL has other ways, and none promises anything: so it is tried.
  const plain = cipher.update(block);
  hold();
  const tried = cipher.update(block);
  const holds = tried.length === 2 * BLOCK && tried.equals(Buffer.concat([plain, plain]));
  return holds ? { cipher, hold } : { cipher: make() };
}
