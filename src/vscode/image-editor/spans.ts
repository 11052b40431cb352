import { entrySpans, payloadPath } from "../../criu/index.ts";
import type { EntryNode, Image, LabelledSpan, Span, SpanKind } from "../../criu/index.ts";
import type { ByteSpan } from "../../protocol/index.ts";
import type { ImageTree } from "./tree.ts";

/**
 * What the bytes of `range` are: spans that tile it in order and are cut to it. Only the entries that touch the
 * range are decoded.
 */
export async function spansIn(tree: ImageTree, range: Span): Promise<readonly ByteSpan[]> {
  const { image } = tree;
  const out = new Tiling(range);
  for (const span of image.header) out.add(span, span.kind, span.path);
  for (let index = firstEntry(image, range.start); index < image.entryCount; index++) {
    if (image.entrySpan(index).start >= range.end) break;
    const spans = inOrder(await tree.entry(index));
    for (let at = firstSpan(spans, range.start); at < spans.length; at++) {
      const span = spans[at];
      if (!span || span.start >= range.end) break;
      out.add(span, span.kind, span.path);
    }
  }
  for (const span of restSpans(image)) out.add(span, span.kind, span.path);
  out.fill(range.end);
  return out.spans;
}

/** Collects spans in order; a gap between two becomes an unknown span, an overlap is cut. */
class Tiling {
  readonly spans: ByteSpan[] = [];
  #at: number;
  readonly #end: number;

  constructor({ start, end }: Span) {
    this.#at = start;
    this.#end = end;
  }

  add(span: Span, kind: SpanKind, path: string): void {
    if (span.end <= this.#at || span.start >= this.#end) return;
    this.fill(span.start);
    this.#push(span.end, kind, path);
  }

  fill(until: number): void {
    this.#push(until, "unknown", "");
  }

  #push(until: number, kind: SpanKind, path: string): void {
    const end = Math.min(until, this.#end);
    if (end <= this.#at) return;
    this.spans.push({ start: this.#at, end, kind, path });
    this.#at = end;
  }
}

const sorted = new WeakMap<EntryNode, readonly LabelledSpan[]>();

/** The spans of an entry by where they begin; made once, because a big entry is shown page by page. */
function inOrder(entry: EntryNode): readonly LabelledSpan[] {
  const known = sorted.get(entry);
  if (known) return known;
  const spans = entrySpans(entry).sort((a, b) => a.start - b.start);
  sorted.set(entry, spans);
  return spans;
}

function restSpans(image: Image): readonly LabelledSpan[] {
  const payloads = image.rest.map(({ name, span }): LabelledSpan => {
    return name === "unknown"
      ? { ...span, kind: "unknown", path: "" }
      : { ...span, kind: "payload", path: payloadPath(name) };
  });
  return [...image.restFraming, ...payloads].sort((a, b) => a.start - b.start);
}

/** The first entry that touches or follows `offset`; `entryCount` when none does. */
function firstEntry(image: Image, offset: number): number {
  return lowest(image.entryCount, (index) => image.entrySpan(index).end > offset);
}

/** The first span that touches or follows `offset`. */
function firstSpan(spans: readonly LabelledSpan[], offset: number): number {
  return lowest(spans.length, (index) => (spans[index]?.end ?? 0) > offset);
}

/** The lowest number below `count` that `holds`, when all above it hold too; else `count`. O(log n). */
function lowest(count: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
