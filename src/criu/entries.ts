// Decodes entries. Most are a length word and a message, and are decoded from bytes that were read already; those
// with payloads are walked over, because only their fields say where they end.
import { CryoscopeError, toCryoscopeError } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import { criuErrors, criuProblems } from "./errors.ts";
import type { EntryNode, ImageType, MessageNode, Problem, Span } from "./model.ts";
import { PAYLOAD_RULES } from "./payloads.ts";
import type { PayloadWalk } from "./payloads.ts";
import { schemasOfMachine } from "./machine-schemas.ts";
import { MAX_RECORD, RecordCursor } from "./records.ts";
import type { SealedRecord } from "./records.ts";
import type { SchemaIndex } from "./schema-index.ts";
import type { ImageSeal } from "./seal.ts";
import { shapeOfBytes } from "./shapes.ts";
import type { ShapeHint } from "./shapes.ts";
import { decodeMessage } from "./wire.ts";
import { MAX_PROBLEMS } from "./wire-work.ts";
import { undecodedField } from "./wire-nodes.ts";

/** What the entries of one image have in common. */
export interface EntryContext {
  readonly source: ByteSource;
  readonly file: string;
  readonly type: ImageType | undefined;
  readonly seal: ImageSeal | undefined;
  readonly schemas: SchemaIndex;
  /** What tells forms of a message apart, where its bytes don't. */
  readonly hint?: ShapeHint | undefined;
  /** Length words have the highest byte first. */
  readonly bigEndian?: boolean;
  /** Bytes of the length word: 8 in images of plugins. */
  readonly sizeWidth: 4 | 8;
}

export interface EntryLayout {
  readonly entry: EntryNode;
  readonly records: readonly SealedRecord[];
  /** Whether all of the entry could be framed; if not, nothing is known of what comes after `entry.span`. */
  readonly complete: boolean;
}

/** Whether something follows the messages, so that entries must be decoded to be framed. */
export function hasPayloads({ type }: EntryContext): boolean {
  return PAYLOAD_RULES[type?.payload ?? ""] !== undefined;
}

/** The entry at `span`, whose end is known. Throws what reading the source throws. */
export async function readEntryAt(context: EntryContext, index: number, span: Span): Promise<EntryNode> {
  if (hasPayloads(context) || span.end - span.start > MAX_RECORD)
    return (await layOutEntry(context, index, span.start)).entry;
  return decodeEntry(
    context,
    index,
    span.start,
    await context.source.read(span.start, span.end - span.start),
  );
}

/** Decodes an entry without payloads from its bytes, which start at `offset` of the image. */
export function decodeEntry(
  context: EntryContext,
  index: number,
  offset: number,
  bytes: Uint8Array,
): EntryNode {
  const { seal, file, sizeWidth } = context;
  const end = offset + bytes.length;
  const tail = seal && bytes.length > sizeWidth ? seal.tailLength : 0;
  const span = { start: offset + sizeWidth, end: end - tail };
  const content = bytes.subarray(sizeWidth, bytes.length - tail);
  const problems: Problem[] = [];
  let opened: Uint8Array | undefined = content;
  if (seal && tail > 0)
    try {
      const place = { file, offset: span.start };
      opened = seal.openRecord(content, bytes.subarray(-tail, -12), bytes.subarray(-12), place);
    } catch (error) {
      opened = undefined;
      problems.push(
        criuProblems.recordBroken(toCryoscopeError(error).sentence, { file, offset: span.start }),
      );
    }
  const sealSpan = { start: span.end, end };
  return {
    kind: "entry",
    index,
    span: { start: offset, end },
    sizeSpan: { start: offset, end: offset + sizeWidth },
    message: decodeOpened(context, opened, span, messageName(context.type, index), problems),
    payloads: [],
    seals: tail === 0 ? [] : [sealSpan],
    framing: tail === 0 ? [] : [{ ...sealSpan, kind: "seal", path: `entries[${index}]` }],
    problems,
  };
}

/**
 * Walks over the entry that starts at `offset`: message, payloads, seals. Throws `criu.truncatedEntry` when not even
 * the message fits into the image, and what reading the source throws; all else is in the entry's problems.
 */
export async function layOutEntry(
  context: EntryContext,
  index: number,
  offset: number,
): Promise<EntryLayout> {
  const { source, file, seal } = context;
  const cursor = new RecordCursor(
    source,
    file,
    seal,
    `entries[${index}]`,
    offset,
    source.size,
    context.bigEndian,
  );
  const size = await cursor.lengthWord(context.sizeWidth, "", source.size);
  // The entry has a place of its own for its length word.
  cursor.framing.length = 0;
  const span = cursor.record(size);
  const problems: Problem[] = [];

  const opened = await cursor.tryPlaintext(span);
  const message = decodeOpened(context, opened, span, messageName(context.type, index), problems);
  const complete = await followRule(context, cursor, message, problems);
  return {
    entry: {
      kind: "entry",
      index,
      span: { start: offset, end: cursor.offset },
      sizeSpan: { start: offset, end: offset + context.sizeWidth },
      message,
      payloads: cursor.payloads,
      seals: cursor.seals,
      framing: cursor.framing,
      problems: [...cursor.problems, ...problems],
    },
    records: cursor.records,
    complete,
  };
}

function messageName(type: ImageType | undefined, index: number): string | undefined {
  return index === 0 ? (type?.headMessage ?? type?.message) : type?.message;
}

/** Decodes the plaintext of the message at `span`; one that can't be opened is one undecoded field. */
function decodeOpened(
  { schemas, file, hint }: EntryContext,
  opened: Uint8Array | undefined,
  span: Span,
  name: string | undefined,
  problems: Problem[],
): MessageNode {
  const shape = name === undefined || !opened ? name : shapeOfBytes(name, opened, hint);
  const schema = shape === undefined ? undefined : schemas.message(shape);
  if (!opened) {
    const field = undecodedField(span.start, span.end, new Uint8Array(0));
    return { kind: "message", schema, span, fields: [field] };
  }
  const decodeBy = (index: SchemaIndex) =>
    decodeMessage(opened, schema, { schemas: index, at: span.start, file });
  const plain = decodeBy(schemas);
  const machines = schemasOfMachine(plain.message, schemas);
  const decoded = machines ? decodeBy(machines) : plain;
  for (const problem of decoded.problems) if (problems.length < MAX_PROBLEMS) problems.push(problem);
  return decoded.message;
}

/** Walks over what follows the message. False when its end can't be known. */
async function followRule(
  context: EntryContext,
  cursor: RecordCursor,
  message: MessageNode,
  problems: Problem[],
): Promise<boolean> {
  const rule = PAYLOAD_RULES[context.type?.payload ?? ""];
  if (!rule) return true;
  const walk: PayloadWalk = {
    cursor,
    message,
    async decode(name, span, messageName, from) {
      const opened = await cursor.tryPlaintext(span);
      const inner = decodeOpened(context, opened, span, messageName, problems);
      cursor.payloads.push({ kind: "payload", name, span: { start: from, end: span.end }, message: inner });
      return inner;
    },
  };
  try {
    if (cursor.problems.length > 0) throw criuErrors.unreadableEntry({ file: context.file });
    await rule(walk);
    return true;
  } catch (error) {
    if (!(error instanceof CryoscopeError) || !error.code.startsWith("criu.")) throw error;
    problems.push(criuProblems.from(error, { file: context.file, offset: cursor.offset }));
    return false;
  }
}
