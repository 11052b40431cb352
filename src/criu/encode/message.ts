import { criuSchemas } from "../schema-index.ts";
import type { FieldSchema, MessageSchema } from "../schema.ts";
import { criuErrors } from "../errors.ts";
import { mayBeUnpacked, shapeOfKeys, UNPACKED } from "../shapes.ts";
import { encodeErrors } from "./errors.ts";
import type { JsonObject, JsonValue } from "./json-reader.ts";
import { writeField } from "./scalars.ts";
import { addressWords, kindOf, scalarOf } from "./values.ts";
import { WireWriter } from "./wire-writer.ts";

/**
 * The bytes of a message out of crit's JSON, its fields in the order of their numbers, as CRIU writes them. `path` is
 * the object's place, for errors; `besides` are keys that are no fields. Throws the errors of `encodeErrors`.
 */
export function encodeMessage(
  name: string,
  object: JsonObject,
  path: string,
  besides: readonly string[] = [],
): Uint8Array {
  const schema = criuSchemas.message(shapeOfKeys(name, (key) => object.has(key)));
  if (!schema) throw criuErrors.unknownMessage(name);
  const unpacked = unpackedField(schema, object, path);
  checkKeys(schema, object, path, unpacked === undefined ? besides : [...besides, UNPACKED]);
  const writer = new WireWriter();
  // The schema has its fields in the order of their numbers.
  for (const field of schema.fields) {
    const value = object.get(field.name);
    const place = `${path}.${field.name}`;
    const written = field.name === unpacked ? { ...field, packed: false } : field;
    if (value !== undefined) writeValue(writer, written, value, place);
    else if (field.rule === "required") throw encodeErrors.missingField(place);
  }
  return writer.finish();
}

/** The list that has a tag for each of its elements because the JSON says so. */
function unpackedField({ name }: MessageSchema, object: JsonObject, path: string): string | undefined {
  const field = mayBeUnpacked(name);
  const said = object.get(UNPACKED);
  if (field === undefined || said === undefined) return undefined;
  if (said !== true) throw encodeErrors.wrongKind(`${path}.${UNPACKED}`, "true", kindOf(said));
  return field;
}

function checkKeys(
  schema: MessageSchema,
  object: JsonObject,
  path: string,
  besides: readonly string[],
): void {
  for (const key of object.keys())
    if (!besides.includes(key) && !schema.fields.some(({ name }) => name === key))
      throw encodeErrors.unknownField(`${path}.${key}`, schema.name);
}

function writeValue(writer: WireWriter, field: FieldSchema, value: JsonValue, path: string): void {
  const list = field.rule === "repeated" ? listOf(value, path) : [value];
  const placeOf = (index: number): string => (field.rule === "repeated" ? `${path}[${index}]` : path);
  if (field.kind === "message")
    for (const [index, element] of list.entries()) {
      const place = placeOf(index);
      writer.tag(field.number, 2);
      writer.delimited(encodeMessage(field.type, objectOf(element, place), place));
    }
  else {
    const words = addressWords(field, list, path);
    writeField(
      writer,
      field,
      words ?? list.map((element, index) => scalarOf(field, element, placeOf(index))),
    );
  }
}

export function objectOf(value: JsonValue | undefined, path: string): JsonObject {
  if (!(value instanceof Map)) throw encodeErrors.wrongKind(path, "an object", kindOf(value));
  // The only maps in a JsonValue are objects.
  return value as JsonObject;
}

export function listOf(value: JsonValue | undefined, path: string): readonly JsonValue[] {
  if (!Array.isArray(value)) throw encodeErrors.wrongKind(path, "a list", kindOf(value));
  // The only arrays in a JsonValue are lists.
  return value as readonly JsonValue[];
}
