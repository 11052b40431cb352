import type { ByteSource } from "../bytes/index.ts";
import { criuProblems } from "./errors.ts";
import {
  COMMON_MAGIC,
  imageTypeByMagic,
  imageTypeByName,
  imageTypeNamed,
  INVENTORY_MAGIC,
  SERVICE_MAGIC,
} from "./image-lookup.ts";
import type { ImageType, LabelledSpan, Problem } from "./model.ts";

/** What the first bytes and the name of an image say about it. */
export interface Header {
  readonly type: ImageType | undefined;
  /** `entries`: records follow the header. `raw`: the body is of one piece. `none`: it is no image. */
  readonly body: "entries" | "raw" | "none";
  readonly spans: readonly LabelledSpan[];
  /** Written on a machine with the highest byte first (s390x). */
  readonly bigEndian?: boolean;
  /** Where the body starts. */
  readonly end: number;
  readonly problems: readonly Problem[];
}

const OLD_PAGE = 4096;

/**
 * Finds out what an image is. Raw kinds have no magic and go by their name; all others go by their magic, because a
 * file may have been renamed (`lib/pycriu/images/images.py`, `criu/image.c: img_check_magic`). CRIU writes words as the
 * machine has them: where the swapped word is a magic and the word itself is none, all words are swapped.
 */
export async function readHeader(name: string, source: ByteSource): Promise<Header> {
  const bytes = await source.read(0, 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = bytes.length >= 4 ? view.getUint32(0, true) : 0;
  const byName = imageTypeByName(name);
  if (byName?.magic === 0) return rawHeader(byName, first, source.size);

  const place = { file: name, offset: 0 };
  if (source.size === 0) return noHeader(byName, criuProblems.empty(place));
  if (bytes.length < 4) return noHeader(byName, criuProblems.shortHeader(place));
  const bigEndian = !isMagic(name, first) && isMagic(name, view.getUint32(0, false));
  const magic = bigEndian ? view.getUint32(0, false) : first;
  if (!isMagic(name, magic)) return noHeader(undefined, criuProblems.noMagic(place));
  // The inventory, and everything of version 1.
  if (magic !== COMMON_MAGIC && magic !== SERVICE_MAGIC)
    return { ...entriesHeader(name, byName, magic, 4), bigEndian };
  if (bytes.length < 8) return noHeader(byName, criuProblems.shortHeader(place));
  return { ...entriesHeader(name, byName, view.getUint32(4, !bigEndian), 8), bigEndian };
}

/** Whether an image was written by a big-endian machine; false for images without a magic. */
export async function isBigEndian(name: string, source: ByteSource): Promise<boolean> {
  return (await readHeader(name, source)).bigEndian === true;
}

/** Whether an image can begin with this word. */
function isMagic(name: string, word: number): boolean {
  return (
    word === COMMON_MAGIC ||
    word === SERVICE_MAGIC ||
    word === INVENTORY_MAGIC ||
    imageTypeByMagic(name, word) !== undefined
  );
}

function rawHeader(type: ImageType, first: number, size: number): Header {
  // Whole pages can start with any four bytes; the old format is never whole pages long.
  const old = imageTypeNamed("PAGES_OLD");
  if (type.name === "PAGES" && old && first === old.magic && size % OLD_PAGE !== 0)
    return { type: old, body: "raw", spans: magicSpans(4), end: 4, problems: [] };
  const body = type.payload === "long-entry" ? "entries" : "raw";
  return { type, body, spans: [], end: 0, problems: [] };
}

function entriesHeader(name: string, byName: ImageType | undefined, magic: number, end: number): Header {
  const type = imageTypeByMagic(name, magic);
  const place = { file: name, offset: end - 4 };
  const problems: Problem[] = [];
  if (!type) problems.push(criuProblems.unknownMagic(magic, place));
  else if (byName && byName.magic !== magic)
    problems.push(criuProblems.otherMagic(byName.name, type.name, place));
  const body = type?.payload === "old-pages" ? "raw" : "entries";
  return { type, body, spans: magicSpans(end), end, problems };
}

function noHeader(type: ImageType | undefined, problem: Problem): Header {
  return { type, body: "none", spans: [], end: 0, problems: [problem] };
}

function magicSpans(end: number): LabelledSpan[] {
  const spans: LabelledSpan[] = [];
  for (let start = 0; start < end; start += 4)
    spans.push({ start, end: start + 4, kind: "magic", path: "magic" });
  return spans;
}
