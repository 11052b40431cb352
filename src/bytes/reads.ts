// Reading a range of an open file: the system may give less than was asked for, and more when it is asked again.
import { read, readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { promisify } from "node:util";

/** Asks the system once, as `fs.read` does. */
type ReadSome = (
  into: Uint8Array,
  at: number,
  length: number,
  position: number,
) => Promise<{ readonly bytesRead: number }>;

async function fill(some: ReadSome, offset: number, into: Uint8Array): Promise<number> {
  let got = 0;
  while (got < into.length) {
    const { bytesRead } = await some(into, got, into.length - got, offset + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}

async function readAll(some: ReadSome, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const got = await fill(some, offset, bytes);
  return got === length ? bytes : bytes.subarray(0, got);
}

const byHandle =
  (handle: FileHandle): ReadSome =>
  (...range) =>
    handle.read(...range);
const inThread =
  (descriptor: number): ReadSome =>
  (...range) =>
    readSome(descriptor, ...range);
const readSome = promisify(read);

/** Reads `[offset, offset + length)` of an open file; fewer bytes only where the file ends. */
export const readHandle = (handle: FileHandle, offset: number, length: number): Promise<Uint8Array> =>
  readAll(byHandle(handle), offset, length);

/** Fills `into`; gives how many bytes there were, fewer only where the file ends. */
export const fillFromHandle = (handle: FileHandle, offset: number, into: Uint8Array): Promise<number> =>
  fill(byHandle(handle), offset, into);

/** `readHandle` for a descriptor, at once. */
export function readNow(descriptor: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const got = fillNow(descriptor, offset, bytes);
  return got === length ? bytes : bytes.subarray(0, got);
}

/** `fillFromHandle` for a descriptor, at once. */
export function fillNow(descriptor: number, offset: number, into: Uint8Array): number {
  let got = 0;
  while (got < into.length) {
    const bytesRead = readSync(descriptor, into, got, into.length - got, offset + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}

/** `readHandle` for a descriptor. */
export const readInThread = (descriptor: number, offset: number, length: number): Promise<Uint8Array> =>
  readAll(inThread(descriptor), offset, length);

/** `fillNow`, by a thread. */
export const fillInThread = (descriptor: number, offset: number, into: Uint8Array): Promise<number> =>
  fill(inThread(descriptor), offset, into);
