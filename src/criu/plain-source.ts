import { isCancelled } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import { hasPayloads, layOutEntry } from "./entries.ts";
import type { EntryContext } from "./entries.ts";
import type { Body } from "./framing.ts";
import { plainPages } from "./plain-pages.ts";
import { openRecord } from "./records.ts";
import type { SealedRecord } from "./records.ts";
import type { SealedForm } from "./sealed-form.ts";

interface SealedBody extends Body {
  readonly form: SealedForm;
  readonly pageSize: number;
}

/**
 * The image's bytes with plaintext in the place of ciphertext. Tags, nonces and records that don't open stay as they
 * are. What is decrypted is what is read, in whole records or pages.
 */
export function plainSource(context: EntryContext, body: SealedBody): ByteSource {
  const { source, seal } = context;
  if (!seal) return source;
  if (body.form === "pages") return plainPages(source, seal, body.pageSize);
  const open = rememberLast((record: SealedRecord) => openRecord(source, seal, record, context.file));
  return {
    size: source.size,
    async read(offset, length) {
      const found = await source.read(offset, length);
      const bytes = Uint8Array.from(found);
      for await (const record of recordsIn(context, body, offset, offset + bytes.length)) {
        const plaintext = await open(record);
        if (!plaintext) continue;
        const from = Math.max(record.start, offset);
        const to = Math.min(record.end, offset + bytes.length);
        bytes.set(plaintext.subarray(from - record.start, to - record.start), from - offset);
      }
      return bytes;
    },
  };
}

async function* recordsIn(
  context: EntryContext,
  { entries, records, readEntry }: Body,
  start: number,
  end: number,
): AsyncGenerator<SealedRecord> {
  const overlaps = (record: SealedRecord): boolean => record.start < end && record.end > start;
  yield* records.slice(firstEndingAfter(records, start), firstEndingAfter(records, end) + 1).filter(overlaps);
  // Of a raw image all records are known.
  if (!entries || readEntry || start >= entries.end || entries.count === 0) return;
  const tail = context.seal?.tailLength ?? 0;
  for (let index = entries.at(start) ?? 0; index < entries.count; index++) {
    const span = entries.span(index);
    if (span.start >= end) return;
    if (hasPayloads(context)) {
      const { records } = await layOutEntry(context, index, span.start);
      yield* records.filter(overlaps);
    } else if (span.end - span.start > 4) {
      const sealAt = span.end - tail;
      const record = { start: span.start + 4, end: sealAt, tagAt: sealAt, nonceAt: sealAt + 16 };
      if (overlaps(record)) yield record;
    }
  }
}

/** Index of the first record that ends after `offset`, in records that lie in order. */
function firstEndingAfter(records: readonly SealedRecord[], offset: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((records[middle]?.end ?? Infinity) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Opens records and keeps the last one, because a large one is read in small pieces. undefined for a broken one. */
function rememberLast(
  open: (record: SealedRecord) => Promise<Uint8Array>,
): (record: SealedRecord) => Promise<Uint8Array | undefined> {
  let last: { at: number; plaintext: Promise<Uint8Array | undefined> } | undefined;
  return (record) => {
    if (last?.at === record.start) return last.plaintext;
    const plaintext = open(record).catch((error: unknown) => {
      if (isCancelled(error)) throw error;
      return undefined;
    });
    last = { at: record.start, plaintext };
    return plaintext;
  };
}
