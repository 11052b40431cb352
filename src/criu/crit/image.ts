import { readExactly } from "../../bytes/index.ts";
import { IMAGE_TYPES } from "../image-types.ts";
import type { Image, Problem } from "../model.ts";
import { critErrors } from "./errors.ts";
import { critRows } from "./extras.ts";
import { jsonParts, lineBreak, quote } from "./json.ts";
import type { JsonPart } from "./json.ts";
import { isPlain, quickRows } from "./quick.ts";

export interface CritOptions {
  /** crit's `--pretty`: indented, with flags, devices, addresses and registers in readable form. Off by default. */
  readonly pretty?: boolean;
  /** Takes what is wrong with the entries. */
  readonly report?: (problem: Problem) => void;
  /** Decodes every entry into nodes, as the unusual ones are anyway. The text is the same; for tests. */
  readonly byNodes?: boolean;
}

/** Characters handed on at once, at least, while there are more. */
const BATCH = 128 * 1024;

/**
 * An image as `crit decode` prints it, ASCII, piece by piece and without a line feed at the end. Memory doesn't grow
 * with the image. Throws `criu.rawImage` for an image without entries, and what reading the image throws. What is broken
 * is left out (the image's problems and `report` tell of it), where crit would fail.
 */
export async function* critJson(image: Image, options: CritOptions = {}): AsyncGenerator<string> {
  const { pretty = false, byNodes = false } = options;
  if (image.type && image.type.message === undefined) throw critErrors.rawImage(image.type.name, image.name);
  const [first, next] = [lineBreak(pretty, 2, false), lineBreak(pretty, 2, true)];
  let text = `{${lineBreak(pretty, 1, false)}"magic": ${quote(await critMagic(image))}`;
  text += `${lineBreak(pretty, 1, true)}"entries": [`;
  let lead = first;
  const rows = !byNodes && isPlain(image) ? quickRows(image, pretty, next) : [undefined];
  for await (const row of rows) {
    if (typeof row === "string") {
      yield lead === next ? text + row : text + first + row;
      lead = next;
      text = "";
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
  yield `${text}]${lineBreak(pretty, 0, false)}}`;
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

/** The name crit has for the image's magic: kinds that share a magic share the name. */
async function critMagic({ type, header, source, name }: Image): Promise<string> {
  if (type) return IMAGE_TYPES.find(({ magic }) => magic !== 0 && magic === type.magic)?.name ?? type.name;
  const last = header.at(-1);
  if (!last) return "";
  const bytes = await readExactly(source, last.start, 4, { file: name });
  return `0x${new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true).toString(16)}`;
}
