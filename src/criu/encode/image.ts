import { COMMON_MAGIC, imageTypeNamed, SERVICE_MAGIC } from "../image-lookup.ts";
import type { ImageType } from "../model.ts";
import { encodeErrors } from "./errors.ts";
import { EXTRA_RULES, extraBytes, sized, withSize } from "./extras.ts";
import { parseJson } from "./json-reader.ts";
import type { JsonObject } from "./json-reader.ts";
import { encodeMessage, listOf, objectOf } from "./message.ts";
import { textOf } from "./values.ts";
import { WireWriter } from "./wire-writer.ts";

/** Kinds behind IMG_SERVICE instead of IMG_COMMON (`lib/pycriu/images/images.py: dump`). */
const SERVICE_TYPES = new Set(["STATS", "IRMAP_CACHE"]);

/**
 * The image that crit's JSON describes, in pieces, as `crit encode` writes it: plain or `--pretty` JSON, images of
 * version 1.1 and later. Stricter than crit, which drops keys it doesn't know. Throws the errors of `encodeErrors`, each
 * with its place in the JSON; pieces before it have been given by then.
 */
export function* encodeImage(json: string): Generator<Uint8Array> {
  const image = objectOf(parseJson(json), "");
  const magic = textOf(image.get("magic"), "magic");
  const type = imageTypeNamed(magic);
  if (type?.message === undefined) throw encodeErrors.unknownMagic(magic);
  yield header(type);
  const entries = listOf(image.get("entries"), "entries");
  for (const [index, value] of entries.entries()) {
    const path = `entries[${index}]`;
    yield* encodeEntry(type, index, objectOf(value, path), path);
  }
}

function header({ name, magic }: ImageType): Uint8Array {
  const writer = new WireWriter();
  // Images of plugins have none; the inventory's is its own alone.
  if (magic !== 0 && name !== "INVENTORY")
    writer.fixed(BigInt(SERVICE_TYPES.has(name) ? SERVICE_MAGIC : COMMON_MAGIC), 4);
  if (magic !== 0) writer.fixed(BigInt(magic), 4);
  return writer.finish();
}

function* encodeEntry(
  type: ImageType,
  index: number,
  entry: JsonObject,
  path: string,
): Generator<Uint8Array> {
  const { payload, message = "", headMessage = message } = type;
  if (payload === "ghost") {
    yield* ghostRow(index, entry, path);
    return;
  }
  const rule = EXTRA_RULES[payload ?? ""];
  const bytes = encodeMessage(index === 0 ? headMessage : message, entry, path, rule ? ["extra"] : []);
  yield* withSize(bytes, payload === "long-entry" ? 8 : 4);
  if (rule) yield* rule(entry, path);
}

/** A ghost file's own row, or one of its chunks. */
function* ghostRow(index: number, row: JsonObject, path: string): Generator<Uint8Array> {
  yield* withSize(
    encodeMessage(index === 0 ? "ghost_file_entry" : "ghost_chunk_entry", row, path, ["extra"]),
  );
  const extra = extraBytes(row, path);
  yield index === 0 ? extra : sized(row, "len", extra, path);
}
