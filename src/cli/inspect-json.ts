/** A model's object as JSON has it: big integers as numbers or text, bytes as base64. */
export type Json<T> = T extends bigint
  ? number | string
  : T extends Uint8Array
    ? string
    : T extends readonly (infer U)[]
      ? readonly Json<U>[]
      : T extends object
        ? { readonly [K in keyof T]: Json<T[K]> }
        : T;

/** Numbers that people read as hexadecimal, wherever they stand: addresses and masks. */
const HEX = new Set(
  (
    "start end address handler restorer bits programCounter stackPointer tls clearTidAddress startCode endCode startData endData " +
    "startStack startBrk brk argStart argEnd envStart envEnd general floating"
  ).split(" "),
);
/** Of these, what they are in decides: bytes of a file are counted in decimals, and so are personality bits. */
const COUNTED_IN = new Set(["pieces", "fileLocks"]);

/** Fields that are undefined fall away. `within` is the name of what the value is in. */
export function json<T>(value: T, within = ""): Json<T> {
  // What Json says is exactly what is done here, field by field.
  return convert(value, within, false, 0) as Json<T>;
}

/** Deeper than any part of the model is. */
const MAX_DEPTH = 64;

function convert(value: unknown, key: string, counted: boolean, depth: number): unknown {
  if (typeof value === "bigint") return HEX.has(key) && !counted ? hex(value) : decimal(value);
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  const isCounted = counted || COUNTED_IN.has(key);
  if (Array.isArray(value)) return value.map((item) => convert(item, key, isCounted, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      // The registers of a thread have names of their own.
      .map(([name, field]) => [name, convert(field, HEX.has(key) ? key : name, isCounted, depth + 1)]),
  );
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

function decimal(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}
