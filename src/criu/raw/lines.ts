// Text images (iptables-save, nft) as entries: one line each. In a sealed checkpoint the text is cut into records, and a
// line into as many pieces as records it is in.
import { decodeText, readExactly } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import type { EntryContext } from "../entries.ts";
import type { OffsetList } from "../entry-index.ts";
import type { EntryNode, FieldNode, LabelledSpan, Span } from "../model.ts";
import type { RawBody } from "../raw-body.ts";

const NEWLINE = 0x0a;
const WINDOW = 1 << 16;
/** Longer ones are cut, so that an entry is never large. */
const MAX_LINE = 1 << 16;
const MAX_LINES = 1 << 20;
/** Text that is looked at for lines when an image is opened; more is one payload. */
const MAX_TEXT = 1 << 26;

/**
 * Finds the lines in the pieces of `body`, whose plaintext `plain` gives at their own offsets. Gives where the last one
 * ends: what lies behind it is not in lines.
 */
export async function findLines(body: RawBody, plain: ByteSource, starts: OffsetList): Promise<number> {
  let looked = 0;
  // What frames a record goes to the line that begins in it.
  let end = body.framing[0]?.start ?? body.rest[0]?.span.start ?? 0;
  let length = 0;
  for (const { name, span } of body.rest) {
    if (name === "unknown") return end;
    for (let at = span.start; at < span.end; at += WINDOW) {
      const bytes = await plain.read(at, Math.min(WINDOW, span.end - at));
      looked += bytes.length;
      for (let from = 0; from < bytes.length;) {
        if (length === 0) {
          if (starts.length >= MAX_LINES || looked > MAX_TEXT) return end;
          starts.push(end);
        }
        const newline = bytes.indexOf(NEWLINE, from);
        const to = Math.min(newline < 0 ? bytes.length : newline + 1, from + MAX_LINE - length);
        length = to === newline + 1 || length + to - from >= MAX_LINE ? 0 : length + to - from;
        from = to;
        end = at + to;
      }
    }
  }
  // Behind the last line there is only what pads its record.
  return Math.max(end, body.framing.at(-1)?.end ?? 0);
}

/** The line at `span`, which `findLines` found. Throws what reading `plain` throws. */
export async function readLineEntry(
  { schemas, file }: EntryContext,
  body: RawBody,
  plain: ByteSource,
  index: number,
  span: Span,
): Promise<EntryNode> {
  const path = `entries[${index}]`;
  const schema = schemas.message("text_line");
  const known = schema && schemas.field(schema, 1);
  const fields: FieldNode[] = [];
  for (const piece of overlapping(body.rest, ({ span }) => span, span)) {
    const start = Math.max(span.start, piece.span.start);
    const end = Math.min(span.end, piece.span.end);
    const bytes = await readExactly(plain, start, end - start, { file });
    const valueEnd = bytes.at(-1) === NEWLINE ? end - 1 : end;
    fields.push({
      kind: "field",
      name: "text",
      number: 1,
      wireType: -1,
      schema: known,
      index: fields.length,
      span: { start, end },
      valueSpan: { start, end: valueEnd },
      value: decodeText(bytes.subarray(0, valueEnd - start)),
    });
  }
  const framing = overlapping(body.framing, (part) => part, span).map((part): LabelledSpan => ({
    ...part,
    path,
  }));
  return {
    kind: "entry",
    index,
    span,
    sizeSpan: { start: span.start, end: span.start },
    message: {
      kind: "message",
      schema,
      span: { start: fields[0]?.span.start ?? span.start, end: span.end },
      fields,
    },
    payloads: [],
    seals: framing.filter(({ kind }) => kind === "seal").map(({ start, end }) => ({ start, end })),
    framing,
    problems: [],
  };
}

/** The items, which lie in order, that have bytes in `range`. */
function overlapping<T>(items: readonly T[], spanOf: (item: T) => Span, { start, end }: Span): T[] {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item && spanOf(item).end <= start) low = middle + 1;
    else high = middle;
  }
  const found: T[] = [];
  for (; low < items.length; low++) {
    const item = items[low];
    if (!item || spanOf(item).start >= end) break;
    found.push(item);
  }
  return found;
}
