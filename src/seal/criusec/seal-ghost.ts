// Ghost files: the content of deleted files that were open. Of a sparse one CRIU writes chunks, sealing their headers
// alone (PR 2297: `criu/files-reg.c` copies the bytes with sendfile), though it reads a whole one as well.
import { numberField } from "../../criu/index.ts";
import type { EntryNode, MessageNode } from "../../criu/index.ts";
import { RECORD_PIECE } from "./record-writer.ts";
import type { RecordWriter } from "./record-writer.ts";

type Read = (start: number, end: number) => Promise<Uint8Array>;

/** A sparse file of this size or less is sealed whole, its holes as zeros. */
const MAX_WHOLE = 64 * 1024 * 1024;
const PIECE = 1 << 20;
/** Numbers of fields: `chunks` and `size` of ghost_file_entry, which only sparse ones have; `len` and `off` of ghost_chunk_entry. */
const [CHUNKS, SIZE, LENGTH, OFFSET] = [9, 10, 1, 2];

/** A piece of a sparse file: where it lies in it, and in the image. */
interface Chunk {
  readonly offset: number;
  readonly length: number;
  readonly start: number;
}

/**
 * The entry of a ghost file and its content. A sparse file of up to 64 MiB is written as one that isn't sparse, so that its
 * content is sealed too; `onClear` is told of a larger one, whose chunks stay in clear as CRIU leaves them.
 */
export async function* sealGhost(
  { sizeSpan, message, payloads }: EntryNode,
  read: Read,
  writer: RecordWriter,
  onClear: () => void,
): AsyncGenerator<Uint8Array> {
  const isSparse = payloads.some((payload) => payload.message);
  const size = numberField(message, SIZE);
  const whole = isSparse && size !== undefined && size <= MAX_WHOLE ? chunksOf(payloads, size) : undefined;
  if (whole && size !== undefined) {
    yield writer.entry(await withoutChunks(message, read));
    for await (const piece of filled(whole, size, read)) yield writer.ghost(piece);
    return;
  }
  yield writer.entry(await read(sizeSpan.end, message.span.end));
  if (isSparse) onClear();
  for (const { message: header, span } of payloads) {
    if (header) yield writer.entry(await read(header.span.start, header.span.end));
    else if (isSparse)
      for (let at = span.start; at < span.end; at += PIECE)
        yield await read(at, Math.min(span.end, at + PIECE));
    else
      for (let at = span.start; at < span.end; at += RECORD_PIECE.ghost)
        yield writer.ghost(await read(at, Math.min(span.end, at + RECORD_PIECE.ghost)));
  }
}

/** The chunks in order; undefined when they overlap, run backwards or lie outside of the file. */
function chunksOf(payloads: EntryNode["payloads"], size: number): readonly Chunk[] | undefined {
  const chunks: Chunk[] = [];
  let end = 0;
  for (const [index, { message }] of payloads.entries()) {
    if (!message) continue;
    const offset = numberField(message, OFFSET);
    const length = numberField(message, LENGTH);
    if (offset === undefined || length === undefined) return undefined;
    if (offset < end || offset + length > size) return undefined;
    end = offset + length;
    if (length > 0) {
      const data = payloads[index + 1];
      if (!data || data.message || data.span.end - data.span.start !== length) return undefined;
      chunks.push({ offset, length, start: data.span.start });
    }
  }
  return chunks;
}

/** A message without the fields that say that chunks follow it. */
async function withoutChunks({ span, fields }: MessageNode, read: Read): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let at = span.start;
  for (const field of fields) {
    if (field.number !== CHUNKS && field.number !== SIZE) continue;
    pieces.push(await read(at, field.span.start));
    at = field.span.end;
  }
  pieces.push(await read(at, span.end));
  return Buffer.concat(pieces);
}

/** The file from its beginning to its end, in pieces as CRIU seals them. */
async function* filled(chunks: readonly Chunk[], size: number, read: Read): AsyncGenerator<Uint8Array> {
  let next = 0;
  for (let at = 0; at < size; at += RECORD_PIECE.ghost) {
    const piece = Buffer.alloc(Math.min(RECORD_PIECE.ghost, size - at));
    for (let index = next; index < chunks.length; index++) {
      const { offset, length, start } = chunks[index] ?? { offset: size, length: 0, start: 0 };
      if (offset >= at + piece.length) break;
      if (offset + length <= at + piece.length) next = index + 1;
      const from = Math.max(at, offset);
      const to = Math.min(at + piece.length, offset + length);
      if (to > from) piece.set(await read(start + from - offset, start + to - offset), from - at);
    }
    yield piece;
  }
}
