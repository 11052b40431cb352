import { encodeErrors } from "./errors.ts";

/** JSON with its integers exact: bigint, however large. Other numbers are numbers. */
export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject;
/** Keys in the order written; of a key that comes twice the last value counts. */
export type JsonObject = ReadonlyMap<string, JsonValue>;

/** crit's JSON nests some twenty deep. */
const MAX_DEPTH = 100;
/** Digits of an integer: no field has more than 20, and parsing takes longer than the text grows. */
const MAX_DIGITS = 40;

/** Parses JSON text. Throws `encode.badJson` with the offset in characters. */
export function parseJson(text: string): JsonValue {
  const reader = new JsonReader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class JsonReader {
  private position = 0;

  constructor(private readonly text: string) {}

  value(depth: number): JsonValue {
    if (depth > MAX_DEPTH) throw this.bad("it is nested too deep");
    this.skipSpace();
    switch (this.text[this.position]) {
      case "{":
        return this.object(depth);
      case "[":
        return this.array(depth);
      case '"':
        return this.string();
      default:
        return this.word();
    }
  }

  /** Throws unless only white space is left. */
  end(): void {
    this.skipSpace();
    if (this.position < this.text.length) throw this.bad("something follows its end");
  }

  private object(depth: number): JsonObject {
    const object = new Map<string, JsonValue>();
    this.list("}", () => {
      this.skipSpace();
      if (this.text[this.position] !== '"') throw this.bad("a key is missing");
      const key = this.string();
      this.skipSpace();
      if (this.text[this.position] !== ":") throw this.bad("a colon is missing");
      this.position += 1;
      object.set(key, this.value(depth + 1));
    });
    return object;
  }

  private array(depth: number): JsonValue[] {
    const array: JsonValue[] = [];
    this.list("]", () => {
      array.push(this.value(depth + 1));
    });
    return array;
  }

  /** What stands between an opening bracket and `close`, with commas. */
  private list(close: string, element: () => void): void {
    this.position += 1;
    this.skipSpace();
    if (this.text[this.position] === close) {
      this.position += 1;
      return;
    }
    for (;;) {
      element();
      this.skipSpace();
      const next = this.text[this.position];
      if (next !== "," && next !== close) throw this.bad("a comma or bracket is missing");
      this.position += 1;
      if (next === close) return;
    }
  }

  private string(): string {
    const start = this.position;
    let end = start;
    let escaped = false;
    do {
      end = this.text.indexOf('"', end + 1);
      if (end < 0) throw this.bad("a string has no end");
      let slashes = 0;
      while (this.text[end - 1 - slashes] === "\\") slashes += 1;
      escaped = slashes % 2 === 1;
    } while (escaped);
    this.position = end + 1;
    const content = this.text.slice(start + 1, end);
    if (!content.includes("\\") && !CONTROL.test(content)) return content;
    try {
      // Of this kind there is nothing but a string.
      return JSON.parse(this.text.slice(start, end + 1)) as string;
    } catch {
      this.position = start;
      throw this.bad("a string has a character or escape that JSON doesn't know");
    }
  }

  private word(): JsonValue {
    WORD.lastIndex = this.position;
    const [word = ""] = WORD.exec(this.text) ?? [];
    if (word === "true" || word === "false" || word === "null") {
      this.position += word.length;
      return word === "null" ? null : word === "true";
    }
    const digits = word.replace("-", "").length;
    if (INTEGER.test(word) && digits <= MAX_DIGITS) {
      this.position += word.length;
      return BigInt(word);
    }
    if (!NUMBER.test(word)) throw this.bad("a value is missing");
    if (INTEGER.test(word)) throw this.bad("an integer is too long");
    this.position += word.length;
    return Number(word);
  }

  private skipSpace(): void {
    SPACE.lastIndex = this.position;
    SPACE.test(this.text);
    this.position = SPACE.lastIndex;
  }

  private bad(reason: string): Error {
    return encodeErrors.badJson(reason, this.position);
  }
}

const CONTROL = /[\u0000-\u001f]/;
const SPACE = /[ \t\n\r]*/y;
const WORD = /[-+.\w]*/y;
const INTEGER = /^-?(0|[1-9]\d*)$/;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;
