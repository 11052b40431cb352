/** Bytes in a row: a byte fits when `byte | fold` is the value. */
export interface RequiredText {
  readonly values: Uint8Array;
  readonly folds: Uint8Array;
}

/** Shorter ones are everywhere. */
const MIN_LENGTH = 2;
const MAX_TEXTS = 4;

const NAMED: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, v: 11, f: 12 };
const QUANTIFIER = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/;

/**
 * Texts that every match of a JavaScript regular expression over Latin-1 contains, the longest first; none where that can't
 * be told at a glance. Where one of them is missing, nothing matches, and to look for a text takes a tenth of the time.
 */
export function requiredTexts(source: string, flags: string): readonly RequiredText[] {
  // Sets and code points are not read here.
  if (/[uv]/.test(flags)) return [];
  const texts: number[][] = [[]];
  for (let at = 0; at < source.length;) {
    const item = itemAt(source, at);
    // One of several branches is taken: nothing is required of each.
    if (item === "branches") return [];
    at = item.end;
    const quantifier = QUANTIFIER.exec(source.slice(at, at + 32));
    const [text = "", count] = quantifier ?? [];
    at += text.length;
    const isRequired = !/^[*?]/.test(text) && count !== "0" && !/^0+$/.test(count ?? "1");
    // Of a letter beyond ASCII the other case isn't one bit away.
    const isKnown = item.byte !== undefined && !(flags.includes("i") && item.byte > 127);
    if (isKnown && isRequired) texts.at(-1)?.push(item.byte);
    if (!isKnown || text !== "") texts.push([]);
  }
  return texts
    .filter(({ length }) => length >= MIN_LENGTH)
    .sort((a, b) => b.length - a.length)
    .slice(0, MAX_TEXTS)
    .map((bytes) => requiredText(bytes, flags.includes("i")));
}

function requiredText(bytes: readonly number[], ignoresCase: boolean): RequiredText {
  const isLetter = (byte: number): boolean => /[A-Za-z]/.test(String.fromCharCode(byte));
  const folds = Uint8Array.from(bytes, (byte) => (ignoresCase && isLetter(byte) ? 0x20 : 0));
  return { values: Uint8Array.from(bytes, (byte, index) => byte | (folds[index] ?? 0)), folds };
}

interface Item {
  readonly end: number;
  /** What it stands for, when that is one byte. */
  readonly byte?: number | undefined;
}

/** The atom or assertion that begins at `at`. */
function itemAt(source: string, at: number): Item | "branches" {
  const character = source[at] ?? "";
  if (character === "|") return "branches";
  if (character === "[") return { end: endOfClass(source, at) };
  if (character === "(") return { end: endOfGroup(source, at) };
  if (character === "\\") return escapeAt(source, at);
  if (/[.^$]/.test(character)) return { end: at + 1 };
  const code = character.charCodeAt(0);
  return { end: at + 1, byte: code < 256 ? code : undefined };
}

function escapeAt(source: string, at: number): Item {
  const escaped = source[at + 1] ?? "";
  const hex = /^\\x([0-9a-fA-F]{2})/.exec(source.slice(at, at + 4))?.[1];
  if (hex !== undefined) return { end: at + 4, byte: Number.parseInt(hex, 16) };
  const named = Object.hasOwn(NAMED, escaped) ? NAMED[escaped] : undefined;
  if (named !== undefined) return { end: at + 2, byte: named };
  // Classes, borders, references, controls, code points: what follows them may belong to them.
  if (/[0-9A-Za-z]/.test(escaped)) {
    const whole = /^\\(?:c[A-Za-z]|k<[^>]*>|u[0-9a-fA-F]{4}|[0-9]+|.)/s.exec(source.slice(at, at + 64))?.[0];
    return { end: at + (whole?.length ?? 2) };
  }
  return { end: at + 2, byte: escaped.charCodeAt(0) < 256 ? escaped.charCodeAt(0) : undefined };
}

/** Behind the class that begins at `at`. */
function endOfClass(source: string, at: number): number {
  for (let index = at + 1; index < source.length; index++) {
    if (source[index] === "\\") index++;
    else if (source[index] === "]") return index + 1;
  }
  return source.length;
}

/** Behind the group that begins at `at`, with all that is in it: its texts aren't looked at. */
function endOfGroup(source: string, at: number): number {
  let depth = 0;
  for (let index = at; index < source.length; index++) {
    const character = source[index];
    if (character === "\\") index++;
    else if (character === "[") index = endOfClass(source, index) - 1;
    else if (character === "(") depth++;
    else if (character === ")" && --depth === 0) return index + 1;
  }
  return source.length;
}
