// Decodes protobuf messages into nodes that keep the span of every tag and value. Nothing is lost and nothing throws:
// bytes that are no field become one `undecoded` field and a problem.
import { criuProblems } from "./errors.ts";
import type { FieldNode, FieldValue, MessageNode, Problem } from "./model.ts";
import type { SchemaIndex } from "./schema-index.ts";
import type { FieldSchema, MessageSchema } from "./schema.ts";
import { WireReader } from "./wire-reader.ts";
import { isNumeric, readNumber, scalarWireType } from "./wire-values.ts";

/** CRIU nests at most six deep; an attacker may not choose how deep we recurse. */
const MAX_DEPTH = 32;
/** Fields of one entry. An mm_entry of 65,530 areas, the kernel's limit by default, has about 800,000. */
const MAX_FIELDS = 1 << 20;
/** A field costs some 300 bytes of memory, so that a small entry may not be all fields of two bytes. */
const MAX_DENSE_FIELDS = 200_000;
const MIN_BYTES_A_FIELD = 3;
/** Problems of one entry that are kept: every field of a broken message may have one. */
export const MAX_PROBLEMS = 256;

const text = new TextDecoder("utf-8", { ignoreBOM: true });

export interface Decoded {
  readonly message: MessageNode;
  readonly problems: readonly Problem[];
}

export interface DecodeContext {
  readonly schemas: SchemaIndex;
  /** Where `bytes[0]` lies in the image: spans count from the start of the file. */
  readonly at: number;
  readonly file: string;
}

/** Decodes one message. `schema` undefined shows its fields raw, as `#1`, `#2` …; never throws. */
export function decodeMessage(
  bytes: Uint8Array,
  schema: MessageSchema | undefined,
  context: DecodeContext,
): Decoded {
  const { schemas, at, file } = context;
  const limit = Math.min(
    MAX_FIELDS,
    Math.max(MAX_DENSE_FIELDS, Math.floor(bytes.length / MIN_BYTES_A_FIELD)),
  );
  const work: Work = {
    schemas,
    at,
    file,
    reader: new WireReader(bytes),
    problems: [],
    limit,
    budget: limit,
  };
  const message = readMessage(work, bytes.length, schema, 0);
  return { message, problems: work.problems };
}

/** A field that stands for bytes which are no field: the tail of a broken message. Its number is 0. */
export function undecodedField(start: number, end: number, value: Uint8Array): FieldNode {
  const span = { start, end };
  return {
    kind: "field",
    name: "undecoded",
    number: 0,
    wireType: 2,
    schema: undefined,
    index: undefined,
    span,
    valueSpan: span,
    value,
  };
}

/** Whether a field is not one but stands for bytes that couldn't be decoded. */
export function isUndecoded(field: FieldNode): boolean {
  return field.number === 0;
}

/** One run of the decoder over one entry. */
interface Work extends DecodeContext {
  readonly reader: WireReader;
  readonly problems: Problem[];
  /** Fields that may be made of the entry. */
  readonly limit: number;
  /** Fields that may still be made. */
  budget: number;
}

/** A message being read. Positions here and in tags count from the start of the decoded bytes. */
interface Frame {
  readonly work: Work;
  readonly end: number;
  readonly schema: MessageSchema | undefined;
  readonly depth: number;
  readonly fields: FieldNode[];
  /** How many elements each repeated field has so far. */
  readonly counts: Map<number, number>;
}

interface Tag {
  readonly start: number;
  readonly number: number;
  readonly wireType: number;
  /** undefined for a number the schema doesn't have, and for a wire type its field can't have. */
  readonly schema: FieldSchema | undefined;
  readonly name: string;
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
  const frame: Frame = { work, end, schema, depth, fields: [], counts: new Map() };

  while (reader.position < end) {
    const at = reader.position;
    if (work.budget <= 0) {
      skipRest(frame, at, end);
      break;
    }
    const tag = readTag(frame);
    if (tag?.wireType === 4 && tag.number === group) {
      reader.position = at;
      break;
    }
    if (!tag || !readField(frame, tag)) skipRest(frame, at, end);
  }
  const span = { start: work.at + start, end: work.at + reader.position };
  return { kind: "message", schema, span, fields: frame.fields };
}

function note({ problems }: Work, problem: Problem): void {
  if (problems.length < MAX_PROBLEMS) problems.push(problem);
}

/** Turns `[from, to)` into an undecoded field and says why. */
function skipRest({ work, fields }: Frame, from: number, to: number): void {
  const place = { file: work.file, offset: work.at + from };
  if (work.budget > 0) note(work, criuProblems.badField(place));
  // Every message that is still open runs into the end of the budget; it is said once.
  else if (!work.problems.some(({ code }) => code === "criu.tooManyFields"))
    note(work, criuProblems.tooManyFields(work.limit, place));
  fields.push(undecodedField(work.at + from, work.at + to, work.reader.bytes.subarray(from, to)));
  work.reader.position = to;
}

