import { compileQuery, MAX_REGEX_MATCH } from "../../bytes/index.ts";
import type { TextEncoding } from "../../bytes/index.ts";
import { memoryErrors } from "../errors.ts";

/** What is looked for in memory. */
export type MemoryQuery =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly encoding: TextEncoding;
      readonly matchCase: boolean;
    }
  | { readonly kind: "hex"; readonly text: string }
  | { readonly kind: "regex"; readonly text: string; readonly matchCase: boolean }
  | {
      /** A number of `width` bytes; negative ones in two's complement. */
      readonly kind: "integer";
      readonly value: bigint;
      readonly width: 1 | 2 | 4 | 8;
      readonly endian: "little" | "big";
      /** Only at addresses that are a multiple of its width. */
      readonly aligned: boolean;
    }
  | {
      /** Little-endian words of eight bytes, at their alignment, whose value is in `[start, end)`. */
      readonly kind: "pointer";
      readonly start: bigint;
      readonly end: bigint;
    }
  | {
      /** Printable characters in a row, as binutils' `strings` finds them. */
      readonly kind: "strings";
      readonly min: number;
      readonly encoding: StringEncoding;
    }
  | { readonly kind: "rules"; readonly rules: readonly WorkerRule[] };

/** `ascii`: 7-bit; `latin1`: 8-bit, also UTF-8; `utf-16le`: ASCII in 16-bit words. binutils' s, S and l. */
export type StringEncoding = "ascii" | "latin1" | "utf-16le";

/** A query in the form that workers get. */
export type WorkerPattern =
  | {
      readonly kind: "bytes";
      /** A byte fits when `(byte | fold) & mask` is the value. */
      readonly values: Uint8Array;
      readonly folds: Uint8Array;
      readonly masks: Uint8Array;
      /** Matches begin at a multiple of it. */
      readonly align: number;
    }
  | { readonly kind: "regex"; readonly source: string; readonly flags: string; readonly maxLength: number }
  | { readonly kind: "pointer"; readonly start: bigint; readonly end: bigint }
  | { readonly kind: "strings"; readonly min: number; readonly encoding: StringEncoding }
  | { readonly kind: "rules"; readonly rules: readonly WorkerRule[] };

/** Bytes that are looked for by a text that they all have, and then by a regular expression around it. */
export interface WorkerRule {
  /** ASCII. */
  readonly anchor: string;
  /** How far before its anchor a match may begin. */
  readonly before: number;
  /** How long a match can be, at most. */
  readonly maxLength: number;
  /** A match must begin at or before the anchor and end behind its begin: source of a regular expression. */
  readonly regex: string;
}

/** The longest string that is found in one piece. */
export const MAX_STRING = 4096;

/** Makes a query ready. Throws `bytes.badPattern`. */
export function compileMemoryQuery(query: MemoryQuery): WorkerPattern {
  if (query.kind === "pointer" || query.kind === "strings" || query.kind === "rules") return query;
  if (query.kind === "integer") return integerPattern(query);
  if (query.kind === "hex") return hexPattern(query.text);
  if (query.kind === "text" && isAscii(query.text) && query.text !== "") return textPattern(query);
  const pattern = compileQuery(query);
  if (pattern.kind === "literal") return exactly(pattern.bytes);
  if (pattern.kind === "classes") return classesPattern(pattern.classes);
  const { regex, maxLength } = pattern;
  return { kind: "regex", source: regex.source, flags: regex.flags, maxLength };
}

/** Where matches may end. */
export interface MatchEnd {
  /** How far behind its begin a match may go: so many bytes, its own. */
  readonly reach: number;
  /** Whether its last byte may be zero. */
  readonly endsInZeros: boolean;
}

export function matchEnd(pattern: WorkerPattern): MatchEnd {
  const reach = reachOf(pattern);
  if (pattern.kind === "strings") return { reach, endsInZeros: pattern.encoding === "utf-16le" };
  if (pattern.kind !== "bytes") return { reach, endsInZeros: true };
  const [value, fold, mask] = [pattern.values, pattern.folds, pattern.masks].map((each) => each.at(-1) ?? 0);
  return { reach, endsInZeros: ((fold ?? 0) & (mask ?? 0)) === value };
}

/** How far behind its begin a match may reach. */
export function reachOf(pattern: WorkerPattern): number {
  if (pattern.kind === "bytes") return pattern.values.length;
  // At their alignment, so none reaches into another page.
  if (pattern.kind === "pointer") return 1;
  if (pattern.kind === "rules") return Math.max(...pattern.rules.map(({ maxLength }) => maxLength));
  return pattern.kind === "strings" ? MAX_STRING : Math.min(pattern.maxLength, MAX_REGEX_MATCH);
}

const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text);

export function exactly(values: Uint8Array, align = 1): WorkerPattern & { readonly kind: "bytes" } {
  const { length } = values;
  return {
    kind: "bytes",
    values,
    folds: new Uint8Array(length),
    masks: new Uint8Array(length).fill(255),
    align,
  };
}

/** Letters beyond ASCII in both cases, as a regular expression over bytes. */
function classesPattern(classes: readonly (readonly number[])[]): WorkerPattern {
  const escaped = (byte: number): string => `\\x${byte.toString(16).padStart(2, "0")}`;
  const source = classes.map((values) => `[${values.map(escaped).join("")}]`).join("");
  return { kind: "regex", source, flags: "g", maxLength: classes.length };
}

/** Letters of ASCII differ by one bit in case: `a | 0x20` and `A | 0x20` are both `a`. */
function textPattern(query: MemoryQuery & { kind: "text" }): WorkerPattern {
  const pattern = compileQuery({ ...query, matchCase: true });
  if (pattern.kind !== "literal") throw memoryErrors.badQuery("This text can't be searched for");
  const exact = exactly(pattern.bytes);
  if (query.matchCase) return exact;
  const folds = pattern.bytes.map((byte) => (/[a-z]/i.test(String.fromCharCode(byte)) ? 0x20 : 0));
  return { ...exact, folds, values: pattern.bytes.map((byte, index) => byte | (folds[index] ?? 0)) };
}

/** What `compileQuery` takes for hex, with its wildcards as masks. */
function hexPattern(text: string): WorkerPattern {
  compileQuery({ kind: "hex", text });
  const digits = text.replaceAll(/0x|\\x|[\s,;:]/gi, "");
  const parse = (replace: (digit: string) => string): Uint8Array =>
    Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte.replaceAll(/./g, replace), 16));
  const values = parse((digit) => (digit === "?" ? "0" : digit));
  const masks = parse((digit) => (digit === "?" ? "0" : "f"));
  return { kind: "bytes", values, masks, folds: new Uint8Array(values.length), align: 1 };
}

function integerPattern({ value, width, endian, aligned }: MemoryQuery & { kind: "integer" }): WorkerPattern {
  const bits = BigInt(width * 8);
  if (value >= 1n << bits || value < -(1n << (bits - 1n)))
    throw memoryErrors.badQuery(`${value} doesn't fit ${width} bytes`);
  const bytes = new Uint8Array(width);
  for (let index = 0; index < width; index++)
    bytes[endian === "little" ? index : width - 1 - index] = Number(
      (BigInt.asUintN(64, value) >> BigInt(index * 8)) & 255n,
    );
  return exactly(bytes, aligned ? width : 1);
}
