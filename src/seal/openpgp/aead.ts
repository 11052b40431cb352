// The content of OpenPGP messages that are sealed with OCB: GnuPG's packet 20, and packet 18 of version 2 (RFC 9580, 5.13.2).
// The library deciphers both, at about a megabyte in a second.
import { hkdfSync } from "node:crypto";
import { bestCiphers } from "../ciphers/index.ts";
import type { OcbMessage } from "../ciphers/index.ts";

const OCB = 2;
const NONCE = 15;
const TAG = 16;
const BLOCK = 16;
/** AES by its number in OpenPGP: bytes of its key. */
const AES_KEYS: Readonly<Record<number, number>> = { 7: 16, 8: 24, 9: 32 };
/** GnuPG's largest chunks have 2^28 bytes. They are deciphered piece by piece. */
const MAX_CHUNK_BYTE = 22;

/** What the library has read of the packet. */
export interface OcbPacket {
  /** 20, or 18. */
  readonly tag: number;
  readonly version: number;
  /** 7, 8, 9: AES with 128, 192, 256 bits. */
  readonly cipher: number;
  /** A chunk has 2^(6 + this) bytes of plaintext. */
  readonly chunkByte: number;
  /** Of packet 20: 15 bytes. */
  readonly iv: Uint8Array | undefined;
  /** Of packet 18: 32 bytes. */
  readonly salt: Uint8Array | undefined;
  readonly encrypted: AsyncIterable<Uint8Array>;
}

/** What is known of the packet, whichever the library calls it; undefined for one that isn't sealed with AES-OCB. */
export function ocbPacketOf(packet: unknown): OcbPacket | undefined {
  // The library's types don't have these fields, and its code does.
  const read = packet as {
    readonly constructor: { readonly tag?: number };
    readonly version?: number | null;
    readonly cipherAlgorithm?: number | null;
    readonly aeadAlgorithm?: number | null;
    readonly chunkSizeByte?: number | null;
    readonly iv?: Uint8Array | null;
    readonly salt?: Uint8Array | null;
    readonly encrypted?: AsyncIterable<Uint8Array> | Uint8Array | null;
  };
  const { tag } = read.constructor;
  const { version, cipherAlgorithm: cipher, aeadAlgorithm, chunkSizeByte: chunkByte, encrypted } = read;
  const iv = read.iv ?? undefined;
  const salt = read.salt ?? undefined;
  const isOurs =
    aeadAlgorithm === OCB &&
    AES_KEYS[cipher ?? 0] !== undefined &&
    typeof chunkByte === "number" &&
    chunkByte <= MAX_CHUNK_BYTE &&
    ((tag === 20 && version === 1 && iv?.length === NONCE) ||
      (tag === 18 && version === 2 && salt?.length === 32));
  if (!isOurs || !encrypted || typeof cipher !== "number") return undefined;
  const pieces = encrypted instanceof Uint8Array ? inOnePiece(encrypted) : encrypted;
  return { tag, version, cipher, chunkByte, iv, salt, encrypted: pieces };
}

/** The plaintext of a packet. What comes of it counts only when `isAuthentic` says so at the end. */
export class OcbContent {
  readonly #packet: OcbPacket;
  readonly #key: Uint8Array;
  readonly #nonce: Uint8Array;
  readonly #ocb = bestCiphers().ocb;
  readonly #pieces: AsyncGenerator<Uint8Array>;
  #isAuthentic = false;

  /** Makes its own key of `sessionKey`, or copies it. undefined when that is one for another cipher. */
  static of(packet: OcbPacket, sessionKey: Uint8Array): OcbContent | undefined {
    return AES_KEYS[packet.cipher] === sessionKey.length ? new OcbContent(packet, sessionKey) : undefined;
  }

  private constructor(packet: OcbPacket, sessionKey: Uint8Array) {
    this.#packet = packet;
    this.#pieces = this.#decipher();
    const { salt, iv = new Uint8Array(NONCE) } = packet;
    if (salt === undefined) {
      this.#key = Uint8Array.from(sessionKey);
      this.#nonce = iv;
      return;
    }
    const length = sessionKey.length + NONCE - 8;
    const derived = new Uint8Array(hkdfSync("sha256", sessionKey, salt, this.#head(), length));
    this.#key = derived.slice(0, sessionKey.length);
    this.#nonce = new Uint8Array(NONCE);
    this.#nonce.set(derived.subarray(sessionKey.length));
    derived.fill(0);
  }

  /** The plaintext as it is deciphered, once. It ends early where a chunk isn't authentic. */
  get pieces(): AsyncIterable<Uint8Array> {
    // Who turns away from it doesn't end it: what is left has to be looked at.
    return { [Symbol.asyncIterator]: () => ({ next: () => this.#pieces.next() }) };
  }

  /** Reads what nobody has read. True when every chunk is authentic, and their order and number are. */
  async isAuthentic(): Promise<boolean> {
    while ((await this.#pieces.next()).done !== true);
    return this.#isAuthentic;
  }

  /** Overwrites the key. */
  dispose(): void {
    this.#key.fill(0);
  }

  async *#decipher(): AsyncGenerator<Uint8Array> {
    const chunkSize = 2 ** (this.#packet.chunkByte + 6);
    let index = 0;
    let total = 0;
    let inChunk = 0;
    let chunk = this.#chunk(index);
    let waiting: Uint8Array = new Uint8Array(0);
    for await (const piece of this.#packet.encrypted) {
      waiting = waiting.length === 0 ? piece : Buffer.concat([waiting, piece]);
      // The last bytes may be the tag of the last chunk and that of the whole.
      while (waiting.length > 2 * TAG) {
        if (inChunk === chunkSize) {
          if (chunk.end(new Uint8Array(0), waiting.subarray(0, TAG)) === undefined) return;
          waiting = waiting.subarray(TAG);
          chunk = this.#chunk(++index);
          inChunk = 0;
          continue;
        }
        const some = Math.min(waiting.length - 2 * TAG, chunkSize - inChunk);
        const length = some - (some % BLOCK);
        if (length === 0) break;
        yield chunk.update(waiting.subarray(0, length));
        waiting = waiting.subarray(length);
        inChunk += length;
        total += length;
      }
    }
    const length = waiting.length - 2 * TAG;
    if (length < 0 || inChunk + length > chunkSize) return;
    const rest = chunk.end(waiting.subarray(0, length), waiting.subarray(length, length + TAG));
    if (rest === undefined) return;
    total += length;
    // That none is missing: the tag of nothing, with the length of everything.
    const end = Buffer.alloc(8);
    end.writeBigUInt64BE(BigInt(total));
    const last = this.#chunk(index + 1, end).end(new Uint8Array(0), waiting.subarray(length + TAG));
    this.#isAuthentic = last !== undefined;
    yield rest;
  }

  #chunk(index: number, end: Uint8Array = new Uint8Array(0)): OcbMessage {
    const number = Buffer.alloc(8);
    number.writeBigUInt64BE(BigInt(index));
    const nonce = Uint8Array.from(this.#nonce);
    number.forEach((byte, at) => (nonce[NONCE - 8 + at] = (nonce[NONCE - 8 + at] ?? 0) ^ byte));
    // Packet 18 has the number in the nonce alone.
    const own = this.#packet.tag === 20 ? number : new Uint8Array(0);
    return this.#ocb(this.#key, nonce, Buffer.concat([this.#head(), own, end]));
  }

  #head(): Uint8Array {
    const { tag, version, cipher, chunkByte } = this.#packet;
    return Uint8Array.of(0xc0 | tag, version, cipher, OCB, chunkByte);
  }
}

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
