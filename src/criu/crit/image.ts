import { readExactly } from "../../bytes/index.ts";
import type { Image, Problem } from "../model.ts";
import { hasRawEntries } from "../raw/index.ts";
import { critErrors } from "./errors.ts";
import { critRows } from "./extras.ts";
import { critHead, critTail } from "./frame.ts";
import { jsonParts, lineBreak } from "./json.ts";
import type { JsonPart } from "./json.ts";
import { isPlain, quickRows } from "./quick.ts";

export interface CritOptions {
  /** crit's `--pretty`: indented, with flags, devices, addresses and registers in readable form. Off by default. */
  readonly pretty?: boolean;
  /** Takes what is wrong with the entries. */
  readonly report?: (problem: Problem) => void;
  /** The first entry to print, where those before it were printed already, with all before them; 0 when not given. */
  readonly from?: number;
  /** Decodes every entry into nodes, as the unusual ones are anyway. The text is the same; for tests. */
  readonly byNodes?: boolean;
}

/** Characters handed on at once, at least, while there are more. */
const BATCH = 128 * 1024;

/**
 * An image as `crit decode` prints it, ASCII, piece by piece and without a line feed at the end. Memory doesn't grow
 * with the image. Raw images that are messages of netlink or lines of text, which crit can't decode, have the same form.
 * Throws `criu.rawImage` for other images without entries, and what reading the image throws. What is broken
 * is left out (the image's problems and `report` tell of it), where crit would fail.
 */
export async function* critJson(image: Image, options: CritOptions = {}): AsyncGenerator<string> {
  for await (const piece of critPieces(image, options))
    yield typeof piece === "string"
      ? piece
      : Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString("latin1");
}

/** `critJson` without making strings of what is bytes already. The memory of a piece is used again for the next. */
export async function* critPieces(
  image: Image,
  options: CritOptions = {},
): AsyncGenerator<string | Uint8Array> {
  const { pretty = false, byNodes = false, from = 0 } = options;
  if (image.type && image.type.message === undefined && !hasRawEntries(image.type))
    throw critErrors.rawImage(image.type.name, image.name);
  const [first, next] = [lineBreak(pretty, 2, false), lineBreak(pretty, 2, true)];
  let text = from > 0 ? "" : critHead(image.type ?? (await unknownMagic(image)), pretty);
  let lead = from > 0 ? next : first;
  const rows = !byNodes && isPlain(image) ? quickRows(image, pretty, next, from) : [undefined];
  for await (const row of rows) {
    if (typeof row === "object") {
      if (lead !== next) text += first;
      lead = next;
      if (text !== "") yield text;
      text = "";
      yield row;
    } else
      for await (const part of rowsByNodes(image, row, options)) {
        text += part ?? lead;
        if (part === undefined) lead = next;
        if (text.length < BATCH) continue;
        yield text;
        text = "";
      }
    if (text.length < BATCH) continue;
    yield text;
    text = "";
  }
  if (lead === next) text += lineBreak(pretty, 1, false);
  yield text + critTail(pretty);
}

/** The rows of one entry, or of all, decoded into nodes: for each row undefined, then its text. */
async function* rowsByNodes(
  image: Image,
  index: number | undefined,
  { pretty = false, report }: CritOptions,
): AsyncGenerator<string | undefined> {
  for await (const entry of image.entries(index, index === undefined ? undefined : index + 1)) {
    if (report) entry.problems.forEach(report);
    for (const row of await critRows(image, entry, pretty)) {
      yield undefined;
      for (const part of jsonParts(row, pretty, 2)) yield* textOf(part);
    }
  }
}

async function* textOf(part: JsonPart): AsyncGenerator<string> {
  if (typeof part === "string") yield part;
  else for await (const chunk of part.chunks()) yield chunk.replaceAll("\n", "\\n");
}

/** A magic that no kind has. */
async function unknownMagic({ header, source, name, bigEndian }: Image): Promise<string> {
  const last = header.at(-1);
  if (!last) return "";
  const bytes = await readExactly(source, last.start, 4, { file: name });
  return `0x${new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, bigEndian !== true).toString(16)}`;
}
