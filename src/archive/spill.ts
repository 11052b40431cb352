import { createCipheriv, randomBytes } from "node:crypto";
import { open, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ByteSource } from "../bytes/index.ts";
import { archiveErrors } from "./errors.ts";
import { readHandle } from "./handle.ts";

const AES_BLOCK = 16;
/** Left free on the disk of the spill file, for everyone else. */
const KEPT_FREE = 64 * 1024 * 1024;

export interface Spill {
  /** How many bytes may be written before the disk is too full. */
  readonly room: number;
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the writing: what was written, readable in any order. Closing it frees the disk. */
  finish(): ByteSource;
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

  async function close(): Promise<void> {
    key.fill(0);
    await handle.close();
    if (!unlinked) await rm(path, { force: true });
  }

  return {
    room,
    async write(bytes) {
      const sealed = cipher.update(bytes);
      for (let at = 0; at < sealed.length;) {
        const { bytesWritten } = await handle.write(sealed, at, sealed.length - at, size + at).catch(failed);
        at += bytesWritten;
      }
      size += sealed.length;
    },
    finish: () => ({
      size,
      async read(offset, length) {
        const end = Math.min(size, offset + length);
        if (end <= offset) return new Uint8Array(0);
        const start = offset - (offset % AES_BLOCK);
        const sealed = await readHandle(handle, start, end - start);
        const counter = Buffer.alloc(AES_BLOCK);
        counter.writeBigUInt64BE(BigInt(start / AES_BLOCK), 8);
        const plain = createCipheriv("aes-256-ctr", key, counter).update(sealed);
        return plain.subarray(offset - start);
      },
      close,
    }),
    discard: close,
  };
}
