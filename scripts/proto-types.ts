// Writes the types of the schema's messages as plain decoded objects: src/criu/generated/messages.ts.
import type { EnumSchema, FieldSchema, MessageSchema, Schema } from "../src/criu/schema.ts";

const SCALAR_TYPES: Readonly<Record<string, string>> = {
  int64: "bigint",
  uint64: "bigint",
  sint64: "bigint",
  fixed64: "bigint",
  sfixed64: "bigint",
  bool: "boolean",
  string: "string",
  bytes: "Uint8Array",
};

/** The text of messages.ts: an interface a message, the values of each enum, and the map from name to interface. */
export function messageTypes(schema: Schema): string {
  const messages = Object.values(schema.messages);
  return [
    "// Generated from proto/*.proto by scripts/proto.ts. Do not edit.",
    ...messages.map(interfaceOf),
    ...Object.values(schema.enums).map(constantsOf),
    "/** Every message by its name in the schema. */",
    "export interface MessageMap {",
    ...messages.map(({ name }) => `  readonly ${name}: ${pascal(name)};`),
    "}",
    "",
  ].join("\n");
}

function interfaceOf({ name, doc, fields }: MessageSchema): string {
  return [...docOf(doc, ""), `export interface ${pascal(name)} {`, ...fields.map(property), "}", ""].join(
    "\n",
  );
}

function property(field: FieldSchema): string {
  const type = field.kind === "message" ? pascal(field.type) : scalarType(field);
  const mark = field.rule === "optional" ? "?" : "";
  const declared = field.rule === "repeated" ? `readonly ${type}[]` : type;
  return [...docOf(field.doc, "  "), `  readonly ${field.name}${mark}: ${declared};`].join("\n");
}

function scalarType(field: FieldSchema): string {
  return field.kind === "enum" ? "number" : (SCALAR_TYPES[field.type] ?? "number");
}

function constantsOf({ name, doc, values }: EnumSchema): string {
  const rows = Object.entries(values).map(([key, value]) => `  ${JSON.stringify(key)}: ${value},`);
  return [...docOf(doc, ""), `export const ${pascal(name)} = {`, ...rows, "} as const;", ""].join("\n");
}

function docOf(doc: string, indent: string): string[] {
  return doc === "" ? [] : [`${indent}/** ${doc.replaceAll("*/", "*\\/")} */`];
}

/** `core_entry.march` → `CoreEntryMarch`. */
function pascal(name: string): string {
  return name
    .split(/[._]/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join("");
}
