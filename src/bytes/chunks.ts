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
