// AES-OCB (RFC 7253), deciphered in pieces: OpenPGP's chunks may be long. Electron's crypto has no OCB, so it is also
// made of AES-ECB, which takes many blocks in a call.
import { createCipheriv, createDecipheriv } from "node:crypto";
import type { CipherOCBTypes } from "node:crypto";

/** One message that is being deciphered. What it gives counts only when `end` has said that it is authentic. */
export interface OcbMessage {
  /** Deciphers whole blocks of 16 bytes. */
  update(ciphertext: Uint8Array): Uint8Array;
  /** Deciphers the rest, of any length. undefined when the message is not authentic. */
  end(ciphertext: Uint8Array, tag: Uint8Array): Uint8Array | undefined;
}

/** Begins a message of at most 32 GiB. The key's length (16, 24, 32 bytes) says which AES; the nonce has 1 to 15 bytes, the tag 16. */
export type OpenOcb = (key: Uint8Array, nonce: Uint8Array, associated: Uint8Array) => OcbMessage;

const BLOCK = 16;
const WORDS = BLOCK / 4;
/** Blocks that are deciphered in one call: few enough to stay in the processor's caches. */
const RUN = 4096;

export const ocbNatively: OpenOcb = (key, nonce, associated) => {
  // The compiler knows the three names and not that a key has one of three lengths.
  const name = `aes-${key.length * 8}-ocb` as CipherOCBTypes;
  const decipher = createDecipheriv(name, key, nonce, { authTagLength: BLOCK });
  decipher.setAAD(associated);
  return {
    update: (ciphertext) => decipher.update(ciphertext),
    end(ciphertext, tag) {
      if (tag.length !== BLOCK) return undefined;
      try {
        const plaintext = decipher.update(ciphertext);
        decipher.setAuthTag(tag);
        return Buffer.concat([plaintext, decipher.final()]);
      } catch {
        return undefined;
      }
    },
  };
};

export const ocbPortably: OpenOcb = (key, nonce, associated) => {
  const aes = blockCipher(key);
  const masks = new Masks(aes);
  const offset = firstOffset(aes, nonce);
  const checksum = new Uint32Array(WORDS);
  let blocks = 0;

  /** Deciphers whole blocks, in place on their way. */
  const decipher = (bytes: Buffer): Buffer => {
    const sealed = wordsOf(bytes);
    const offsets = new Uint32Array(sealed.length);
    // Word by word: a view for each block would cost more than the block.
    let [a = 0, b = 0, c = 0, d = 0] = offset;
    for (let at = 0; at < offsets.length; at += WORDS) {
      const mask = masks.of(++blocks);
      offsets[at] = a ^= mask[0] ?? 0;
      offsets[at + 1] = b ^= mask[1] ?? 0;
      offsets[at + 2] = c ^= mask[2] ?? 0;
      offsets[at + 3] = d ^= mask[3] ?? 0;
    }
    offset.set([a, b, c, d]);
    xor(sealed, offsets);
    const plaintext = aligned(aes.decipher(bytes));
    const words = wordsOf(plaintext);
    [a = 0, b = 0, c = 0, d = 0] = checksum;
    for (let at = 0; at < words.length; at += WORDS) {
      a ^= words[at] = (words[at] ?? 0) ^ (offsets[at] ?? 0);
      b ^= words[at + 1] = (words[at + 1] ?? 0) ^ (offsets[at + 1] ?? 0);
      c ^= words[at + 2] = (words[at + 2] ?? 0) ^ (offsets[at + 2] ?? 0);
      d ^= words[at + 3] = (words[at + 3] ?? 0) ^ (offsets[at + 3] ?? 0);
    }
    checksum.set([a, b, c, d]);
    return plaintext;
  };

  return {
    update(ciphertext) {
      const plaintext: Buffer[] = [];
      for (let at = 0; at < ciphertext.length; at += RUN * BLOCK)
        plaintext.push(decipher(aligned(ciphertext.subarray(at, at + RUN * BLOCK))));
      return plaintext.length === 1 ? (plaintext[0] ?? Buffer.alloc(0)) : Buffer.concat(plaintext);
    },
    end(ciphertext, tag) {
      const whole = ciphertext.length - (ciphertext.length % BLOCK);
      const plaintext = Buffer.alloc(ciphertext.length);
      plaintext.set(this.update(ciphertext.subarray(0, whole)));
      const rest = ciphertext.subarray(whole);
      if (rest.length > 0) {
        xor(offset, masks.star);
        const pad = Buffer.from(aes.encipher(bytesOf(offset)));
        const last = plaintext.subarray(whole);
        rest.forEach((byte, at) => (last[at] = byte ^ (pad[at] ?? 0)));
        xor(checksum, wordsOf(padded(last)));
      }
      xor(checksum, offset);
      xor(checksum, masks.dollar);
      const made = aligned(aes.encipher(bytesOf(checksum)));
      xor(wordsOf(made), hashOf(aes, masks, associated));
      let difference = tag.length ^ BLOCK;
      for (let at = 0; at < BLOCK; at++) difference |= (made[at] ?? 0) ^ (tag[at] ?? 0);
      return difference === 0 ? plaintext : undefined;
    },
  };
};

