// Compiles proto/*.proto into src/criu/generated/: schema.json (the wire schema as data) and messages.ts (its types).
// The build calls `compileSchema()`; alone: `node --import tsx scripts/proto.ts`.
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import type { Enum, Field, Type } from "protobufjs";
import type { EnumSchema, FieldSchema, FlagsSchema, MessageSchema, Schema } from "../src/criu/schema.ts";
import { isStale } from "./fresh.mjs";
import { messageTypes } from "./proto-types.ts";

const PROTO = "proto";
const OUT = "src/criu/generated";
const SCALARS = new Set([
  ...["int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32", "sfixed64"],
  ...["bool", "float", "double", "string", "bytes"],
]);

interface Draft {
  readonly messages: Record<string, MessageSchema>;
  readonly enums: Record<string, EnumSchema>;
  readonly flags: Record<string, FlagsSchema>;
}

/** Compiles proto/*.proto into src/criu/generated/. Does nothing when the output is newer than what it is made from. */
export function compileSchema(): Promise<void> {
  if (isStale()) {
    const schema = readSchema(PROTO);
    mkdirSync(OUT, { recursive: true });
    // The stamp (schema.json) comes last, so that a half-done run is done again.
    replaceFile(`${OUT}/messages.ts`, messageTypes(schema));
    replaceFile(`${OUT}/schema.json`, JSON.stringify(schema));
  }
  return Promise.resolve();
}

/** Reads every .proto of a folder into one schema. Throws on a syntax error, an unknown type or table, or a name used twice. */
export function readSchema(folder: string): Schema {
  const draft: Draft = { messages: {}, enums: {}, flags: {} };
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith(".proto"))
    .sort()) {
    const root = new protobuf.Root();
    const options = { keepCase: true, alternateCommentMode: true };
    protobuf.parse(readFileSync(`${folder}/${file}`, "utf8"), root, options);
    for (const item of root.nestedArray) {
      if (item instanceof protobuf.Type) addMessage(draft, item, file);
      else if (item instanceof protobuf.Enum) addEnum(draft, item, item.name);
    }
  }
  for (const message of Object.values(draft.messages)) checkReferences(draft, message);
  return draft;
}

function addMessage(draft: Draft, type: Type, file: string): void {
  for (const nested of type.nestedArray)
    if (nested instanceof protobuf.Enum) addEnum(draft, nested, `${type.name}.${nested.name}`);
  // A message with enums and no fields is only a scope for value tables.
  if (type.fieldsArray.length === 0 && type.nestedArray.length > 0) return;
  const localEnums = new Set(type.nestedArray.map((nested) => nested.name));
  const fields = type.fieldsArray
    .map((field) => fieldSchema(field, type.name, localEnums))
    .sort((a, b) => a.number - b.number);
  put(draft.messages, type.name, { name: type.name, doc: oneLine(type.comment), file, fields });
}

function fieldSchema(field: Field, message: string, localEnums: ReadonlySet<string>): FieldSchema {
  const type = localEnums.has(field.type) ? `${message}.${field.type}` : field.type;
  const declared = optionOf(field, "default");
  const show = optionOf(field, "(show)");
  const crit = optionOf(field, "(crit)");
  return {
    name: field.name,
    number: field.id,
    rule: ruleOf(field),
    type,
    // Whether a name is an enum or a message is known when all files are read: checkReferences.
    kind: SCALARS.has(type) ? "scalar" : "message",
    packed: optionOf(field, "packed") === "true",
    ...(declared === undefined ? {} : { default: declared }),
    doc: oneLine(field.comment),
    ...(show === undefined ? {} : { show }),
    ...(crit === undefined ? {} : { crit }),
  };
}

function ruleOf(field: Field): FieldSchema["rule"] {
  // protobufjs keeps the rule as written, but its types leave it out.
  const { rule } = field as Field & { readonly rule?: string };
  return rule === "required" || rule === "repeated" ? rule : "optional";
}

function addEnum(draft: Draft, source: Enum, name: string): void {
  const flags = optionOf(source, "(flags)");
  const doc = oneLine(source.comment);
  if (flags !== undefined) {
    // proto enums are signed; masks are not.
    const bits = Object.entries(source.values).map(([bit, mask]) => [bit, mask >>> 0] as const);
    put(draft.flags, flags, { name: flags, doc, bits });
    return;
  }
  const table = optionOf(source, "(names)") ?? name;
  put(draft.enums, table, { name: table, doc, values: source.values });
}

function checkReferences(draft: Draft, message: MessageSchema): void {
  const fields = message.fields.map((field): FieldSchema => {
    const place = `${message.file}: ${message.name}.${field.name}`;
    for (const kind of [field.show, field.crit]) {
      const [, family, table] = /^(flags|enum):(.+)$/.exec(kind ?? "") ?? [];
      if (table !== undefined && !(table in (family === "flags" ? draft.flags : draft.enums)))
        throw new Error(`${place}: there is no ${family ?? ""} table ${table}`);
    }
    if (field.kind === "scalar" || field.type in draft.messages) return field;
    if (field.type in draft.enums) return { ...field, kind: "enum" };
    throw new Error(`${place}: there is no type ${field.type}`);
  });
  draft.messages[message.name] = { ...message, fields };
}

function put<T>(table: Record<string, T>, name: string, value: T): void {
  if (name in table) throw new Error(`${name} is defined twice`);
  table[name] = value;
}

function optionOf(item: { readonly options?: Record<string, unknown> }, name: string): string | undefined {
  const value = item.options?.[name];
  return value === undefined ? undefined : String(value);
}

function oneLine(comment: string | null): string {
  return (comment ?? "").replace(/\s+/g, " ").trim();
}

/** Renames over the old file, so that a build that runs at the same time never reads half of it. */
function replaceFile(path: string, text: string): void {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await compileSchema();
