/** Writes protobuf's wire format into a buffer that grows. */
export class WireWriter {
  private bytes = Buffer.alloc(64);
  private length = 0;

  /** What was written; the writer must not be used after it. */
  finish(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  tag(number: number, wireType: number): void {
    this.varint(BigInt(number * 8 + wireType));
  }

  /** A varint of the low 64 bits: a negative number has ten bytes. */
  varint(value: bigint): void {
    this.reserve(10);
    let left = BigInt.asUintN(64, value);
    for (; left >= 0x80n; left >>= 7n) this.bytes[this.length++] = Number(left & 0x7fn) | 0x80;
    this.bytes[this.length++] = Number(left);
  }

  /** A fixed-width number of 4 or 8 bytes, from its low bits. */
  fixed(value: bigint, width: 4 | 8): void {
    this.reserve(8);
    this.bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.length);
    this.length += width;
  }

  double(value: number, width: 4 | 8): void {
    this.reserve(8);
    if (width === 8) this.bytes.writeDoubleLE(value, this.length);
    else this.bytes.writeFloatLE(value, this.length);
    this.length += width;
  }

  /** A length word and the bytes. */
  delimited(content: Uint8Array): void {
    this.varint(BigInt(content.length));
    this.raw(content);
  }

  raw(content: Uint8Array): void {
    this.reserve(content.length);
    this.bytes.set(content, this.length);
    this.length += content.length;
  }

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = Buffer.alloc(Math.max(this.bytes.length * 2, this.length + count));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}
