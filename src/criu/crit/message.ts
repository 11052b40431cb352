import type { FieldNode, FieldValue, MessageNode } from "../model.ts";
import type { FieldSchema, MessageSchema } from "../schema.ts";
import { mayBeUnpacked, UNPACKED } from "../shapes.ts";
import { ipAddress } from "./address.ts";
import type { CritObject, CritValue } from "./json.ts";
import { base64Lines } from "./base64.ts";
import { critMark, printerOf } from "./values.ts";

/**
 * A message as crit prints it (`lib/pycriu/images/pb2dict.py`: `pb2dict`): fields that are present, by their numbers, with
 * repeated ones as arrays. Of a field that may not repeat the last occurrence counts, messages are merged. What the schema
 * doesn't know is left out; a message it doesn't know at all has its fields by number, `"#3"`.
 */
export function critMessage(message: MessageNode, pretty: boolean): CritObject {
  return messageObject(message, { pretty, hex: false, maxList: Infinity });
}

/** `critMessage` whose long lists are made as they are written: they would take more memory than the message. */
export function critMessageToWrite(message: MessageNode, pretty: boolean): CritObject {
  return messageObject(message, { pretty, hex: false, maxList: 64 });
}

interface Form {
  readonly pretty: boolean;
  /** A message around is marked as hex. */
  readonly hex: boolean;
  /** Elements of a list that are held at once. */
  readonly maxList: number;
}

function messageObject(message: MessageNode, form: Form): CritObject {
  if (!message.schema) return unknownMessage(message.fields);
  return knownMessage(message.schema, message.fields, form);
}

function knownMessage(schema: MessageSchema, fields: readonly FieldNode[], form: Form): CritObject {
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
    const value = nodes && fieldValue(field, nodes, form);
    if (value !== undefined) object[field.name] = value;
    if (value !== undefined && isUnpacked(schema, field, nodes)) object[UNPACKED] = true;
  }
  return object;
}

function isUnpacked({ name }: MessageSchema, field: FieldSchema, nodes: readonly FieldNode[] = []): boolean {
  return mayBeUnpacked(name) === field.name && nodes.every(({ wireType }) => wireType !== 2);
}

function fieldValue(field: FieldSchema, nodes: readonly FieldNode[], form: Form): CritValue | undefined {
  const { pretty, hex } = form;
  const mark = critMark(field);
  if (field.kind === "message") {
    const inner: Form = { ...form, hex: hex || (pretty && mark === "hex") };
    if (field.rule === "repeated")
      return listOf(nodes, form, ({ value }) => (isMessage(value) ? messageObject(value, inner) : undefined));
    const messages = nodes.map(({ value }) => value).filter(isMessage);
    const [first] = messages;
    return (
      first?.schema &&
      knownMessage(
        first.schema,
        messages.flatMap((message) => message.fields),
        inner,
      )
    );
  }
  if (pretty && mark === "ip") {
    const address = ipAddress(nodes.map(({ value }) => value).filter((value) => typeof value === "number"));
    if (address !== undefined) return [address];
  }
  const print = printerOf(field, pretty, hex);
  const printed = ({ value }: FieldNode): CritValue | undefined =>
    isMessage(value) ? undefined : print(value);
  if (field.rule === "repeated") return listOf(nodes, form, printed);
  return nodes.map(printed).findLast((value) => value !== undefined);
}

/** What can be printed of the elements of a list; undefined when there are none. */
function listOf(
  nodes: readonly FieldNode[],
  { maxList }: Form,
  print: (node: FieldNode) => CritValue | undefined,
): CritValue | undefined {
  if (nodes.length <= maxList) {
    const kept = nodes.map(print).filter((value) => value !== undefined);
    return kept.length === 0 ? undefined : kept;
  }
  if (!nodes.some((node) => print(node) !== undefined)) return undefined;
  return {
    kind: "lazyList",
    *items() {
      for (const node of nodes) {
        const value = print(node);
        if (value !== undefined) yield value;
      }
    },
  };
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
