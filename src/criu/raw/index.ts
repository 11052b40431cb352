// raw: what is in images that have no protobuf: netlink messages and lines of text as entries, all else as one payload that
// says what it is.
import { CryoscopeError } from "../../bytes/index.ts";
import type { EntryContext } from "../entries.ts";
import { indexOf, OffsetList } from "../entry-index.ts";
import { criuProblems } from "../errors.ts";
import type { Body } from "../framing.ts";
import type { ImageType, PayloadNode, Problem } from "../model.ts";
import { plainSource } from "../plain-source.ts";
import { layOutRawBody } from "../raw-body.ts";
import type { RawBody } from "../raw-body.ts";
import { openRecord, RecordCursor } from "../records.ts";
import { findLines, readLineEntry } from "./lines.ts";
import { IP_DUMP_MAGICS, readMessageEntry, stepOverMessages } from "./netlink-index.ts";

export { rawContent } from "./content.ts";

type Layout = (context: EntryContext, start: number) => Promise<Body>;

/** How the body of a raw image is laid out, by the name in `ImageType.payload`; what isn't here is one payload. */
const LAYOUTS: Readonly<Record<string, Layout>> = {
  "ip-dump": ipDump,
  netlink: messages,
  text: lines,
  "text-output": lines,
};

/** Whether images of the kind have entries though they are no protobuf: netlink messages, lines of text. */
export function hasRawEntries({ payload: name }: ImageType): boolean {
  return LAYOUTS[name ?? ""] !== undefined;
}

/** Payloads that are known by what they begin with. */
const FORMATS: readonly {
  readonly magic: readonly number[];
  readonly format: NonNullable<PayloadNode["format"]>;
}[] = [
  { magic: [0x1f, 0x8b], format: "tar.gz" },
  { magic: [0x04, 0x22, 0x4d, 0x18], format: "lz4" },
];
const RECOGNISED = new Set(["targz-output", "lz4-frame"]);

/** Lays out the body of a raw image from `start` on. Throws only what reading the source throws. */
export async function layOutRaw(context: EntryContext, start: number): Promise<Body> {
  const layout = LAYOUTS[context.type?.payload ?? ""] ?? payload;
  return layout(context, start);
}

async function payload(context: EntryContext, start: number): Promise<Body> {
  const body = await onePayload(context, start);
  const first = body.rest[0];
  if (!first || !RECOGNISED.has(context.type?.payload ?? "")) return { ...body, entries: undefined };
  const head = await plainOf(context, body).read(
    first.span.start,
    Math.min(4, first.span.end - first.span.start),
  );
  const found = FORMATS.find(({ magic }) => magic.every((byte, at) => head[at] === byte));
  if (!found) return { ...body, entries: undefined };
  const { format } = found;
  const rest = body.rest.map((node) => (node.name === "unknown" ? node : { ...node, format }));
  return { ...body, entries: undefined, rest };
}

function onePayload({ source, file, seal, type }: EntryContext, start: number): Promise<RawBody> {
  return layOutRawBody(type, new RecordCursor(source, file, seal, "", start));
}

function plainOf(context: EntryContext, body: RawBody): ReturnType<typeof plainSource> {
  return plainSource(context, { ...body, entries: undefined, form: "records", pageSize: 4096 });
}

/** A magic before the messages; a file of another begins is shown as it is. */
async function ipDump(context: EntryContext, start: number): Promise<Body> {
  const { source, file } = context;
  if (source.size === start) return messages(context, start);
  const head = await source.read(start, 4);
  const magic = head.length < 4 ? 0 : new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true);
  if (!IP_DUMP_MAGICS.has(magic)) {
    const body = await onePayload(context, start);
    const problem = criuProblems.badRawMagic({ file, offset: start });
    return { ...body, entries: undefined, problems: [...body.problems, problem] };
  }
  const header = [{ start, end: start + 4, kind: "magic", path: "magic" }] as const;
  return { ...(await messages(context, start + 4)), header };
}

async function messages(context: EntryContext, start: number): Promise<Body> {
  const { source, file, seal } = context;
  const cursor = new RecordCursor(source, file, seal, "", start);
  const starts = new OffsetList();
  const problems: Problem[] = [];
  try {
    await stepOverMessages(cursor, starts);
  } catch (error) {
    if (!(error instanceof CryoscopeError) || !/^(criu|seal)\./.test(error.code)) throw error;
    problems.push(criuProblems.from(error, { file, offset: cursor.offset }));
  }
  const end = cursor.offset;
  return {
    entries: indexOf(starts, end, problems),
    rest:
      end < source.size ? [{ kind: "payload", name: "unknown", span: { start: end, end: source.size } }] : [],
    framing: [],
    records: cursor.records,
    problems,
    readEntry: (index, span) => readMessageEntry(context, index, span),
  };
}

async function lines(context: EntryContext, start: number): Promise<Body> {
  const body = await onePayload(context, start);
  const broken = await brokenRecord(context, body);
  // Ciphertext has no lines.
  if (broken) return { ...body, entries: undefined, problems: [...body.problems, broken] };
  const plain = plainOf(context, body);
  const first = body.rest[0]?.span;
  // Text has no zeros; a sealed image whose key is not at hand has.
  if (first && (await plain.read(first.start, Math.min(4096, first.end - first.start))).includes(0))
    return { ...body, entries: undefined };
  const starts = new OffsetList();
  const end = await findLines(body, plain, starts);
  const rest = body.rest
    .filter(({ span }) => span.end > end)
    .map((node) => ({ ...node, span: { start: Math.max(node.span.start, end), end: node.span.end } }));
  return {
    ...body,
    entries: indexOf(starts, end, body.problems),
    rest,
    framing: body.framing.filter((part) => part.start >= end),
    readEntry: (index, span) => readLineEntry(context, body, plain, index, span),
  };
}

async function brokenRecord(
  { source, seal, file }: EntryContext,
  { records }: RawBody,
): Promise<Problem | undefined> {
  for (const record of seal ? records : [])
    try {
      if (seal) await openRecord(source, seal, record, file);
    } catch (error) {
      if (!(error instanceof CryoscopeError) || !error.code.startsWith("seal.")) throw error;
      return criuProblems.recordBroken(error.sentence, { file, offset: record.start });
    }
  return undefined;
}
