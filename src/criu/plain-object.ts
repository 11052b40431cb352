import { criuErrors, criuProblems } from "./errors.ts";
import type { MessageMap } from "./generated/messages.ts";
import type { EntryNode, FieldNode, Image, MessageNode, Problem } from "./model.ts";
import { criuSchemas } from "./schema-index.ts";
import type { FieldSchema, MessageSchema } from "./schema.ts";
import { isUndecoded } from "./wire-nodes.ts";

export type MessageName = keyof MessageMap;

/** Takes what was wrong with a message: missing required fields, fields of a wrong type. */
export type Report = (problem: Problem) => void;

/**
 * A decoded message as a plain object: repeated fields are arrays (empty when there is nothing), optional ones that
 * are not there have their declared proto2 default or are left out, unknown fields are ignored. A required field
 * that is missing is reported and is zero, empty or a message of such. Never throws for what the bytes say.
 */
export function decodeAs<Name extends MessageName>(
  name: Name,
  message: MessageNode,
  report: Report = ignore,
  file?: string,
): MessageMap[Name] {
  const schema = criuSchemas.message(name);
  if (!schema) throw criuErrors.unknownMessage(name);
  // The interfaces of MessageMap are generated from the very schema the object is built by.
  return plainMessage(schema, message, { report, file }, 0) as unknown as MessageMap[Name];
}

/** `decodeAs` for a message whose name is not known before: by its own schema, undefined without one. */
export function toPlain(message: MessageNode, report: Report = ignore): object | undefined {
  return message.schema && plainMessage(message.schema, message, { report, file: undefined }, 0);
}

/**
 * The entries of an image that are `name` messages, decoded one after the other; a pagemap's head is not among its
 * `pagemap_entry`s. Entries that can't be read at all are reported and left out. Throws `criu.wrongType` when the
 * image has none of these.
 */
export async function* readEntries<Name extends MessageName>(
  image: Image,
  name: Name,
  report: Report = ignore,
): AsyncGenerator<MessageMap[Name]> {
  const [first, end] = entriesOf(image, name);
  for await (const entry of image.entries(first, end)) {
    const value = plainEntry(entry, name, report, image.name);
    if (value) yield value;
  }
}

/** The first entry of an image that is a `name` message; undefined, with the reason reported, when there is none. */
export async function readEntry<Name extends MessageName>(
  image: Image,
  name: Name,
  report: Report = ignore,
): Promise<MessageMap[Name] | undefined> {
  const [first, end] = entriesOf(image, name);
  return first < end ? plainEntry(await image.entry(first), name, report, image.name) : undefined;
}

function entriesOf(image: Image, name: string): readonly [first: number, end: number] {
  const { type, entryCount } = image;
  const place = { file: image.name };
  // A broken or sealed image has no entries of any kind; its problems say why.
  if (!type) return [0, 0];
  if (type.headMessage === name) return [0, Math.min(1, entryCount)];
  if (type.message !== name) throw criuErrors.wrongType(name, type.message ?? type.name, place);
  return [type.headMessage === undefined ? 0 : 1, entryCount];
}

function plainEntry<Name extends MessageName>(
  { message, problems }: EntryNode,
  name: Name,
  report: Report,
  file: string,
): MessageMap[Name] | undefined {
  problems.forEach(report);
  const [only, second] = message.fields;
  if (only && !second && isUndecoded(only)) return undefined;
  return decodeAs(name, message, report, file);
}

interface Context {
  readonly report: Report;
  readonly file: string | undefined;
}

/** A schema whose required messages contain each other would never end. */
const MAX_DEPTH = 40;

function plainMessage(
  schema: MessageSchema,
  message: MessageNode | undefined,
  context: Context,
  depth: number,
): Record<string, unknown> {
  const found = new Map<number, FieldNode[]>();
  for (const field of message?.fields ?? []) {
    // Without a schema it is unknown or not of its field's type, which the decoder has said.
    if (!field.schema) continue;
    const same = found.get(field.number);
    if (same) same.push(field);
    else found.set(field.number, [field]);
  }
  const plain: Record<string, unknown> = {};
  for (const field of schema.fields) {
    const nodes = found.get(field.number);
    const last = nodes?.at(-1);
    if (field.rule === "repeated")
      plain[field.name] = (nodes ?? []).map((node) => plainValue(node, context, depth));
    else if (last) plain[field.name] = plainValue(last, context, depth);
    else if (field.rule === "required") {
      if (message) context.report(missing(field, message, context));
      plain[field.name] = emptyValue(field, context, depth);
    } else if (field.default !== undefined) plain[field.name] = parseDefault(field, field.default);
  }
  return plain;
}

function missing(field: FieldSchema, message: MessageNode, { file }: Context): Problem {
  const place = { offset: message.span.start, ...(file !== undefined && { file }) };
  return criuProblems.missingField(field.name, place);
}

function plainValue({ value }: FieldNode, context: Context, depth: number): unknown {
  if (typeof value !== "object" || !("kind" in value)) return value;
  return value.schema && plainMessage(value.schema, value, context, depth + 1);
}

function emptyValue(field: FieldSchema, context: Context, depth: number): unknown {
  if (field.kind === "message") {
    const schema = depth < MAX_DEPTH ? criuSchemas.message(field.type) : undefined;
    return schema && plainMessage(schema, undefined, context, depth + 1);
  }
  return field.default === undefined ? zeroOf(field) : parseDefault(field, field.default);
}

const BIG_TYPES = new Set(["int64", "uint64", "sint64", "fixed64", "sfixed64"]);

function zeroOf({ type }: FieldSchema): bigint | number | boolean | string | Uint8Array {
  if (BIG_TYPES.has(type)) return 0n;
  if (type === "bool") return false;
  if (type === "string") return "";
  return type === "bytes" ? new Uint8Array(0) : 0;
}

/** A default as the schema has it, as text: numbers, `true`, plain text, the number of an enum's value. */
function parseDefault(field: FieldSchema, text: string): unknown {
  if (BIG_TYPES.has(field.type)) return BigInt(text);
  if (field.type === "bool") return text === "true";
  if (field.type === "string") return text;
  if (field.type === "bytes") return new TextEncoder().encode(text);
  return field.kind === "enum" ? enumDefault(field, text) : Number(text);
}

function enumDefault(field: FieldSchema, text: string): number {
  const number = Number(text);
  return Number.isNaN(number) ? (criuSchemas.enumValue(field.type, text) ?? 0) : number;
}

function ignore(): void {
  // The caller doesn't want to know.
}
