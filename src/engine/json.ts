// Reading an engine's JSON: what isn't what it should be reads as empty, so that a strange answer can't throw later.

export type JsonRecord = Readonly<Record<string, unknown>>;

const EMPTY: JsonRecord = {};
/** Longer texts are cut: no name, path or argument that matters here is longer. */
const MAX_TEXT = 64 * 1024;
const MAX_LIST = 100_000;

/** The value as an object; anything else (null, a list, a text) as an object without fields. */
export function record(value: unknown): JsonRecord {
  // A cast, because TypeScript can't turn `object` into an index signature by itself.
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonRecord) : EMPTY;
}

/** Follows field names down; undefined where the way ends. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const name of path) here = Object.hasOwn(record(here), name) ? record(here)[name] : undefined;
  return here;
}

export function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, MAX_TEXT) : "";
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, MAX_LIST) : [];
}

export function texts(value: unknown): readonly string[] {
  return list(value)
    .filter((item) => typeof item === "string")
    .map(text);
}

/** A whole number from 0 to 2^53 - 1, also when written as digits; else undefined. */
export function whole(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

export function port(value: unknown): number | undefined {
  const number = whole(value);
  return number !== undefined && number > 0 && number < 65536 ? number : undefined;
}

/** The parsed text, or undefined when it isn't JSON. */
export function parseJson(source: string): unknown {
  try {
    return JSON.parse(source) as unknown;
  } catch {
    return undefined;
  }
}
