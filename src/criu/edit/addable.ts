import type { MessageNode } from "../model.ts";
import type { FieldSchema } from "../schema.ts";

/** Fields that can be added to a message: those that are not there, and lists, which always take one more. */
export function addableFields({ schema, fields }: MessageNode): readonly FieldSchema[] {
  const present = new Set(fields.map(({ number }) => number));
  return (schema?.fields ?? []).filter(({ number, rule }) => rule === "repeated" || !present.has(number));
}
