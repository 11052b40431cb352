// Edits inside one message, on its bytes: what an edit doesn't mean is copied, unknown fields and all.
import { scalarWireType } from "../wire-values.ts";
import { writeField, writeScalar, WireWriter } from "../encode/index.ts";
import type { ScalarValue } from "../encode/index.ts";
import type { FieldNode, MessageNode } from "../model.ts";
import { criuSchemas } from "../schema-index.ts";
import type { FieldSchema, MessageSchema } from "../schema.ts";
import { decodeMessage } from "../wire.ts";
import type { Edit } from "./edits.ts";
import { editErrors } from "./errors.ts";
import type { Step } from "./path.ts";
import { checkValue } from "./value.ts";

interface Target {
  readonly bytes: Uint8Array;
  readonly schema: MessageSchema | undefined;
  readonly fields: readonly FieldNode[];
}

/** The message's bytes with the edit made. `steps` lead from it to the field. Throws the errors of `editErrors`. */
export function editMessage(
  bytes: Uint8Array,
  schema: MessageSchema | undefined,
  edit: Edit,
  steps: readonly Step[],
): Uint8Array {
  const [step, ...below] = steps;
  if (!step) throw editErrors.badPath(edit.path);
  const { message } = decodeMessage(bytes, schema, { schemas: criuSchemas, at: 0, file: "" });
  const target: Target = { bytes, schema, fields: message.fields };
  const found = fieldAt(target, step);
  if (below.length === 0) return editField(target, found, step, edit);
  if (!found || !isMessage(found.value)) throw editErrors.noSuchField(edit.path);
  const inner = found.value.schema;
  const { start, end } = found.valueSpan;
  const edited = editMessage(bytes.subarray(start, end), inner, edit, below);
  return replaced(bytes, found.span, delimitedField(found.number, edited));
}

function editField(target: Target, found: FieldNode | undefined, step: Step, edit: Edit): Uint8Array {
  if (edit.kind === "remove") {
    if (!found) throw editErrors.noSuchField(edit.path);
    return replaceValue(target, found, undefined);
  }
  if (edit.kind === "duplicate") return duplicated(target, found, edit.path);
  const field = found?.schema ?? target.schema?.fields.find(({ name }) => name === step.name);
  if (!field) throw editErrors.notEditable(edit.path, "its type is not known");
  if (edit.kind === "set" && found) {
    if (field.kind === "message") throw editErrors.notEditable(edit.path, "it is a message, edit its fields");
    checkValue(field, edit.value, edit.path);
    return replaceValue(target, found, edit.value);
  }
  if (edit.kind === "set" && (field.rule === "repeated" || step.index !== undefined))
    throw editErrors.noSuchField(edit.path);
  if (edit.kind === "add" && found && field.rule !== "repeated")
    throw editErrors.notEditable(edit.path, "it is there already");
  return addValue(target, field, edit);
}

/** The field a step means: of one that is there several times without being a list, the last, which counts. */
function fieldAt({ fields }: Target, { name, index }: Step): FieldNode | undefined {
  return fields.findLast((field) => field.number !== 0 && field.name === name && field.index === index);
}

/** Puts another value in the place of a field's, or takes the field away. */
function replaceValue(target: Target, found: FieldNode, value: ScalarValue | undefined): Uint8Array {
  const { bytes } = target;
  const run = packedRun(target, found);
  const { schema } = found;
  if (run && schema) {
    const values = run.flatMap((node) => {
      if (node !== found) return [bytes.subarray(node.valueSpan.start, node.valueSpan.end)];
      return value === undefined ? [] : [scalarBytes(schema, value)];
    });
    const span = { start: run[0]?.span.start ?? 0, end: run.at(-1)?.span.end ?? 0 };
    return replaced(
      bytes,
      span,
      values.length === 0 ? EMPTY : delimitedField(found.number, Buffer.concat(values)),
    );
  }
  if (value === undefined || !schema) return replaced(bytes, found.span, EMPTY);
  const writer = new WireWriter();
  writer.tag(found.number, scalarWireType(schema));
  writeScalar(writer, schema, value);
  return replaced(bytes, found.span, writer.finish());
}

