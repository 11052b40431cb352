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
  // Fields are indexed when a message is first met: most commands meet few of them.
  const fields = new Map<MessageSchema, Map<number, FieldSchema>>();
  const fieldsOf = (message: MessageSchema): Map<number, FieldSchema> => {
    const known = fields.get(message);
    if (known) return known;
    const made = new Map(message.fields.map((field) => [field.number, field]));
    fields.set(message, made);
    return made;
  };
  const messageNamed = (name: string): MessageSchema | undefined =>
    Object.hasOwn(schema.messages, name) ? schema.messages[name] : undefined;
  return {
    message: messageNamed,
    field: (message, number) => fieldsOf(message).get(number),
    enumValue: (name, value) => schema.enums[name]?.values[value],
  };
}

/** CRIU's schema, indexed. */
export const criuSchemas: SchemaIndex = indexSchema(criuSchema);
