import type { EntryNode, Image, LabelledSpan, MessageNode, PayloadNode } from "./model.ts";
import { payloadPath } from "./records.ts";
import { isUndecoded } from "./wire.ts";

/**
 * Every byte of the image in labelled spans that tile it from 0 to its size: adjacent, in order, none empty. Entries
 * are decoded one at a time.
 */
export async function* imageSpans(image: Image): AsyncGenerator<LabelledSpan> {
  let position = 0;
  for await (const part of parts(image)) {
    // Only bytes no rule looked at can be left over: they are shown, never dropped.
    for (const span of part.toSorted((a, b) => a.start - b.start)) {
      if (span.end <= position) continue;
      if (span.start > position) yield { start: position, end: span.start, kind: "unknown", path: "" };
      yield span.start < position ? { ...span, start: position } : span;
      position = span.end;
    }
  }
  if (position < image.source.size)
    yield { start: position, end: image.source.size, kind: "unknown", path: "" };
}

async function* parts(image: Image): AsyncGenerator<LabelledSpan[]> {
  yield [...image.header];
  for await (const entry of image.entries()) yield entrySpans(entry);
  yield [...image.restFraming, ...image.rest.flatMap((part) => [...payloadSpans(part, "")])];
}

/** The spans of one entry, not in order. */
export function entrySpans(entry: EntryNode): LabelledSpan[] {
  const path = `entries[${entry.index}]`;
  const spans: LabelledSpan[] = [{ ...entry.sizeSpan, kind: "size", path }, ...entry.framing];
  addMessageSpans(spans, entry.message, path);
  for (const payload of entry.payloads) spans.push(...payloadSpans(payload, path));
  return spans;
}

function payloadSpans({ name, span, message }: PayloadNode, prefix: string): LabelledSpan[] {
  const path = [prefix, payloadPath(name)].filter((part) => part !== "").join(".");
  if (name === "unknown") return [{ ...span, kind: "unknown", path: "" }];
  if (!message) return [{ ...span, kind: "payload", path }];
  const spans: LabelledSpan[] = [];
  addMessageSpans(spans, message, path);
  return spans;
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
