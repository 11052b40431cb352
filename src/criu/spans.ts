import type { EntryNode, Image, LabelledSpan, MessageNode, PayloadNode } from "./model.ts";
import { payloadPath } from "./records.ts";
import { isUndecoded } from "./wire-nodes.ts";

/** Spans handed on at once, at least, while there are more. */
const BATCH = 2048;

/**
 * Every byte of the image in labelled spans that tile it from 0 to its size: adjacent, in order, none empty. Entries
 * are decoded one at a time.
 */
export async function* imageSpans(image: Image): AsyncGenerator<LabelledSpan> {
  for await (const batch of imageSpanBatches(image)) yield* batch;
}

/** `imageSpans`, many at a time: quicker for whoever wants all of them. */
export async function* imageSpanBatches(image: Image): AsyncGenerator<readonly LabelledSpan[]> {
  let batch: LabelledSpan[] = [];
  let position = 0;
  for await (const part of parts(image)) {
    for (const span of part) {
      if (span.end <= position) continue;
      // Bytes that no rule looked at are shown, never dropped.
      if (span.start > position) batch.push({ start: position, end: span.start, kind: "unknown", path: "" });
      batch.push(span.start < position ? { ...span, start: position } : span);
      position = span.end;
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
  }
  const { size } = image.source;
  if (position < size) batch.push({ start: position, end: size, kind: "unknown", path: "" });
  if (batch.length > 0) yield batch;
}

/** Spans of the header, of each entry, of the rest, each in order. */
async function* parts(image: Image): AsyncGenerator<Iterable<LabelledSpan>> {
  yield inOrder([...image.header]);
  for await (const entry of image.entries())
    yield merged(messageSpans(entry.message, pathOf(entry)), inOrder(spansAround(entry)));
  const rest = [...image.restFraming];
  for (const payload of image.rest) addPayloadSpans(rest, payload, "");
  yield inOrder(rest);
}

/** The spans of one entry, not in order. */
export function entrySpans(entry: EntryNode): LabelledSpan[] {
  return [...spansAround(entry), ...messageSpans(entry.message, pathOf(entry))];
}

function pathOf({ index }: EntryNode): string {
  return `entries[${index}]`;
}

/** The spans of an entry but for its message. */
function spansAround(entry: EntryNode): LabelledSpan[] {
  const path = pathOf(entry);
  const { start, end } = entry.sizeSpan;
  const spans: LabelledSpan[] = [{ start, end, kind: "size", path }];
  for (const span of entry.framing) spans.push(span);
  for (const payload of entry.payloads) addPayloadSpans(spans, payload, path);
  return spans;
}

function inOrder(spans: LabelledSpan[]): LabelledSpan[] {
  return spans.sort((a, b) => a.start - b.start);
}

/** Two rows of spans, each in order, as one. The first may be longer than what fits into memory. */
function* merged(long: Iterable<LabelledSpan>, short: readonly LabelledSpan[]): Generator<LabelledSpan> {
  let at = 0;
  for (const span of long) {
    for (let next = short[at]; next && next.start < span.start; next = short[++at]) yield next;
    yield span;
  }
  for (let next = short[at]; next; next = short[++at]) yield next;
}

function addPayloadSpans(spans: LabelledSpan[], { name, span, message }: PayloadNode, prefix: string): void {
  const path = [prefix, payloadPath(name)].filter((part) => part !== "").join(".");
  const { start, end } = span;
  if (name === "unknown") spans.push({ start, end, kind: "unknown", path: "" });
  else if (message) for (const inner of messageSpans(message, path)) spans.push(inner);
  else spans.push({ start, end, kind: "payload", path });
}

function* messageSpans(message: MessageNode, prefix: string): Generator<LabelledSpan> {
  for (const field of message.fields) {
    const { span, valueSpan, value } = field;
    if (isUndecoded(field)) {
      if (span.end > span.start) yield { ...span, kind: "unknown", path: prefix };
      continue;
    }
    const path = `${prefix}.${field.name}${field.index === undefined ? "" : `[${field.index}]`}`;
    if (valueSpan.start > span.start) yield { start: span.start, end: valueSpan.start, kind: "tag", path };
    // Depth is bounded by the decoder.
    if (typeof value === "object" && "kind" in value) yield* messageSpans(value, path);
    else if (valueSpan.end > valueSpan.start) yield { ...valueSpan, kind: "value", path };
    // Only a group has something behind its value: its end tag.
    if (span.end > valueSpan.end) yield { start: valueSpan.end, end: span.end, kind: "tag", path };
  }
}
