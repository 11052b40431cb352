/** Numbers and bytes one after the other, little-endian, in words of one machine. Grows as needed. */
export class BytesWriter {
  /** Bytes of a `long` and a pointer: 4 or 8. */
  readonly word: 4 | 8;
  #bytes = Buffer.alloc(256);
  #length = 0;

  constructor(word: 4 | 8) {
    this.word = word;
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    return this.#number(BigInt(value), 1);
  }

  u16(value: number): this {
    return this.#number(BigInt(value), 2);
  }

  u32(value: number): this {
    return this.#number(BigInt(value), 4);
  }

  u64(value: bigint): this {
    return this.#number(value, 8);
  }

  /** A `long` or a pointer of the machine. */
  long(value: bigint): this {
    return this.#number(value, this.word);
  }

  bytes(value: Uint8Array): this {
    this.#room(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** `size` bytes of text: cut where it is longer, NUL where it is shorter. The last one is always NUL. */
  text(value: string, size: number): this {
    const bytes = Buffer.alloc(size);
    Buffer.from(value)
      .subarray(0, size - 1)
      .copy(bytes);
    return this.bytes(bytes);
  }

  /** Zeros up to offset `to`; nothing when it is behind. */
  padTo(to: number): this {
    return to > this.#length ? this.bytes(Buffer.alloc(to - this.#length)) : this;
  }

  /** Zeros up to a multiple of `unit`. */
  align(unit: number): this {
    return this.padTo(Math.ceil(this.#length / unit) * unit);
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #number(value: bigint, size: number): this {
    this.#room(size);
    let rest = BigInt.asUintN(size * 8, value);
    for (let index = 0; index < size; index++) {
      this.#bytes[this.#length + index] = Number(rest & 0xffn);
      rest >>= 8n;
    }
    this.#length += size;
    return this;
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
