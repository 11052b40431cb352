import { decodeEntry, hasPayloads, readEntryAt } from "./entries.ts";
import type { EntryContext } from "./entries.ts";
import type { EntryIndex } from "./entry-index.ts";
import type { EntryNode } from "./model.ts";

/** Bytes of entries that are read at once. */
const BATCH = 256 * 1024;

/**
 * Entries `[from, to)` in order. Small ones are read many at a time: a pagemap has some 10^5 of 16 bytes, and a read
 * for each would cost more than all the decoding.
 */
export async function* readEntriesInOrder(
  context: EntryContext,
  entries: EntryIndex,
  from: number,
  to: number,
): AsyncGenerator<EntryNode> {
  let index = from;
  while (index < to) {
    const first = entries.span(index);
    if (hasPayloads(context) || first.end - first.start > BATCH) {
      yield await readEntryAt(context, index++, first);
      continue;
    }
    const bytes = await context.source.read(first.start, BATCH);
    for (; index < to; index++) {
      const span = entries.span(index);
      const end = span.end - first.start;
      if (end > bytes.length) break;
      yield decodeEntry(context, index, span.start, bytes.subarray(span.start - first.start, end));
    }
  }
}
