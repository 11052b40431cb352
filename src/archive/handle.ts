import { read, readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { promisify } from "node:util";
import type { ByteSource } from "../bytes/index.ts";
import { archiveErrors } from "./errors.ts";
import type { FolderReads } from "./folder-reads.ts";

/** Reads `[offset, offset + length)` of an open file; fewer bytes only where the file ends. */
export async function readHandle(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let got = 0;
  while (got < length) {
    const { bytesRead } = await handle.read(bytes, got, length - got, offset + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got === length ? bytes : bytes.subarray(0, got);
}

/** `readHandle` for a descriptor, at once. */
export function readNow(descriptor: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const got = fillNow(descriptor, offset, bytes);
  return got === length ? bytes : bytes.subarray(0, got);
}

/** Fills `into`, at once; gives how many bytes there were, fewer only where the file ends. */
export function fillNow(descriptor: number, offset: number, into: Uint8Array): number {
  let got = 0;
  while (got < into.length) {
    const bytesRead = readSync(descriptor, into, got, into.length - got, offset + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}

const readSome = promisify(read);

/** `readHandle` for a descriptor. */
export async function readInThread(descriptor: number, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const got = await fillInThread(descriptor, offset, bytes);
  return got === length ? bytes : bytes.subarray(0, got);
}

/** `fillNow`, by a thread. */
export async function fillInThread(descriptor: number, offset: number, into: Uint8Array): Promise<number> {
  let got = 0;
  while (got < into.length) {
    const { bytesRead } = await readSome(descriptor, into, got, into.length - got, offset + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}

/**
 * The first `size` bytes of a file that `reads` opened, which is closed with the source, after the reads that are on their way. Small
 * reads are done at once, each after its `turn`. `closed` is called when the file is.
 */
export function descriptorSource(
  descriptor: number,
  size: number,
  reads: FolderReads,
  turn: () => Promise<void> | undefined,
  closed: () => void,
): ByteSource {
  const reading = new Set<Promise<unknown>>();
  let close: Promise<void> | undefined;
  /** Waits for its turn; what it begins is over before the file is closed. */
  async function inTurn<T>(begin: () => T | Promise<T>): Promise<T> {
    const waits = turn();
    if (waits) await waits;
    // The number may be another file's by now.
    if (close !== undefined) throw archiveErrors.closed();
    const read = begin();
    // Nothing is on its way.
    if (!(read instanceof Promise)) return read;
    reading.add(read);
    return read.finally(() => reading.delete(read));
  }
  const { fill } = reads;
  return {
    size,
    region: { descriptor, offset: 0 },
    read: (offset, length) =>
      inTurn(() => reads.read(descriptor, offset, Math.max(0, Math.min(length, size - offset)))),
    ...(fill && {
      readInto: (offset: number, into: Uint8Array) =>
        inTurn(() => fill(descriptor, offset, into.subarray(0, Math.max(0, size - offset)))),
    }),
    close() {
      close ??= Promise.allSettled(reading).then(async () => {
        await reads.close(descriptor);
        closed();
      });
      return close;
    },
  };
}
