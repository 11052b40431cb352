import { closeSync, read, readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { promisify } from "node:util";
import type { ByteSource } from "../bytes/index.ts";
import { archiveErrors } from "./errors.ts";

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
  let got = 0;
  while (got < length) {
    const bytesRead = readSync(descriptor, bytes, got, length - got, offset + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got === length ? bytes : bytes.subarray(0, got);
}

const readSome = promisify(read);

async function readInThread(descriptor: number, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let got = 0;
  while (got < length) {
    const { bytesRead } = await readSome(descriptor, bytes, got, length - got, offset + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got === length ? bytes : bytes.subarray(0, got);
}

/** Bytes for which no thread is asked. */
const SMALL = 16 * 1024;

/**
 * The first `size` bytes of an open file, which is closed with the source, after the reads that are on their way. Small
 * reads are done at once, each after its `turn`. `closed` is called when the file is.
 */
export function descriptorSource(
  descriptor: number,
  size: number,
  turn: () => Promise<void> | undefined,
  closed: () => void,
): ByteSource {
  const reads = new Set<Promise<unknown>>();
  let close: Promise<void> | undefined;
  return {
    size,
    region: { descriptor, offset: 0 },
    async read(offset, length) {
      const wanted = Math.max(0, Math.min(length, size - offset));
      if (wanted <= SMALL) await turn();
      // The number may be another file's by now.
      if (close !== undefined) throw archiveErrors.closed();
      if (wanted <= SMALL) return readNow(descriptor, offset, wanted);
      const reading = readInThread(descriptor, offset, wanted);
      reads.add(reading);
      return reading.finally(() => reads.delete(reading));
    },
    close() {
      close ??= Promise.allSettled(reads).then(() => {
        closeSync(descriptor);
        closed();
      });
      return close;
    },
  };
}
