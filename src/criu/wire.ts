// Decodes protobuf messages into nodes that keep the span of every tag and value. Nothing is lost and nothing throws:
// bytes that are no field become one `undecoded` field and a problem.
//
// Memory is bounded: of an entry of very many fields, a crafted one or the memory map of a huge process, the messages in it
// are decoded when they are looked at.
import { decodeText, hasEscapes } from "../bytes/index.ts";
import { criuProblems } from "./errors.ts";
import type { FieldNode, FieldValue, MessageNode, Problem } from "./model.ts";
import type { FieldSchema, MessageSchema } from "./schema.ts";
import { fits, kindOf } from "./wire-kinds.ts";
import { costOf, LazyMessage, undecodedField, WireField } from "./wire-nodes.ts";
import type { FieldKind } from "./wire-nodes.ts";
import { WireReader } from "./wire-reader.ts";
import { note, noteTooMany } from "./wire-work.ts";
import type { DecodeContext, Frame, LastLooked, Nested, Work } from "./wire-work.ts";
import { isNumeric, readNumber, scalarWireType } from "./wire-values.ts";

/** CRIU nests at most six deep; an attacker may not choose how deep we recurse. */
const MAX_DEPTH = 32;
/** Memory for the nodes of one entry, in bytes: so much at least, or so many times the entry's size, and never more. */
const MEMORY = { least: 24 << 20, times: 6, most: 128 << 20 } as const;
/** Memory up to which all messages of an entry are decoded at once. */
const EAGER_MEMORY = 8 << 20;
/** Memory for a message in an entry that has used up its own. */
const LEAST_LEFT = 1 << 20;
/** Kinds of unknown fields that are kept to be used again. */
const MAX_UNKNOWN_KINDS = 1024;

export interface Decoded {
  readonly message: MessageNode;
  readonly problems: readonly Problem[];
}

/** Decodes one message. `schema` undefined shows its fields raw, as `#1`, `#2` …; never throws. */
export function decodeMessage(
  bytes: Uint8Array,
  schema: MessageSchema | undefined,
  context: DecodeContext,
): Decoded {
  const most = Math.min(MEMORY.most, Math.max(MEMORY.least, MEMORY.times * bytes.length));
  const eager = decodeWith(bytes, schema, context, { budget: Math.min(most, EAGER_MEMORY), nested: "kept" });
  if (eager.budget > 0) return eager;
  return decodeWith(bytes, schema, context, { budget: most, nested: "checked" });
}

interface Limits {
  /** Bytes of memory for nodes. */
  readonly budget: number;
  readonly nested: Nested;
  /** How deep the message itself lies. */
  readonly depth?: number;
  /** The fields looked at last of all lazy messages of an entry: only these are kept. */
  readonly last?: LastLooked;
}

function decodeWith(
  bytes: Uint8Array,
  schema: MessageSchema | undefined,
  { schemas, at, file }: DecodeContext,
  { budget, nested, depth = 0, last = { fields: [] } }: Limits,
): Decoded & { readonly budget: number } {
  const work: Work = {
    schemas,
    at,
    file,
    reader: new WireReader(bytes),
    problems: [],
    budget,
    kinds: new Map(),
    nested,
    last,
  };
  const message = readMessage(work, bytes.length, schema, depth);
  return { message, problems: work.problems, budget: work.budget };
}

/** Reads fields up to `end`, or up to the end tag of group `group`, which is left to the caller. */
function readMessage(
  work: Work,
  end: number,
  schema: MessageSchema | undefined,
  depth: number,
  group?: number,
): MessageNode {
  const { reader } = work;
  const start = reader.position;
  const frame: Frame = { work, end, schema, depth, fields: [], counts: new Map(), cost: 0 };

  while (reader.position < end) {
    const at = reader.position;
    if (work.budget <= 0) {
      skipRest(frame, at, end);
      break;
    }
    const kind = readTag(frame);
    if (kind?.wireType === 4 && kind.number === group) {
      reader.position = at;
      break;
    }
    if (!kind || !readField(frame, kind, at)) skipRest(frame, at, end);
  }
  const span = { start: work.at + start, end: work.at + reader.position };
  if (work.nested === "checking" && frame.cost > work.budget) noteTooMany(work, span.start);
  return { kind: "message", schema, span, fields: frame.fields };
}

/** Turns `[from, to)` into an undecoded field and says why. */
function skipRest({ work, fields }: Frame, from: number, to: number): void {
  const offset = work.at + from;
  if (work.budget > 0) note(work, criuProblems.badField({ file: work.file, offset }));
  else noteTooMany(work, offset);
  if (work.nested !== "checking")
    fields.push(undecodedField(offset, work.at + to, work.reader.bytes.subarray(from, to)));
  work.reader.position = to;
}

function readTag({ work, end, schema }: Frame): FieldKind | undefined {
  const { reader } = work;
  const offset = work.at + reader.position;
  if (!reader.varint(end) || reader.high !== 0) return undefined;
  const tag = reader.low;
  const number = tag >>> 3;
  if (number === 0) return undefined;
  const wireType = tag & 7;
  const known = schema && work.schemas.field(schema, number);
  if (known && fits(known, wireType)) return kindOf(known, wireType);
  if (known && wireType !== 4)
    note(work, criuProblems.wrongWireType(known.name, wireType, { file: work.file, offset }));
  if (known) return { name: known.name, number, wireType, schema: undefined };
  const same = work.kinds.get(tag);
  if (same) return same;
  const kind: FieldKind = { name: `#${number}`, number, wireType, schema: undefined };
  if (work.kinds.size < MAX_UNKNOWN_KINDS) work.kinds.set(tag, kind);
  return kind;
}

