import type { ByteKind, ByteRange, ByteSpan } from "../../src/protocol/index.ts";

/** What each kind of byte is, for the legend and for the mouse that rests on a byte. */
export const KIND_WORDS: Readonly<Record<ByteKind, string>> = {
  magic: "Magic: tells the kind of file",
  size: "Size word of an entry",
  tag: "Tag: a field's number, wire type and length",
  value: "Value of a field",
  payload: "Payload: raw bytes",
  padding: "Padding: only aligns",
  seal: "Seal: authentication tag and nonce",
  unknown: "Unknown: no rule accounts for it",
};

export function hex(offset: number): string {
  return `0x${offset.toString(16).toUpperCase()}`;
}

/** `1 byte`, `4,096 bytes`, `2.5 MiB`. */
export function sizeWords(bytes: number): string {
  if (bytes === 1) return "1 byte";
  if (bytes < 10_240) return `${bytes.toLocaleString("en")} bytes`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** power;
  const shown = Number.isInteger(amount) ? amount.toLocaleString("en") : amount.toFixed(1);
  return `${shown} ${units[power - 1] ?? ""}`;
}

/** `0x10 – 0x13`, both ends included; an empty range is the place where nothing is. */
export function rangeWords({ start, end }: ByteRange): string {
  return end - start <= 1 ? hex(start) : `${hex(start)} – ${hex(end - 1)}`;
}

/** What is known about a byte: where it is, what it is, or why it can't be read. */
export function byteWords(
  offset: number,
  span: ByteSpan | undefined,
  error: string | undefined,
  doc = "",
): string {
  const what = error ?? (span ? `${KIND_WORDS[span.kind]}\n${span.path}\n${doc}`.trimEnd() : "");
  return `${hex(offset)} (${String(offset)})\n${what}`.trim();
}

/** Reads what a person types to go somewhere: `0x1f`, `1fh`, `31`; undefined when it is no offset. */
export function parseOffset(text: string): number | undefined {
  const typed = text.trim().replaceAll(/[_,]/g, "");
  const digits = /^0x([0-9a-f]{1,13})$/i.exec(typed)?.[1] ?? /^([0-9a-f]{1,13})h$/i.exec(typed)?.[1];
  if (digits !== undefined) return Number.parseInt(digits, 16);
  return /^\d{1,15}$/.test(typed) ? Number(typed) : undefined;
}

/** What a row's path has beyond its parent's: `comm` of `entries[0].tc.comm`, `[3]` of `rlimits[3]`. */
export function crumbText(path: string, parent: string | undefined): string {
  return parent !== undefined && path.startsWith(parent)
    ? path.slice(parent.length).replace(/^\./, "")
    : path;
}
