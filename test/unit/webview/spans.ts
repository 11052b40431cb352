import type { ByteSpan, ImageBytes, SpanColumns } from "../../../src/protocol/index.ts";

/** The spans of bytes as objects. */
export function spansOf({ offset, spans }: ImageBytes): ByteSpan[] {
  const all: ByteSpan[] = [];
  let start = offset;
  for (const [at, length] of spans.lengths.entries()) {
    const kind = spans.kinds[at] ?? "unknown";
    all.push({ start, end: start + length, kind, path: spans.names[spans.paths[at] ?? -1] ?? "" });
    start += length;
  }
  return all;
}

export function columnsOf(spans: readonly ByteSpan[]): SpanColumns {
  return {
    lengths: spans.map(({ start, end }) => end - start),
    kinds: spans.map(({ kind }) => kind),
    paths: spans.map((_, at) => at),
    names: spans.map(({ path }) => path),
  };
}
