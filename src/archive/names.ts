// The one gate for names: what passes here can't leave a tree, and is the only form used above.

import { hasEscapes } from "../bytes/index.ts";

const MAX_PATH = 4096;
const MAX_PART = 255;
const MAX_DEPTH = 256;

const CONTROL = /[\u0000-\u001f\u007f]/;

/** Names like nearly all: in normal form as they are. The length keeps each part below its limit, whatever its characters. */
const PLAIN =
  /^[^/.\u0000-\u001f\u007f\ud800-\udfff][^/\u0000-\u001f\u007f\ud800-\udfff]*(?:\/[^/.\u0000-\u001f\u007f\ud800-\udfff][^/\u0000-\u001f\u007f\ud800-\udfff]*)*$/;
const PLAIN_LENGTH = 80;

export type NormalName =
  | { readonly path: string; readonly refused?: undefined }
  | { readonly refused: string; readonly path?: undefined };

/**
 * The normal form of a name as an archive or a caller gives it: `./a//b/` is `a/b`, the root is "". Absolute
 * names, `..`, control characters (terminals obey them), and what is longer or deeper than Linux allows are
 * refused with the reason in words. A byte that is no UTF-8 (`decodeText`) becomes `\xe9`, which people can type and
 * addresses can hold.
 */
export function normaliseName(given: string): NormalName {
  if (given.length <= PLAIN_LENGTH && PLAIN.test(given)) return { path: given };
  const raw = hasEscapes(given) ? given.replaceAll(/\p{Surrogate}/gu, typed) : given;
  if (raw.startsWith("/")) return { refused: "it is absolute" };
  if (CONTROL.test(raw)) return { refused: "it holds control characters" };
  if (isLonger(raw, MAX_PATH)) return { refused: "it is too long" };
  const parts = raw.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) return { refused: "it leads upwards" };
  if (parts.length > MAX_DEPTH) return { refused: "it is too deep" };
  if (parts.some((part) => isLonger(part, MAX_PART))) return { refused: "it is too long" };
  return { path: parts.join("/") };
}

/** Half of a surrogate pair as the byte that it stands for. */
function typed(half: string): string {
  const byte = half.charCodeAt(0) - 0xdc00;
  return byte >= 0x80 && byte <= 0xff ? `\\x${byte.toString(16)}` : "\ufffd";
}

/** In bytes of UTF-8, of which a character has three at most for each of its units. */
function isLonger(text: string, limit: number): boolean {
  return text.length * 3 > limit && Buffer.byteLength(text) > limit;
}

/** The folder of a normal path; "" for a name in the root. */
export function parentOf(path: string): string {
  const cut = path.lastIndexOf("/");
  return cut < 0 ? "" : path.slice(0, cut);
}

/** The last part of a normal path. */
export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A normal path below a folder: `joinPath("", "a")` is `a`. */
export function joinPath(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** By code unit, so that the order is the same on every machine. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
