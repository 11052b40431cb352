import { elfErrors } from "../elf/errors.ts";

/** No name that a person reads is longer. */
const MAX_LENGTH = 4096;
const MAX_OUTPUT = 65_536;
const MAX_DEPTH = 96;

/** Walks over a mangled name. What it doesn't know ends the reading: the name is then shown as it is. */
export class NameReader {
  at = 0;
  #depth = 0;
  #written = 0;

  constructor(readonly text: string) {
    if (text.length > MAX_LENGTH) this.fail();
  }

  get next(): string {
    return this.text[this.at] ?? "";
  }

  get two(): string {
    return this.text.slice(this.at, this.at + 2);
  }

  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** Steps over `word` if it is next. */
  take(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  need(word: string): void {
    if (!this.take(word)) this.fail();
  }

  fail(): never {
    throw elfErrors.damaged("a mangled name has a form that is not read");
  }

  /** Runs a part that may hold others like it, so deep as names of programs are. */
  within<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) this.fail();
    const result = read();
    this.#depth--;
    return result;
  }

  /** Counts what is put together: names may say the same part again and again. */
  made(text: string): string {
    this.#written += text.length;
    if (this.#written > MAX_OUTPUT) this.fail();
    return text;
  }

  /** Decimal digits. */
  number(): number {
    const [digits] = /^\d{1,9}/.exec(this.text.slice(this.at, this.at + 9)) ?? [];
    if (digits === undefined) this.fail();
    this.at += digits.length;
    return Number(digits);
  }

  /** `_` is 0, `0_` is 1, in base 36. */
  sequence(): number {
    const [all, digits = ""] = /^([0-9A-Z]{0,6})_/.exec(this.text.slice(this.at, this.at + 7)) ?? [];
    if (all === undefined) this.fail();
    this.at += all.length;
    return digits === "" ? 0 : parseInt(digits, 36) + 1;
  }

  /** The same in decimals, of lambdas and parameters. */
  count(): number {
    const [all, digits = ""] = /^(\d{0,6})_/.exec(this.text.slice(this.at, this.at + 7)) ?? [];
    if (all === undefined) this.fail();
    this.at += all.length;
    return digits === "" ? 0 : Number(digits) + 1;
  }

  /** A name with its length before it. */
  source(): string {
    const length = this.number();
    if (length === 0 || this.at + length > this.text.length) this.fail();
    const name = this.text.slice(this.at, this.at + length);
    this.at += length;
    return name.startsWith("_GLOBAL__N") ? "(anonymous namespace)" : name;
  }
}
