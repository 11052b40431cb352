import type { MemoryPages } from "./memory-pages.ts";

/** Words of a pointer are eight bytes, on the machines that CRIU freezes but ARM. */
const WORD = 8;
/** Printable characters in a row that are taken for text. */
const SHORTEST = 6;
const LONGEST = 120;

export type Note =
  | { readonly kind: "pointer"; readonly target: bigint; readonly text: string }
  | { readonly kind: "string"; readonly text: string };

/** Name of the mapping that an address lies in, with the offset in it; undefined where nothing is mapped. */
export type NameOf = (address: bigint) => string | undefined;

/** What the bytes of a line are besides bytes: pointers into memory, and a text that begins in it. */
export function notesOf(
  address: bigint,
  length: number,
  pages: MemoryPages,
  little: boolean,
  nameOf: NameOf,
): readonly Note[] {
  const bytes = pages.known(address, length);
  const notes: Note[] = [];
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + WORD <= bytes.length; at += WORD) {
    const target = view.getBigUint64(at, little);
    const name = target === 0n ? undefined : nameOf(target);
    if (name !== undefined) notes.push({ kind: "pointer", target, text: `→ ${name}` });
  }
  const text = notes.length === 0 ? stringIn(address, bytes, pages) : undefined;
  if (text !== undefined) notes.push({ kind: "string", text });
  return notes;
}

const isPrintable = (byte: number): boolean => byte >= 0x20 && byte < 0x7f;

/** The first text that begins in the line, whole: it may go on in the lines below. */
function stringIn(address: bigint, bytes: Uint8Array, pages: MemoryPages): string | undefined {
  const before = address > 0n ? pages.known(address - 1n, 1)[0] : undefined;
  let at = 0;
  // The rest of a text that began above.
  if (before !== undefined && isPrintable(before))
    while (at < bytes.length && isPrintable(bytes[at] ?? 0)) at++;
  for (; at < bytes.length; at++) {
    if (!isPrintable(bytes[at] ?? 0)) continue;
    const text = textAt(pages.known(address + BigInt(at), LONGEST));
    if (text.length >= SHORTEST) return `"${text}"${text.length === LONGEST ? "…" : ""}`;
    at += text.length;
  }
  return undefined;
}

/** Printable characters at the start of bytes. */
export function textAt(bytes: Uint8Array): string {
  const end = bytes.findIndex((byte) => !isPrintable(byte));
  return String.fromCharCode(...bytes.subarray(0, end < 0 ? bytes.length : end));
}
