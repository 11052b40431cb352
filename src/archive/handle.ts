import type { FileHandle } from "node:fs/promises";

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
