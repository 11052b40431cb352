const [ZERO, START] = [0x30, 64 * 1024] as const;

/**
 * ASCII text that is put together from many small pieces, as bytes in one buffer: a string for each piece would leave
 * more garbage than text.
 */
export class AsciiText {
  length = 0;
  private bytes = Buffer.allocUnsafe(START);

  /** What was put together; what comes next starts anew. */
  take(): string {
    const text = this.bytes.toString("latin1", 0, this.length);
    this.length = 0;
    return text;
  }

  /** Adds a string of ASCII characters. */
  add(text: string): void {
    this.reserve(text.length);
    this.length += this.bytes.write(text, this.length, "latin1");
  }

  /** Adds text that is bytes already. */
  copy(text: Uint8Array): void {
    const count = text.length;
    if (this.length + count > this.bytes.length) this.reserve(count);
    this.bytes.set(text, this.length);
    this.length += count;
  }

  /** Adds a whole number from 0 to 2^53. */
  decimal(value: number): void {
    if (this.length + 16 > this.bytes.length) this.reserve(16);
    // Two halves of integers that the machine divides quickly.
    const head = Math.floor(value / 1e8);
    if (head === 0) this.digits(value, digitCount(value));
    else {
      this.digits(head, digitCount(head));
      this.digits(value - head * 1e8, 8);
    }
  }

  /** `count` digits of a number below 2^31. */
  private digits(value: number, count: number): void {
    const { bytes, length } = this;
    let left = value | 0;
    for (let at = length + count - 1; at >= length; at--) {
      const tenth = (left / 10) | 0;
      bytes[at] = ZERO + left - tenth * 10;
      left = tenth;
    }
    this.length = length + count;
  }

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + count));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

function digitCount(value: number): number {
  let count = 1;
  for (let limit = 10; value >= limit; limit *= 10) count++;
  return count;
}
