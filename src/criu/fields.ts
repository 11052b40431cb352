import type { FieldNode, FieldValue, MessageNode } from "./model.ts";

/** The last occurrence of field `number`, as protobuf reads a field that isn't repeated. */
export function lastField(message: MessageNode, number: number): FieldNode | undefined {
  return message.fields.findLast((field) => field.number === number);
}

/**
 * A field's value as a number, whether the schema knows the field or not. undefined when it is missing or no
 * unsigned number up to 2^53.
 */
export function numberField(message: MessageNode, number: number): number | undefined {
  return toNumber(lastField(message, number)?.value);
}

function toNumber(value: FieldValue | undefined): number | undefined {
  const plain = typeof value === "bigint" || typeof value === "boolean" ? Number(value) : value;
  return typeof plain === "number" && Number.isSafeInteger(plain) && plain >= 0 ? plain : undefined;
}
