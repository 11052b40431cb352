import { createCipheriv, randomBytes } from "node:crypto";
import { open, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readHandle } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import { archiveErrors } from "./errors.ts";

const AES_BLOCK = 16;
/** Left free on the disk of the spill file, for everyone else. */
const KEPT_FREE = 64 * 1024 * 1024;

/** Writes on their way at a time: the decoder goes on meanwhile. */
const IN_FLIGHT = 16;

export interface Spill {
  readonly folder: string;
  /** How many bytes may be written before the disk is too full. */
  readonly room: number;
  /** Takes the bytes, which may be on their way for a while. Throws `archive.spillFailed`, of this write or an earlier one. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the writing: what was written, readable in any order. Closing it frees the disk. Throws `archive.spillFailed`. */
  finish(): Promise<ByteSource>;
  /** Throws everything away. */
  discard(): Promise<void>;
}

/**
 * A file for what doesn't fit in memory. It holds AES-256-CTR ciphertext under a key that only this process knows
 * and never writes down, is readable by its owner alone, and has no name from the start (POSIX), so that nothing
 * stays behind however the process ends.
 */
export async function createSpill(folder = tmpdir()): Promise<Spill> {
  const path = join(folder, `cryoscope-${randomBytes(12).toString("hex")}.spill`);
  const failed = (cause: unknown): never => {
    throw archiveErrors.spillFailed(folder, cause);
  };
  const handle = await open(path, "wx+", 0o600).catch(failed);
  // Where an open file can't lose its name, it loses it when it is closed.
  const unlinked = await rm(path).then(
    () => true,
    () => false,
  );
  const room = await statfs(folder).then(
    ({ bavail, bsize }) => Math.max(0, bavail * bsize - KEPT_FREE),
    () => Number.MAX_SAFE_INTEGER,
  );
  const key = randomBytes(32);
  const cipher = createCipheriv("aes-256-ctr", key, Buffer.alloc(AES_BLOCK));
  let size = 0;
  let isClosed = false;

  const inFlight = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;

  async function writeAt(bytes: Uint8Array, offset: number): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, offset + at).catch(failed);
      at += bytesWritten;
    }
  }

  async function settled(): Promise<void> {
    await Promise.all(inFlight);
    if (failure !== undefined) throw failure.error;
  }

  async function close(): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    await Promise.all(inFlight);
    key.fill(0);
    await handle.close();
    if (!unlinked) await rm(path, { force: true });
  }

  return {
    folder,
    room,
    async write(bytes) {
      if (failure !== undefined) throw failure.error;
      const sealed = cipher.update(bytes);
      const written = writeAt(sealed, size)
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => inFlight.delete(written));
      inFlight.add(written);
      size += sealed.length;
      if (inFlight.size >= IN_FLIGHT) await Promise.race(inFlight);
    },
    async finish() {
      await settled();
      return { size, read, close };
    },
    discard: close,
  };

  async function read(offset: number, length: number): Promise<Uint8Array> {
    const end = Math.min(size, offset + length);
    if (isClosed) throw archiveErrors.closed();
    if (end <= offset) return new Uint8Array(0);
    const start = offset - (offset % AES_BLOCK);
    const sealed = await readHandle(handle, start, end - start);
    // It may have been closed meanwhile: under a key of zeros noise would come out.
    if (isClosed) throw archiveErrors.closed();
    const counter = Buffer.alloc(AES_BLOCK);
    counter.writeBigUInt64BE(BigInt(start / AES_BLOCK), 8);
    const plain = createCipheriv("aes-256-ctr", key, counter).update(sealed);
    return plain.subarray(offset - start);
  }
}
