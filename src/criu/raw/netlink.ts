// Decodes netlink messages: a struct, then attributes { u16 length, u16 type, value } that are aligned to 4 bytes and may
// hold attributes (`linux/netlink.h`). Nothing is lost and nothing throws, as in the decoder of protobuf.
import { criuProblems } from "../errors.ts";
import type { FieldNode, FieldValue, LabelledSpan, MessageNode, Problem, Span } from "../model.ts";
import type { SchemaIndex } from "../schema-index.ts";
import type { FieldSchema, MessageSchema } from "../schema.ts";
import { MAX_PROBLEMS } from "../wire-work.ts";
import { undecodedField } from "../wire-nodes.ts";
import { FIRST_MEMBER, MEMBER_WIDTHS, MESSAGES, NETWORK_ORDER } from "./netlink-structs.ts";
import { netlinkValue } from "./netlink-values.ts";

/** The kernel nests at most five deep here. */
const MAX_DEPTH = 12;
const ATTRIBUTE_HEADER = 4;
/** The two high bits of an attribute's type say that it is nested or in network byte order. */
const TYPE_MASK = 0x3fff;
/** `FieldNode.wireType` of what is no protobuf. */
const NOT_PROTOBUF = -1;

/** A piece of a message and where it lies in the image; a sealed message is in two. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly at: number;
}

export interface DecodedNetlink {
  readonly message: MessageNode;
  /** What aligns attributes. */
  readonly padding: readonly LabelledSpan[];
  readonly problems: readonly Problem[];
}

interface Work {
  readonly schemas: SchemaIndex;
  readonly file: string;
  readonly netfilter: boolean;
  readonly path: string;
  readonly padding: LabelledSpan[];
  readonly problems: Problem[];
}

/** What is being read: `bytes[from, to)`, whose first byte lies at `at + from` in the image. */
interface Range extends Piece {
  from: number;
  readonly to: number;
}

/**
 * Decodes one message. `header` is `struct nlmsghdr` (16 bytes; its length is left to the caller), `body` what follows.
 * that is a span when it couldn't be opened. `path` is put into the labels of padding.
 */
export function decodeNetlink(
  header: Piece,
  body: Piece | Span,
  { schemas, file, path }: { readonly schemas: SchemaIndex; readonly file: string; readonly path: string },
): DecodedNetlink {
  const type = new DataView(header.bytes.buffer, header.bytes.byteOffset, 16).getUint16(4, true);
  const { name, netfilter } = MESSAGES[type] ?? { name: "nl_other", netfilter: false };
  const schema = schemas.message(name);
  const work: Work = { schemas, file, netfilter, path, padding: [], problems: [] };
  const widths = MEMBER_WIDTHS[name] ?? [];
  const fields: FieldNode[] = [];
  readMembers(work, { ...header, from: 4, to: 16 }, schema, widths.slice(0, 4), 0, fields);
  const start = header.at + 4;
  if ("start" in body) {
    fields.push(undecodedField(body.start, body.end, new Uint8Array(0)));
    const message = { kind: "message", schema, span: { start, end: body.end }, fields } as const;
    return { message, padding: [], problems: [] };
  }
  const range: Range = { ...body, from: 0, to: body.bytes.length };
  if (readMembers(work, range, schema, widths.slice(4), 4, fields))
    readAttributes(work, range, schema, fields, 0);
  const span = { start, end: body.at + body.bytes.length };
  return {
    message: { kind: "message", schema, span, fields },
    padding: work.padding,
    problems: work.problems,
  };
}

/** Reads members of a struct from `first` on. False when there are too few bytes; then they are undecoded. */
function readMembers(
  work: Work,
  range: Range,
  schema: MessageSchema | undefined,
  widths: readonly number[],
  first: number,
  fields: FieldNode[],
): boolean {
  for (const [index, fixed] of widths.entries()) {
    const width = fixed === 0 ? range.to - range.from : fixed;
    const number = FIRST_MEMBER + first + index;
    const known = schema && work.schemas.field(schema, number);
    if (range.to - range.from < width) {
      skipRest(work, range, fields);
      return false;
    }
    const start = range.from;
    const inNetwork = work.netfilter && first > 0;
    const value =
      netlinkValue(range.bytes.subarray(start, start + width), known, inNetwork) ??
      range.bytes.subarray(start, start + width);
    range.from += width;
    if (width > 0) fields.push(node(range, number, known, start, start, range.from, value));
  }
  return true;
}

