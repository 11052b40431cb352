import {
  COMMON_MAGIC,
  elementName,
  hexText,
  quote,
  referenceText,
  ROW_LENGTH,
  SERVICE_MAGIC,
  showField,
  showList,
  showMessage,
  showSize,
} from "../../criu/index.ts";
import type { FieldNode, FieldSchema, Image, MessageNode } from "../../criu/index.ts";
import type { ImageProblem, ImageRow, RowKind } from "../../protocol/index.ts";
import { linkOf, searchesOf } from "./links.ts";
import { children, isMessage, messageOf, valueSpan } from "./nodes.ts";
import type { TreeNode } from "./nodes.ts";
import { actionsOf } from "./row-actions.ts";
import type { ImageTree } from "./tree.ts";

/** A node of a tree as the view shows it. */
export async function rowOf({ image, marks, isEditable }: ImageTree, node: TreeNode): Promise<ImageRow> {
  const { label, type, kind, doc } = describe(image, node);
  const problem = problemOf(node);
  const reference = linkOf(node);
  const change = marks.of(node.path);
  return {
    path: node.path,
    label,
    type,
    value: await valueOf(image, node),
    kind,
    span: node.span,
    valueSpan: valueSpan(node),
    childCount: children(node).length,
    doc,
    ...(problem && { problem }),
    searches: searchesOf(image, node),
    ...(reference && { link: referenceText(reference) }),
    ...(isEditable && { can: actionsOf(node, image.type) }),
    ...(change && { change }),
  };
}

/** A row's whole value as text, up to `limit` characters: what the clipboard gets. */
export async function fullValue(image: Image, node: TreeNode, limit: number): Promise<string> {
  if (node.kind === "field" && typeof node.field.value === "string") return node.field.value.slice(0, limit);
  if (node.kind === "field") return showField(node.field, limit, node.parent);
  if (node.kind === "part") return node.part.value;
  if (node.kind === "list")
    return node.fields.map((field) => showField(field, ROW_LENGTH, node.parent)).join("\n");
  const message = messageOf(node);
  if (message)
    return message.fields
      .map((field) => `${field.name}: ${showField(field, ROW_LENGTH, message)}`)
      .join("\n");
  const { start, end } = node.span;
  return hexText(await image.plain.read(start, Math.min(end - start, limit / 3)), limit);
}

/** The row's label, without the trouble of the rest. */
export function labelOf(image: Image, node: TreeNode): string {
  return describe(image, node).label;
}

function describe(image: Image, node: TreeNode): { label: string; type: string; kind: RowKind; doc: string } {
  switch (node.kind) {
    case "header":
      return { label: "magic", type: "magic", kind: "magic", doc: "Tells what kind of file this is." };
    case "entry":
      return {
        label: node.path,
        type: messageName(node.entry.message),
        kind: "entry",
        doc: node.entry.message.schema?.doc ?? "",
      };
    case "list": {
      const { type, doc } = fieldType(node.fields[0]);
      return { label: node.name, type: `${type}[]`, kind: "list", doc };
    }
    case "field": {
      const { type, doc } = fieldType(node.field);
      const label = node.inList ? elementLabel(node.field, node.parent) : node.field.name;
      return { label, type, kind: kindOf(node.field), doc };
    }
    case "part": {
      const { name, doc } = node.part;
      const isNumber = /^\d+$/.test(name);
      return { label: isNumber ? `[${name}]` : name, type: "", kind: "number", doc };
    }
    case "payload": {
      const raw = image.type?.magic === 0 && node.payload.name !== "unknown";
      const message = node.payload.message;
      return {
        label: node.payload.name === "data" ? "payload" : node.payload.name,
        type: message ? messageName(message) : "raw bytes",
        kind: "payload",
        doc: message?.schema?.doc ?? (raw ? image.type.doc : ""),
      };
    }
  }
}

/** What a row shows as its value. */
export async function valueOf(image: Image, node: TreeNode): Promise<string> {
  switch (node.kind) {
    case "header": {
      const bytes = await image.plain.read(node.span.start, 4);
      const magic = bytes.length === 4 ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) : 0;
      return `0x${magic.toString(16).padStart(8, "0")} ${magicName(image, magic)}`.trimEnd();
    }
    case "entry":
      return showMessage(node.entry.message);
    case "list":
      return showList(node.fields, ROW_LENGTH, node.parent);
    case "field":
      return showField(node.field, ROW_LENGTH, node.parent);
    case "part":
      return node.part.value;
    case "payload": {
      const { start, end } = node.span;
      if (node.payload.message) return showMessage(node.payload.message);
      return `${showSize(end - start)}  ${await glimpse(image, start, end)}`.trimEnd();
    }
  }
}

function elementLabel(field: FieldNode, parent: MessageNode): string {
  const name = elementName(field, parent);
  return `[${String(field.index ?? 0)}]${name === undefined ? "" : ` ${name}`}`;
}

function magicName(image: Image, magic: number): string {
  if (magic === COMMON_MAGIC) return "(every image has it)";
  if (magic === SERVICE_MAGIC) return "(every service file has it)";
  return image.type ? `(${image.type.name})` : "";
}

/** The first bytes of a payload: as text when they are text. */
async function glimpse(image: Image, start: number, end: number): Promise<string> {
  // A record that can't be opened says so where its bytes are shown; the row stays.
  const bytes = await image.plain.read(start, Math.min(32, end - start)).catch(() => new Uint8Array(0));
  if (bytes.length === 0) return "";
  const isText = bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x09);
  const more = end - start > bytes.length ? " …" : "";
  return isText ? quote(new TextDecoder().decode(bytes), 64) + more : hexText(bytes, 48);
}

const WIRE_TYPES: Readonly<Record<number, string>> = {
  0: "varint",
  1: "64-bit",
  2: "bytes",
  3: "group",
  5: "32-bit",
};

function fieldType(field: FieldNode | undefined): { type: string; doc: string } {
  if (field?.schema) return { type: field.schema.type, doc: fieldDoc(field, field.schema) };
  return {
    type: WIRE_TYPES[field?.wireType ?? -1] ?? "unknown",
    doc: "The schema doesn't know this field: it is shown as it lies in the file.",
  };
}

/** What the field is, and what the message in it is. */
function fieldDoc({ value }: FieldNode, { type, doc }: FieldSchema): string {
  const inner = isMessage(value) ? value.schema?.doc : undefined;
  return inner ? `${doc} ${type}: ${inner}` : doc;
}

function kindOf({ schema, value }: FieldNode): RowKind {
  if (isMessage(value)) return "message";
  if (!schema) return "unknown";
  if (schema.kind === "enum") return "choice";
  if (typeof value === "boolean") return "flag";
  if (typeof value === "string") return "text";
  return value instanceof Uint8Array ? "bytes" : "number";
}

function messageName(message: MessageNode): string {
  return message.schema?.name ?? "unknown message";
}

function problemOf(node: TreeNode): ImageProblem | undefined {
  const problems = node.kind === "entry" ? node.entry.problems : [];
  return problems.find(({ severity }) => severity === "error") ?? problems[0];
}