/** Puts a copy of an element behind it, its bytes as they are. */
function duplicated(target: Target, found: FieldNode | undefined, path: string): Uint8Array {
  const { bytes } = target;
  if (!found) throw editErrors.noSuchField(path);
  if (found.index === undefined) throw editErrors.notEditable(path, "it is no element of a list");
  const { start, end } = found.valueSpan;
  const run = packedRun(target, found);
  if (!run) {
    const copy = bytes.subarray(found.span.start, found.span.end);
    return replaced(bytes, { start: found.span.end, end: found.span.end }, copy);
  }
  const values = run.flatMap((node) => {
    const value = bytes.subarray(node.valueSpan.start, node.valueSpan.end);
    return node === found ? [value, bytes.subarray(start, end)] : [value];
  });
  const span = { start: run[0]?.span.start ?? 0, end: run.at(-1)?.span.end ?? 0 };
  return replaced(bytes, span, delimitedField(found.number, Buffer.concat(values)));
}

/** Adds an element behind the last of its list, or a field in the order of the numbers, as CRIU writes them. */
function addValue(
  target: Target,
  field: FieldSchema,
  edit: Extract<Edit, { kind: "set" | "add" }>,
): Uint8Array {
  const { bytes, fields } = target;
  const writer = new WireWriter();
  if (field.kind === "message") {
    if (edit.value !== undefined) throw editErrors.wrongKind(edit.path, "left out: it is a message");
    writer.tag(field.number, 2);
    writer.delimited(EMPTY);
  } else {
    if (edit.value === undefined) throw editErrors.wrongKind(edit.path, "given");
    checkValue(field, edit.value, edit.path);
    const last = fields.findLast(({ number }) => number === field.number);
    const run = last && packedRun(target, last);
    if (run) {
      const values = run.map(({ valueSpan }) => bytes.subarray(valueSpan.start, valueSpan.end));
      const span = { start: run[0]?.span.start ?? 0, end: last.span.end };
      const content = Buffer.concat([...values, scalarBytes(field, edit.value)]);
      return replaced(bytes, span, delimitedField(field.number, content));
    }
    writeField(writer, field, [edit.value]);
  }
  const after = fields.findLast(({ number }) => number !== 0 && number <= field.number);
  const at = after?.span.end ?? 0;
  return replaced(bytes, { start: at, end: at }, writer.finish());
}

const EMPTY = new Uint8Array(0);

/** The elements behind the same tag as this one, when the field is packed. */
function packedRun({ fields }: Target, node: FieldNode): readonly FieldNode[] | undefined {
  if (!node.schema || node.wireType !== 2 || scalarWireType(node.schema) === 2) return undefined;
  const at = fields.indexOf(node);
  const hasTag = ({ span, valueSpan }: FieldNode): boolean => span.start < valueSpan.start;
  const belongs = (field: FieldNode | undefined): boolean => field?.number === node.number && !hasTag(field);
  let first = at;
  while (first > 0 && belongs(fields[first])) first--;
  let end = at + 1;
  while (belongs(fields[end])) end++;
  return fields.slice(first, end);
}

function scalarBytes(field: FieldSchema, value: ScalarValue): Uint8Array {
  const writer = new WireWriter();
  writeScalar(writer, field, value);
  return writer.finish();
}

function delimitedField(number: number, content: Uint8Array): Uint8Array {
  const writer = new WireWriter();
  writer.tag(number, 2);
  writer.delimited(content);
  return writer.finish();
}

function replaced(
  bytes: Uint8Array,
  { start, end }: { start: number; end: number },
  by: Uint8Array,
): Uint8Array {
  return Buffer.concat([bytes.subarray(0, start), by, bytes.subarray(end)]);
}

function isMessage(value: FieldNode["value"]): value is MessageNode {
  return typeof value === "object" && "kind" in value;
}
