import { readInto } from "./source.ts";
import type { ByteSource } from "./source.ts";

/** The bytes `[start, end)` one chunk after the other. Stops with the signal's reason when it is aborted. */
export async function* readChunks(
  source: ByteSource,
  {
    start = 0,
    end = source.size,
    chunk = 1 << 20,
    signal,
  }: { start?: number; end?: number; chunk?: number; signal?: AbortSignal } = {},
): AsyncGenerator<Uint8Array> {
  for (let offset = start; offset < end; offset += chunk) {
    signal?.throwIfAborted();
    yield await source.read(offset, Math.min(chunk, end - offset));
  }
}

/**
 * The bytes `[start, end)` piece by piece in memory that is used again: each piece is there until the next is asked for, and
 * overwritten in the end.
 */
export async function* readPieces(
  source: ByteSource,
  start = 0,
  end = source.size,
): AsyncGenerator<Uint8Array> {
  if (source.pieces) {
    yield* source.pieces(start, end);
    return;
  }
  const memory = new Uint8Array(Math.min(1 << 20, Math.max(0, end - start)));
  try {
    for (let at = start; at < end;) {
      const got = await readInto(source, at, memory.subarray(0, end - at));
      if (got === 0) return;
      yield memory.subarray(0, got);
      at += got;
    }
  } finally {
    memory.fill(0);
  }
}