/** Reads the value behind a tag. False, with nothing added, when the bytes are no value of that wire type. */
function readField(frame: Frame, kind: FieldKind, start: number): boolean {
  const { work, end, depth } = frame;
  const { reader } = work;
  const valueStart = reader.position;
  switch (kind.wireType) {
    case 0:
    case 1:
    case 5: {
      const value = readNumber(reader, kind.wireType, end, kind.schema?.type);
      if (value === undefined) return false;
      addField(frame, kind, start, valueStart, reader.position, value);
      return true;
    }
    case 2:
      return readDelimited(frame, kind, start);
    case 3: {
      if (depth >= MAX_DEPTH) return false;
      const value = readMessage(work, end, undefined, depth + 1, kind.number);
      const valueEnd = reader.position;
      // Past the end tag; a group that is cut off has none.
      if (valueEnd < end) readTag(frame);
      addField(frame, kind, start, valueStart, valueEnd, value);
      return true;
    }
    default:
      return false;
  }
}

/** A length word and that many bytes: text, bytes, a message, or the elements of a packed field. */
function readDelimited(frame: Frame, kind: FieldKind, fieldStart: number): boolean {
  const { work, end, depth } = frame;
  const { reader } = work;
  if (!reader.varint(end) || reader.high !== 0 || reader.low > end - reader.position) return false;
  const start = reader.position;
  const valueEnd = start + reader.low;
  const place = { file: work.file, offset: work.at + start };
  const known = kind.schema;

  if (known?.kind === "message" && depth < MAX_DEPTH) {
    const value = readNested(work, valueEnd, work.schemas.message(known.type), depth + 1);
    addField(frame, kind, fieldStart, start, valueEnd, value);
    return true;
  }
  if (known && isNumeric(known) && valueEnd > start) {
    readPacked(frame, kind, known, fieldStart, valueEnd);
    return true;
  }
  reader.position = valueEnd;
  const bytes = reader.bytes.subarray(start, valueEnd);
  if (known?.type === "string") {
    const value = decodeText(bytes);
    if (hasEscapes(value)) note(work, criuProblems.badText(known.name, place));
    addField(frame, kind, fieldStart, start, valueEnd, value);
    return true;
  }
  if (known?.kind === "message") note(work, criuProblems.tooDeep(MAX_DEPTH, place));
  // A message too deep to decode and a packed field without elements are bytes to whoever reads the node.
  const shown = known?.type === "bytes" || !known ? kind : { ...kind, schema: undefined };
  addField(frame, shown, fieldStart, start, valueEnd, bytes);
  return true;
}

/** The message up to `end`, at once or as it is looked at. */
function readNested(work: Work, end: number, schema: MessageSchema | undefined, depth: number): MessageNode {
  const { reader, nested } = work;
  if (nested === "kept" || nested === "checking") return readMessage(work, end, schema, depth);
  const start = reader.position;
  if (nested === "checked") {
    work.nested = "checking";
    readMessage(work, end, schema, depth);
    work.nested = nested;
  }
  reader.position = end;
  const span = { start: work.at + start, end: work.at + end };
  return new LazyMessage(schema, span, (message) => fieldsOf(work, message, depth));
}

/** Decodes the fields of a lazy message, for which there is what its parents have left of the memory. */
function fieldsOf(work: Work, message: LazyMessage, depth: number): readonly FieldNode[] {
  const { at, reader, last } = work;
  if (last.message === message) return last.fields;
  last.fields = [];
  const { start, end } = message.span;
  const bytes = reader.bytes.subarray(start - at, end - at);
  const context = { ...work, at: start };
  const left = Math.max(work.budget, LEAST_LEFT);
  const limits = { depth, last };
  let decoded = decodeWith(bytes, message.schema, context, {
    ...limits,
    budget: Math.min(left, EAGER_MEMORY),
    nested: "kept",
  });
  if (decoded.budget <= 0)
    decoded = decodeWith(bytes, message.schema, context, { ...limits, budget: left, nested: "skipped" });
  last.message = message;
  last.fields = decoded.message.fields;
  return last.fields;
}

/** The first element's span holds the tag and the length word. */
function readPacked(frame: Frame, kind: FieldKind, schema: FieldSchema, start: number, end: number): void {
  const { work } = frame;
  const { reader } = work;
  const wireType = scalarWireType(schema);
  let spanStart = start;
  while (reader.position < end) {
    const at = reader.position;
    const value = work.budget > 0 ? readNumber(reader, wireType, end, schema.type) : undefined;
    if (value === undefined) {
      skipRest(frame, spanStart, end);
      return;
    }
    addField(frame, kind, spanStart, at, reader.position, value);
    spanStart = reader.position;
  }
}

function addField(
  frame: Frame,
  kind: FieldKind,
  start: number,
  valueStart: number,
  valueEnd: number,
  value: FieldValue,
): void {
  const { work, fields, counts } = frame;
  const { number, schema } = kind;
  let index: number | undefined;
  if (schema?.rule === "repeated") {
    index = counts.get(number) ?? 0;
    counts.set(number, index + 1);
  }
  const cost = costOf(value);
  frame.cost += cost;
  if (work.nested === "checking") return;
  work.budget -= cost;
  const { at } = work;
  fields.push(
    new WireField(kind, index, at + start, at + valueStart, at + valueEnd, at + work.reader.position, value),
  );
}
