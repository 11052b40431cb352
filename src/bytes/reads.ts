// Reading a range of an open file: the system may give less than was asked for, and more when it is asked again.
import { read, readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { promisify } from "node:util";

/** Reads `[offset, offset + length)` of an open file; fewer bytes only where the file ends. */
export async function readHandle(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const got = await fillFromHandle(handle, offset, bytes);
  return got === length ? bytes : bytes.subarray(0, got);
}

/** Fills `into`; gives how many bytes there were, fewer only where the file ends. */
export async function fillFromHandle(handle: FileHandle, offset: number, into: Uint8Array): Promise<number> {
  let got = 0;
  while (got < into.length) {
    const { bytesRead } = await handle.read(into, got, into.length - got, offset + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}

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