function readAttributes(
  work: Work,
  range: Range,
  schema: MessageSchema | undefined,
  fields: FieldNode[],
  depth: number,
): void {
  const view = new DataView(range.bytes.buffer, range.bytes.byteOffset, range.bytes.byteLength);
  const counts = new Map<number, number>();
  while (range.from < range.to) {
    const start = range.from;
    const left = range.to - start;
    const length = left < ATTRIBUTE_HEADER ? 0 : view.getUint16(start, true);
    if (length < ATTRIBUTE_HEADER || length > left) {
      skipRest(work, range, fields);
      return;
    }
    const number = view.getUint16(start + 2, true) & TYPE_MASK;
    // Number 0 stands for bytes that are no field; no attribute has it.
    const known = schema && number > 0 ? work.schemas.field(schema, number) : undefined;
    const end = start + length;
    const value: Range = { ...range, from: start + ATTRIBUTE_HEADER, to: end };
    range.from = end;
    if (known?.kind === "message" && known.rule === "repeated")
      readArray(work, value, known, start, fields, depth, counts);
    else fields.push(attribute(work, value, number, known, start, depth));
    const padded = Math.min(range.to, end + (-length & 3));
    if (padded > end)
      work.padding.push({ start: range.at + end, end: range.at + padded, kind: "padding", path: work.path });
    range.from = padded;
  }
}

function attribute(
  work: Work,
  range: Range,
  number: number,
  known: FieldSchema | undefined,
  start: number,
  depth: number,
): FieldNode {
  const { from, to } = range;
  if (known?.kind === "message" && depth < MAX_DEPTH)
    return node(range, number, known, start, from, to, readNested(work, range, known, depth));
  const inNetwork = work.netfilter || NETWORK_ORDER.has(known?.name ?? "");
  const value = netlinkValue(range.bytes.subarray(from, to), known, inNetwork);
  return value === undefined
    ? node(
        range,
        number || FIRST_MEMBER - 1,
        undefined,
        start,
        from,
        to,
        range.bytes.subarray(from, to),
        known?.name ?? `#${number}`,
      )
    : node(range, number, known, start, from, to, value);
}

/** A struct, attributes, or a struct with attributes behind it. */
function readNested(work: Work, range: Range, known: FieldSchema, depth: number): MessageNode {
  const schema = work.schemas.message(known.type);
  const fields: FieldNode[] = [];
  const start = range.from;
  // Nested structs of netfilter have single bytes only, so that their order is the same as the host's.
  if (readMembers(work, range, schema, MEMBER_WIDTHS[known.type] ?? [], 0, fields))
    readAttributes(work, range, schema, fields, depth + 1);
  return { kind: "message", schema, span: { start: range.at + start, end: range.at + range.to }, fields };
}

/** Elements that begin with their own length and are aligned (`struct rtnexthop`). The first has the attribute's header. */
function readArray(
  work: Work,
  range: Range,
  known: FieldSchema,
  headerStart: number,
  fields: FieldNode[],
  depth: number,
  counts: Map<number, number>,
): void {
  const view = new DataView(range.bytes.buffer, range.bytes.byteOffset, range.bytes.byteLength);
  let start = headerStart;
  do {
    const { from, to } = range;
    const length = to - from < 8 ? 0 : view.getUint16(from, true);
    if (length < 8 || length > to - from || depth >= MAX_DEPTH) {
      note(work, range);
      fields.push(undecodedField(range.at + start, range.at + to, range.bytes.subarray(start, to)));
      return;
    }
    const value = readNested(work, { ...range, to: from + length }, known, depth);
    const index = counts.get(known.number) ?? 0;
    counts.set(known.number, index + 1);
    const end = Math.min(to, from + length + (-length & 3));
    fields.push({ ...node(range, known.number, known, start, from, from + length, value), index });
    if (end > from + length)
      work.padding.push({
        start: range.at + from + length,
        end: range.at + end,
        kind: "padding",
        path: work.path,
      });
    range.from = end;
    start = end;
  } while (range.from < range.to);
}

function node(
  { at }: Piece,
  number: number,
  schema: FieldSchema | undefined,
  start: number,
  valueStart: number,
  end: number,
  value: FieldValue,
  name = schema?.name ?? `#${number}`,
): FieldNode {
  return {
    kind: "field",
    name,
    number,
    wireType: NOT_PROTOBUF,
    schema,
    index: undefined,
    span: { start: at + start, end: at + end },
    valueSpan: { start: at + valueStart, end: at + end },
    value,
  };
}

/** Turns what is left of the range into an undecoded field. */
function skipRest(work: Work, range: Range, fields: FieldNode[]): void {
  if (range.from >= range.to) return;
  note(work, range);
  fields.push(
    undecodedField(range.at + range.from, range.at + range.to, range.bytes.subarray(range.from, range.to)),
  );
  range.from = range.to;
}

function note({ problems, file }: Work, { at, from }: Range): void {
  if (problems.length < MAX_PROBLEMS) problems.push(criuProblems.badAttribute({ file, offset: at + from }));
}
