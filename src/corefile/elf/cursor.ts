import { elfErrors } from "./errors.ts";

/** Reads numbers and strings one after the other. Throws `elf.truncated` at the end of the bytes. */
export class Cursor {
  readonly #view: DataView;
  offset: number;

  constructor(
    readonly bytes: Uint8Array,
    readonly littleEndian: boolean,
    offset = 0,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = offset;
  }

  get atEnd(): boolean {
    return this.offset >= this.bytes.length;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), this.littleEndian);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), this.littleEndian);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), this.littleEndian);
  }

  /** An unsigned number of 1, 2, 4 or 8 bytes. */
  unsigned(size: number): bigint {
    if (size === 8) return this.u64();
    return BigInt(size === 4 ? this.u32() : size === 2 ? this.u16() : this.u8());
  }

  signed(size: number): bigint {
    return BigInt.asIntN(size * 8, this.unsigned(size));
  }

  /** LEB128 without sign; bits above the 64th are dropped. */
  uleb(): bigint {
    return BigInt.asUintN(64, this.#leb().value);
  }

  sleb(): bigint {
    const { value, bits } = this.#leb();
    return BigInt.asIntN(Math.min(bits, 64), value);
  }

  /** An unsigned LEB128 that counts or numbers something: what is larger than 2^32 becomes that. */
  count(): number {
    const value = this.uleb();
    return value > 0xffff_ffffn ? 0xffff_ffff : Number(value);
  }

  take(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** Latin-1 or UTF-8 up to a zero byte. */
  string(): string {
    const end = this.bytes.indexOf(0, this.offset);
    if (end < 0) throw elfErrors.truncated(this.offset);
    const text = decoder.decode(this.bytes.subarray(this.offset, end));
    this.offset = end + 1;
    return text;
  }

  #leb(): { readonly value: bigint; readonly bits: number } {
    let value = 0n;
    for (let bits = 0; ; bits += 7) {
      const byte = this.u8();
      if (bits < 70) value |= BigInt(byte & 0x7f) << BigInt(bits);
      if (byte < 0x80) return { value, bits: bits + 7 };
    }
  }

  #take(length: number): number {
    const at = this.offset;
    if (length < 0 || at + length > this.bytes.length) throw elfErrors.truncated(at);
    this.offset = at + length;
    return at;
  }
}

const decoder = new TextDecoder();