interface BlockCipher {
  encipher(blocks: Uint8Array): Uint8Array;
  decipher(blocks: Uint8Array): Uint8Array;
}

/** Blocks for themselves: ECB has no state between two calls. */
function blockCipher(key: Uint8Array): BlockCipher {
  const name = `aes-${key.length * 8}-ecb`;
  const enciphering = createCipheriv(name, key, null).setAutoPadding(false);
  const deciphering = createDecipheriv(name, key, null).setAutoPadding(false);
  return {
    encipher: (blocks) => enciphering.update(blocks),
    decipher: (blocks) => deciphering.update(blocks),
  };
}

/** RFC 7253, 4.1: L_*, L_$ and L_i, each the double of the one before. */
class Masks {
  readonly star: Uint32Array;
  readonly dollar: Uint32Array;
  readonly #numbered: Uint32Array[];

  constructor(aes: BlockCipher) {
    const star = aligned(aes.encipher(Buffer.alloc(BLOCK)));
    const dollar = doubled(star);
    this.star = wordsOf(star);
    this.dollar = wordsOf(dollar);
    const numbered: Buffer[] = [];
    for (let last = doubled(dollar), at = 0; at < 32; at++, last = doubled(last)) numbered.push(last);
    this.#numbered = numbered.map(wordsOf);
  }

  /** Of the block of this number, 1 to 2^31: L_ntz(number). */
  of(number: number): Uint32Array {
    return this.#numbered[31 - Math.clz32(number & -number)] ?? this.star;
  }
}

function doubled(block: Buffer): Buffer {
  const double = Buffer.alloc(BLOCK);
  for (let at = 0; at < BLOCK; at++) double[at] = ((block[at] ?? 0) << 1) | ((block[at + 1] ?? 0) >> 7);
  if ((block[0] ?? 0) >= 0x80) double[BLOCK - 1] = (double[BLOCK - 1] ?? 0) ^ 0x87;
  return double;
}

/** RFC 7253, 4.2: Offset_0, for tags of 16 bytes. */
function firstOffset(aes: BlockCipher, nonce: Uint8Array): Uint32Array {
  const block = Buffer.alloc(BLOCK);
  block.set(nonce, BLOCK - nonce.length);
  block[BLOCK - 1 - nonce.length] = (block[BLOCK - 1 - nonce.length] ?? 0) | 1;
  const bottom = (block[BLOCK - 1] ?? 0) & 63;
  block[BLOCK - 1] = (block[BLOCK - 1] ?? 0) & 0xc0;
  const top = Buffer.from(aes.encipher(block));
  const stretch = Buffer.alloc(BLOCK + 9);
  stretch.set(top);
  for (let at = 0; at < 8; at++) stretch[BLOCK + at] = (top[at] ?? 0) ^ (top[at + 1] ?? 0);
  const [skipped, shift] = [bottom >> 3, bottom & 7];
  const offset = Buffer.alloc(BLOCK);
  for (let at = 0; at < BLOCK; at++)
    offset[at] = (((stretch[skipped + at] ?? 0) << 8) | (stretch[skipped + at + 1] ?? 0)) >> (8 - shift);
  return wordsOf(aligned(offset));
}

/** RFC 7253, 4.1: HASH of the associated data. */
function hashOf(aes: BlockCipher, masks: Masks, associated: Uint8Array): Uint32Array {
  const sum = new Uint32Array(WORDS);
  const offset = new Uint32Array(WORDS);
  for (let at = 0, number = 1; at < associated.length; at += BLOCK, number++) {
    const piece = associated.subarray(at, at + BLOCK);
    xor(offset, piece.length === BLOCK ? masks.of(number) : masks.star);
    const block = padded(piece);
    xor(wordsOf(block), offset);
    xor(sum, wordsOf(aligned(aes.encipher(block))));
  }
  return sum;
}

/** A block as it is, a piece of one with a 1 bit and zeros behind it. */
function padded(piece: Uint8Array): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.set(piece);
  if (piece.length < BLOCK) block[piece.length] = 0x80;
  return block;
}

/** A copy that begins where words begin. */
const aligned = (bytes: Uint8Array): Buffer => {
  const copy = Buffer.from(new ArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
};

/** The same bytes as words, in the machine's order: they are only ever combined with each other. */
const wordsOf = ({ buffer, byteOffset, length }: Uint8Array): Uint32Array =>
  new Uint32Array(buffer, byteOffset, length / 4);
const bytesOf = ({ buffer, byteOffset, byteLength }: Uint32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function xor(into: Uint32Array, from: Uint32Array): void {
  for (let at = 0; at < into.length; at++) into[at] = (into[at] ?? 0) ^ (from[at] ?? 0);
}
