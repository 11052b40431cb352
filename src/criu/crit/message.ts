import type { FieldNode, FieldValue, MessageNode } from "../model.ts";
import type { FieldSchema, MessageSchema } from "../schema.ts";
import { ipAddress } from "./address.ts";
import type { CritObject, CritValue } from "./json.ts";
import { base64Lines } from "./base64.ts";
import { critMark, printerOf } from "./values.ts";

/**
 * A message as crit prints it (`lib/pycriu/images/pb2dict.py`: `pb2dict`): fields that are present, by their numbers, with
 * repeated ones as arrays. Of a field that may not repeat the last occurrence counts, messages are merged. What the schema
 * doesn't know is left out; a message it doesn't know at all has its fields by number, `"#3"`.
 */
export function critMessage(message: MessageNode, pretty: boolean, hex = false): CritObject {
  if (!message.schema) return unknownMessage(message.fields);
  return knownMessage(message.schema, message.fields, pretty, hex);
}

function knownMessage(
  schema: MessageSchema,
  fields: readonly FieldNode[],
  pretty: boolean,
  hex: boolean,
): CritObject {
  const byField = new Map<FieldSchema, FieldNode[]>();
  for (const node of fields) {
    if (!node.schema) continue;
    const same = byField.get(node.schema);
    if (same) same.push(node);
    else byField.set(node.schema, [node]);
  }
  const object: Record<string, CritValue> = {};
  // The schema has its fields in the order of their numbers.
  for (const field of schema.fields) {
    const nodes = byField.get(field);
    const value = nodes && fieldValue(field, nodes, pretty, hex);
    if (value !== undefined) object[field.name] = value;
  }
  return object;
}

function fieldValue(
  field: FieldSchema,
  nodes: readonly FieldNode[],
  pretty: boolean,
  hex: boolean,
): CritValue | undefined {
  const mark = critMark(field);
  const values = nodes.map((node) => node.value);
  if (field.kind === "message") {
    const inHex = hex || (pretty && mark === "hex");
    const messages = values.filter(isMessage);
    if (field.rule === "repeated") return messages.map((message) => critMessage(message, pretty, inHex));
    const [first] = messages;
    return (
      first?.schema &&
      knownMessage(
        first.schema,
        messages.flatMap((message) => message.fields),
        pretty,
        inHex,
      )
    );
  }
  if (pretty && mark === "ip") {
    const address = ipAddress(values.filter((value) => typeof value === "number"));
    if (address !== undefined) return [address];
  }
  const print = printerOf(field, pretty, hex);
  const printed = values.map((value) => (isMessage(value) ? undefined : print(value)));
  const kept = printed.filter((value) => value !== undefined);
  if (field.rule !== "repeated") return kept.at(-1);
  return kept.length === 0 ? undefined : kept;
}

function unknownMessage(fields: readonly FieldNode[]): CritObject {
  const object: Record<string, CritValue[]> = {};
  for (const { name, value } of fields) {
    const known = isMessage(value) ? unknownMessage(value.fields) : value;
    (object[name] ??= []).push(known instanceof Uint8Array ? base64Lines(known) : known);
  }
  return object;
}

function isMessage(value: FieldValue): value is MessageNode {
  return typeof value === "object" && !(value instanceof Uint8Array);
}