function readTag({ work, end, schema }: Frame): Tag | undefined {
  const { reader } = work;
  const start = reader.position;
  if (!reader.varint(end) || reader.high !== 0) return undefined;
  const number = reader.low >>> 3;
  if (number === 0) return undefined;
  const wireType = reader.low & 7;
  const known = schema && work.schemas.field(schema, number);
  const name = known?.name ?? `#${number}`;
  if (!known || fits(known, wireType)) return { start, number, wireType, schema: known, name };
  if (wireType !== 4)
    note(work, criuProblems.wrongWireType(name, wireType, { file: work.file, offset: work.at + start }));
  return { start, number, wireType, schema: undefined, name };
}

/** Whether a field can have this wire type: its own, or length-delimited for packed elements. */
function fits(schema: FieldSchema, wireType: number): boolean {
  return (
    wireType === scalarWireType(schema) || (wireType === 2 && schema.rule === "repeated" && isNumeric(schema))
  );
}

/** Reads the value behind a tag. False, with nothing added, when the bytes are no value of that wire type. */
function readField(frame: Frame, tag: Tag): boolean {
  const { work, end, depth } = frame;
  const { reader } = work;
  const valueStart = reader.position;
  switch (tag.wireType) {
    case 0:
    case 1:
    case 5: {
      const value = readNumber(reader, tag.wireType, end, tag.schema?.type);
      if (value === undefined) return false;
      addField(frame, tag, tag.start, valueStart, reader.position, value);
      return true;
    }
    case 2:
      return readDelimited(frame, tag);
    case 3: {
      if (depth >= MAX_DEPTH) return false;
      const value = readMessage(work, end, undefined, depth + 1, tag.number);
      const valueEnd = reader.position;
      // Past the end tag; a group that is cut off has none.
      if (valueEnd < end) readTag(frame);
      addField(frame, tag, tag.start, valueStart, valueEnd, value);
      return true;
    }
    default:
      return false;
  }
}

/** A length word and that many bytes: text, bytes, a message, or the elements of a packed field. */
function readDelimited(frame: Frame, tag: Tag): boolean {
  const { work, end, depth } = frame;
  const { reader } = work;
  if (!reader.varint(end) || reader.high !== 0 || reader.low > end - reader.position) return false;
  const start = reader.position;
  const valueEnd = start + reader.low;
  const place = { file: work.file, offset: work.at + start };
  const known = tag.schema;

  if (known?.kind === "message" && depth < MAX_DEPTH) {
    const value = readMessage(work, valueEnd, work.schemas.message(known.type), depth + 1);
    addField(frame, tag, tag.start, start, valueEnd, value);
    return true;
  }
  if (known && isNumeric(known) && valueEnd > start) {
    readPacked(frame, tag, known, valueEnd);
    return true;
  }
  reader.position = valueEnd;
  const bytes = reader.bytes.subarray(start, valueEnd);
  if (known?.type === "string") {
    const value = text.decode(bytes);
    if (value.includes("\ufffd")) note(work, criuProblems.badText(known.name, place));
    addField(frame, tag, tag.start, start, valueEnd, value);
    return true;
  }
  if (known?.kind === "message") note(work, criuProblems.tooDeep(MAX_DEPTH, place));
  // A message too deep to decode and a packed field without elements are bytes to whoever reads the node.
  const shown = known?.type === "bytes" ? tag : { ...tag, schema: undefined };
  addField(frame, shown, tag.start, start, valueEnd, bytes);
  return true;
}

/** The first element's span holds the tag and the length word. */
function readPacked(frame: Frame, tag: Tag, schema: FieldSchema, end: number): void {
  const { work } = frame;
  const { reader } = work;
  const wireType = scalarWireType(schema);
  let spanStart = tag.start;
  while (reader.position < end) {
    const at = reader.position;
    const value = work.budget > 0 ? readNumber(reader, wireType, end, schema.type) : undefined;
    if (value === undefined) {
      skipRest(frame, spanStart, end);
      return;
    }
    addField(frame, tag, spanStart, at, reader.position, value);
    spanStart = reader.position;
  }
}

function addField(
  { work, fields, counts }: Frame,
  { number, wireType, schema, name }: Tag,
  start: number,
  valueStart: number,
  valueEnd: number,
  value: FieldValue,
): void {
  let index: number | undefined;
  if (schema?.rule === "repeated") {
    index = counts.get(number) ?? 0;
    counts.set(number, index + 1);
  }
  work.budget--;
  const span = { start: work.at + start, end: work.at + work.reader.position };
  // Elements of a packed field have no tag of their own.
  const isBare = start === valueStart && work.reader.position === valueEnd;
  fields.push({
    kind: "field",
    name,
    number,
    wireType,
    schema,
    index,
    span,
    valueSpan: isBare ? span : { start: work.at + valueStart, end: work.at + valueEnd },
    value,
  });
}
