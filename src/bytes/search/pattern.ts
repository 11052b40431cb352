import { bytesErrors } from "../errors.ts";
import type { ByteClasses } from "./classes.ts";

/** What a person looks for in bytes. */
export type SearchQuery =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly encoding: TextEncoding;
      readonly matchCase: boolean;
    }
  | {
      /** `de ad ?? e?`: a question mark is any hex digit. Spaces, commas, `0x` and `\x` may stand between bytes. */
      readonly kind: "hex";
      readonly text: string;
    }
  | {
      /** A JavaScript regular expression in which a character is a byte; `^` and `$` are line ends. */
      readonly kind: "regex";
      readonly text: string;
      readonly matchCase: boolean;
    };

export type TextEncoding = "utf-8" | "utf-16le" | "utf-16be";

/** A query made ready for `searchBytes`. */
export type BytePattern =
  | { readonly kind: "literal"; readonly bytes: Uint8Array }
  | { readonly kind: "classes"; readonly classes: ByteClasses }
  | {
      readonly kind: "regex";
      /** Over bytes as Latin-1 characters; global. */
      readonly regex: RegExp;
      /** The longest match that is found whole. */
      readonly maxLength: number;
      /** Written by a person: it can repeat, and then take any time. */
      readonly isFree: boolean;
    };

const MAX_QUERY = 1024;
/** A regular expression can match without end; so many bytes of it are found. */
export const MAX_REGEX_MATCH = 4096;

/** Makes a query ready. Throws `bytes.badPattern` when it can't match anything or isn't understood. */
export function compileQuery(query: SearchQuery): BytePattern {
  if (query.text === "") throw bytesErrors.badPattern("There is nothing to look for");
  if (query.text.length > MAX_QUERY * 4) throw bytesErrors.badPattern("It is too long");
  switch (query.kind) {
    case "text":
      return textPattern(query.text, query.encoding, query.matchCase);
    case "hex":
      return hexPattern(query.text);
    case "regex":
      return regexPattern(query.text, query.matchCase);
  }
}

function textPattern(text: string, encoding: TextEncoding, matchCase: boolean): BytePattern {
  const characters = Array.from(text);
  if (characters.length > MAX_QUERY) throw bytesErrors.badPattern("It is too long");
  const variants = characters.map((character) => (matchCase ? [character] : caseVariants(character)));
  if (variants.every(({ length }) => length === 1))
    return { kind: "literal", bytes: encodeText(text, encoding) };
  const encodings = variants.map((each) => each.map((variant) => encodeText(variant, encoding)));
  const classes = encodings.map(byteClasses);
  if (classes.every((each) => each !== undefined)) return { kind: "classes", classes: classes.flat() };
  const maxLength = encodings.reduce((sum, each) => sum + Math.max(...each.map(({ length }) => length)), 0);
  return { kind: "regex", regex: new RegExp(encodings.map(anyOf).join(""), "g"), maxLength, isFree: false };
}

/** The character in both cases. A few have two letters in upper case: `ß` is `SS`. */
function caseVariants(character: string): readonly string[] {
  const upper = character.toUpperCase();
  return [...new Set([character, character.toLowerCase(), upper, upper.toLowerCase()])];
}

function anyOf(encoded: readonly Uint8Array[]): string {
  return `(?:${encoded.map((bytes) => Array.from(bytes, escapeByte).join("")).join("|")})`;
}

/**
 * `é` and `É` are C3 A9 and C3 89, so the second byte is one of two. undefined where that would find more: the forms have
 * different lengths, or differ in more than one byte.
 */
function byteClasses(encoded: readonly Uint8Array[]): ByteClasses | undefined {
  const [first = new Uint8Array(0)] = encoded;
  if (encoded.some(({ length }) => length !== first.length)) return undefined;
  const sets = Array.from(first, (_, index) => [...new Set(encoded.map((bytes) => bytes[index] ?? 0))]);
  return sets.filter(({ length }) => length > 1).length > 1 ? undefined : sets;
}

function encodeText(text: string, encoding: TextEncoding): Uint8Array {
  if (encoding === "utf-8") return new TextEncoder().encode(text);
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < text.length; index++)
    view.setUint16(index * 2, text.charCodeAt(index), encoding === "utf-16le");
  return bytes;
}

function hexPattern(text: string): BytePattern {
  const digits = text.replaceAll(/0x|\\x|[\s,;:]/gi, "");
  const wrong = /[^0-9a-f?]/i.exec(digits)?.[0];
  if (wrong !== undefined) throw bytesErrors.badPattern(`“${wrong}” is no hex digit`);
  if (digits.length % 2 === 1) throw bytesErrors.badPattern("A byte has two hex digits; one is missing");
  if (!/[^?]/.test(digits)) throw bytesErrors.badPattern("Only wildcards match everything");
  const bytes = digits.match(/../g) ?? [];
  if (bytes.length > MAX_QUERY) throw bytesErrors.badPattern("It is too long");
  if (!digits.includes("?"))
    return { kind: "literal", bytes: Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 16)) };
  return { kind: "classes", classes: bytes.map(hexByte) };
}

/** The bytes that `4?` stands for: 40 to 4F. */
function hexByte(byte: string): readonly number[] {
  const pattern = new RegExp(`^${byte.replaceAll("?", ".")}$`, "i");
  return ALL_BYTES.filter((value) => pattern.test(value.toString(16).padStart(2, "0")));
}

const ALL_BYTES = Array.from({ length: 256 }, (_, value) => value);

function regexPattern(text: string, matchCase: boolean): BytePattern {
  try {
    const regex = new RegExp(asBytes(text), matchCase ? "gm" : "gim");
    return { kind: "regex", regex, maxLength: MAX_REGEX_MATCH, isFree: true };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw bytesErrors.badPattern(error.message.replace(/^Invalid regular expression: /, ""));
  }
}

/** Characters beyond ASCII become the bytes of their UTF-8 form. */
function asBytes(source: string): string {
  let inClass = false;
  let escaped = false;
  let out = "";
  for (const character of source) {
    if (!escaped && character === "[") inClass = true;
    if (!escaped && character === "]") inClass = false;
    escaped = !escaped && character === "\\";
    if (character < "\u0080") {
      out += character;
      continue;
    }
    if (inClass) throw bytesErrors.badPattern(`A class is one byte, “${character}” has more`);
    out += `(?:${Array.from(new TextEncoder().encode(character), escapeByte).join("")})`;
  }
  return out;
}

function escapeByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}
