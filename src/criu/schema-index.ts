import { criuSchema } from "./load-schema.ts";
import type { FieldSchema, MessageSchema, Schema } from "./schema.ts";

/** The schema made ready for decoding: messages by name, fields by number. */
export interface SchemaIndex {
  message(name: string): MessageSchema | undefined;
  /** The field of `message` with this number. */
  field(message: MessageSchema, number: number): FieldSchema | undefined;
  /** The number of an enum's value. */
  enumValue(name: string, value: string): number | undefined;
}

export function indexSchema(schema: Schema): SchemaIndex {
  const messages = new Map(Object.entries(schema.messages));
  const fields = new Map<MessageSchema, Map<number, FieldSchema>>();
  for (const message of messages.values())
    fields.set(message, new Map(message.fields.map((field) => [field.number, field])));
  return {
    message: (name) => messages.get(name),
    field: (message, number) => fields.get(message)?.get(number),
    enumValue: (name, value) => schema.enums[name]?.values[value],
  };
}

/** CRIU's schema, indexed. */
export const criuSchemas: SchemaIndex = indexSchema(criuSchema);
