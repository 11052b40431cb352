// Raw images of a network namespace as entries: one netlink message each, whose length word is the entry's size word.
import { readExactly, toCryoscopeError } from "../../bytes/index.ts";
import type { EntryContext } from "../entries.ts";
import type { OffsetList } from "../entry-index.ts";
import { criuErrors, criuProblems } from "../errors.ts";
import type { EntryNode, LabelledSpan, Problem, Span } from "../model.ts";
import type { RecordCursor } from "../records.ts";
import { openRecord } from "../records.ts";
import { decodeNetlink } from "./netlink.ts";

const HEADER = 16;
const SEAL = 28;
/** Messages of dumps are a page or so; what has more is none. */
const MAX_MESSAGE = 1 << 18;
/** Messages of one image, so that memory stays bounded. */
const MAX_MESSAGES = 1 << 18;

/** First word of what `ip … save` writes (`iproute2: ip/iproute.c, ip/ipaddress.c, ip/iprule.c`). */
export const IP_DUMP_MAGICS: ReadonlySet<number> = new Set([0x45311224, 0x47361222, 0x71706986]);

/**
 * Steps over the messages to the end of the image. Throws `criu.truncatedEntry`, `criu.badLength` and what the seal throws
 * at the first one that can't be; `cursor.offset` is then where it begins, and `starts` has those before it.
 */
export async function stepOverMessages(cursor: RecordCursor, starts: OffsetList): Promise<void> {
  while (cursor.left > 0) {
    const start = cursor.offset;
    const { file } = cursor;
    if (starts.length >= MAX_MESSAGES) throw criuErrors.tooManyParts(MAX_MESSAGES, { file });
    try {
      const header = await cursor.plaintext(cursor.record(HEADER));
      const length = new DataView(header.buffer, header.byteOffset, HEADER).getUint32(0, true);
      if (length < HEADER || length > MAX_MESSAGE)
        throw criuErrors.badLength(length, { file, offset: start });
      cursor.record(length - HEADER);
    } catch (error) {
      cursor.offset = start;
      // Those of the message that isn't one.
      while ((cursor.records.at(-1)?.start ?? -1) >= start) cursor.records.pop();
      throw error;
    }
    starts.push(start);
  }
}

/** Decodes the message at `span`, which `stepOverMessages` found. Throws what reading the source throws. */
export async function readMessageEntry(context: EntryContext, index: number, span: Span): Promise<EntryNode> {
  const { source, file, seal, schemas } = context;
  const path = `entries[${index}]`;
  const tail = seal ? SEAL : 0;
  const header: Span = { start: span.start, end: span.start + HEADER };
  const hasBody = span.end > header.end + tail;
  const body: Span = hasBody
    ? { start: header.end + tail, end: span.end - tail }
    : { start: header.end, end: header.end };
  const read = ({ start, end }: Span): Promise<Uint8Array> =>
    seal && end > start
      ? openRecord(source, seal, { start, end, tagAt: end, nonceAt: end + 16 }, file)
      : readExactly(source, start, end - start, { file });
  const broken: Problem[] = [];
  // The header could be opened when the messages were counted; what follows it was not looked at.
  const opened = await read(body).catch((cause: unknown) => {
    const error = toCryoscopeError(cause);
    if (!error.code.startsWith("seal.")) throw cause;
    broken.push(criuProblems.recordBroken(error.sentence, { file, offset: body.start }));
    return undefined;
  });
  const { message, padding, problems } = decodeNetlink(
    { bytes: await read(header), at: header.start },
    opened ? { bytes: opened, at: body.start } : body,
    { schemas, file, path },
  );
  const seals = (seal ? [header, ...(hasBody ? [body] : [])] : []).map(({ end }) => ({
    start: end,
    end: end + SEAL,
  }));
  const framing: LabelledSpan[] = [
    ...padding,
    ...seals.map((each) => ({ ...each, kind: "seal" as const, path })),
  ];
  return {
    kind: "entry",
    index,
    span,
    sizeSpan: { start: span.start, end: span.start + 4 },
    message,
    payloads: [],
    seals,
    framing: framing.sort((a, b) => a.start - b.start),
    problems: [...broken, ...problems],
  };
}
