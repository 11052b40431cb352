import { readExactly } from "../../bytes/index.ts";
import { IMAGE_TYPES } from "../image-types.ts";
import type { Image } from "../model.ts";
import { critErrors } from "./errors.ts";
import { critRows } from "./extras.ts";
import { jsonParts, lineBreak, quote } from "./json.ts";
import type { JsonPart } from "./json.ts";

export interface CritOptions {
  /** crit's `--pretty`: indented, with flags, devices, addresses and registers in readable form. Off by default. */
  readonly pretty?: boolean;
}

/**
 * An image as `crit decode` prints it, piece by piece and without a line feed at the end. Memory doesn't grow with the
 * image. Throws `criu.rawImage` for an image without entries, and what reading the image throws. What is broken is left
 * out (the image's and entries' problems have it), where crit would fail.
 */
export async function* critJson(image: Image, { pretty = false }: CritOptions = {}): AsyncGenerator<string> {
  if (image.type && image.type.message === undefined) throw critErrors.rawImage(image.type.name, image.name);
  yield `{${lineBreak(pretty, 1, false)}"magic": ${quote(await critMagic(image))}${lineBreak(pretty, 1, true)}"entries": [`;
  let count = 0;
  for await (const entry of image.entries()) {
    for (const row of await critRows(image, entry, pretty)) {
      yield lineBreak(pretty, 2, count > 0);
      for (const part of jsonParts(row, pretty, 2)) yield* textOf(part);
      count += 1;
    }
  }
  yield `${count > 0 ? lineBreak(pretty, 1, false) : ""}]${lineBreak(pretty, 0, false)}}`;
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
