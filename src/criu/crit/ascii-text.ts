import { addDecimal, hexDigitCount, setHex } from "./digits.ts";

const START = 64 * 1024;
const QUOTE = 0x22;
const HEX_START = Uint8Array.from(Buffer.from('"0x'));

/**
 * ASCII text that is put together from many small pieces, as bytes in one buffer: a string for each piece would leave
 * more garbage than text.
 */
export class AsciiText {
  length = 0;
  bytes = Buffer.allocUnsafe(START);

  /** What was put together; what comes next starts anew, in the same memory. */
  take(): Uint8Array {
    const text = this.bytes.subarray(0, this.length);
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
    this.length = addDecimal(this.bytes, this.length, value);
  }

  /** Adds a number of 64 bits, given in two halves, as `"0x1f"` with the quotes. */
  quotedHex(low: number, high: number): void {
    if (this.length + 20 > this.bytes.length) this.reserve(20);
    const digits = hexDigitCount(low, high);
    const end = this.length + HEX_START.length + digits;
    this.bytes.set(HEX_START, this.length);
    setHex(this.bytes, end, digits, low, high);
    this.bytes[end] = QUOTE;
    this.length = end + 1;
  }

  /** Makes room for `count` bytes more. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + count));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
