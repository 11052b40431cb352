// What stands around the entries in crit's JSON.
import { IMAGE_TYPES } from "../image-types.ts";
import type { ImageType } from "../model.ts";
import { lineBreak, quote } from "./json.ts";

/** Up to the first entry's line break. `magic` is the name of the kind, or the number of an unknown one. */
export function critHead(type: ImageType | string, pretty: boolean): string {
  const magic = typeof type === "string" ? type : magicName(type);
  return `{${lineBreak(pretty, 1, false)}"magic": ${quote(magic)}${lineBreak(pretty, 1, true)}"entries": [`;
}

/** From behind the last entry's line break on. */
export function critTail(pretty: boolean): string {
  return `]${lineBreak(pretty, 0, false)}}`;
}

/** The name crit has for a magic: kinds that share a magic share the name. */
function magicName({ magic, name }: ImageType): string {
  return IMAGE_TYPES.find((row) => row.magic !== 0 && row.magic === magic)?.name ?? name;
}
