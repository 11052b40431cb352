import type { EntryNode, Image, LabelledSpan, MessageNode, PayloadNode } from "./model.ts";
import { payloadPath } from "./records.ts";
import { isUndecoded } from "./wire.ts";

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
    for (const span of part.sort((a, b) => a.start - b.start)) {
      if (span.end <= position) continue;
      // Bytes that no rule looked at are shown, never dropped.
      if (span.start > position) batch.push({ start: position, end: span.start, kind: "unknown", path: "" });
      batch.push(span.start < position ? { ...span, start: position } : span);
      position = span.end;
    }
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  const { size } = image.source;
  if (position < size) batch.push({ start: position, end: size, kind: "unknown", path: "" });
  if (batch.length > 0) yield batch;
}

/** Spans of the header, of each entry, of the rest; in each, not in order. */
async function* parts(image: Image): AsyncGenerator<LabelledSpan[]> {
  yield [...image.header];
  for await (const entry of image.entries()) yield entrySpans(entry);
  const rest = [...image.restFraming];
  for (const payload of image.rest) addPayloadSpans(rest, payload, "");
  yield rest;
}

/** The spans of one entry, not in order. */
export function entrySpans(entry: EntryNode): LabelledSpan[] {
  const path = `entries[${entry.index}]`;
  const { start, end } = entry.sizeSpan;
  const spans: LabelledSpan[] = [{ start, end, kind: "size", path }];
  for (const span of entry.framing) spans.push(span);
  addMessageSpans(spans, entry.message, path);
  for (const payload of entry.payloads) addPayloadSpans(spans, payload, path);
  return spans;
}

function addPayloadSpans(spans: LabelledSpan[], { name, span, message }: PayloadNode, prefix: string): void {
  const path = [prefix, payloadPath(name)].filter((part) => part !== "").join(".");
  const { start, end } = span;
  if (name === "unknown") spans.push({ start, end, kind: "unknown", path: "" });
  else if (message) addMessageSpans(spans, message, path);
  else spans.push({ start, end, kind: "payload", path });
}

function addMessageSpans(spans: LabelledSpan[], message: MessageNode, prefix: string): void {
  const add = (start: number, end: number, kind: LabelledSpan["kind"], path: string): void => {
    if (end > start) spans.push({ start, end, kind, path });
  };
  for (const field of message.fields) {
    const { span, valueSpan, value } = field;
    if (isUndecoded(field)) {
      add(span.start, span.end, "unknown", prefix);
      continue;
    }
    const path = `${prefix}.${field.name}${field.index === undefined ? "" : `[${field.index}]`}`;
    add(span.start, valueSpan.start, "tag", path);
    // Depth is bounded by the decoder.
    if (typeof value === "object" && "kind" in value) addMessageSpans(spans, value, path);
    else add(valueSpan.start, valueSpan.end, "value", path);
    // Only a group has something behind its value: its end tag.
    add(valueSpan.end, span.end, "tag", path);
  }
}
