import { bytesErrors } from "./errors.ts";
import type { Place } from "./error.ts";

/**
 * Bytes that can be read anywhere, without ever holding all of them. Implementations are immutable: two reads of
 * the same range give the same bytes.
 */
export interface ByteSource {
  /** Length in bytes. At most 2^53 - 1. */
  readonly size: number;
  /**
   * The bytes `[offset, offset + length)`, cut short at the end of the source; an offset at or after the end gives
   * no bytes. The caller must not write into the result: it may be shared with a cache.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  /**
   * Fills `into` with the bytes from `offset` on, without memory of its own: for callers that use theirs again. Gives how
   * many bytes there were, fewer only at the end. `readInto` does it for every source.
   */
  readInto?(offset: number, into: Uint8Array): Promise<number>;
  /**
   * The bytes `[start, end)` piece by piece, each there until the next is asked for: for sources that have memory of their own
   * for it. `readPieces` does it for every source.
   */
  pieces?(start: number, end: number): AsyncGenerator<Uint8Array>;
  /**
   * Where the bytes lie, as they are, in an open file of this process: for readers that have calls of their own, in
   * worker threads. Valid until the source is closed.
   */
  readonly region?: { readonly descriptor: number; readonly offset: number };
  /** Releases what the source holds (a descriptor, a spill file). Reading after it fails. */
  close?(): Promise<void>;
}

/** Reads exactly `length` bytes; throws `bytes.truncated` when fewer are there. */
export async function readExactly(
  source: ByteSource,
  offset: number,
  length: number,
  place: Place = {},
): Promise<Uint8Array> {
  const bytes = await source.read(offset, length);
  if (bytes.length < length) throw bytesErrors.truncated(length, bytes.length, { ...place, offset });
  return bytes;
}

/** Fills `into` with the bytes from `offset` on; gives how many there were, fewer only where the source ends. */
export async function readInto(source: ByteSource, offset: number, into: Uint8Array): Promise<number> {
  if (source.readInto) return source.readInto(offset, into);
  const bytes = await source.read(offset, into.length);
  into.set(bytes);
  return bytes.length;
}
