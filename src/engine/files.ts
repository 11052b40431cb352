// What this process can reach of the engine's files: archives it writes and reads, and logs.
import { constants } from "node:fs";
import { access, lstat, open, rename, rm } from "node:fs/promises";
import { pipeline as pipe, Transform } from "node:stream";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { randomUUID } from "node:crypto";
import { isAbsolute } from "node:path";
import { CryoscopeError } from "../bytes/index.ts";
import { engineErrors } from "./errors.ts";
import { at, text } from "./json.ts";

/** The end of a log is enough: CRIU's errors are its last words. */
const LOG_TAIL = 1024 * 1024;

/** What only a disk says. */
const DISK_ERRORS: readonly string[] = ["ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO"];

/** Throws `engine.archiveExists` when something has this name, `engine.badName` when the path is relative. */
export async function assertFree(file: string): Promise<void> {
  if (!isAbsolute(file)) throw engineErrors.badName(file);
  const there = await lstat(file).then(
    () => true,
    () => false,
  );
  if (there) throw engineErrors.archiveExists(file);
}

/**
 * Writes a stream to `file`, readable by the owner only. The name appears when all bytes are there: a failure or an
 * abort leaves nothing behind. Gives the number of bytes back. `failed` says what a broken stream means.
 */
export async function writeWhole(
  file: string,
  body: Readable,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly onBytes?: (bytes: number) => void;
    readonly failed: (cause: unknown) => Error;
  },
): Promise<number> {
  const draft = `${file}.${randomUUID()}.part`;
  const counter = countBytes(options.onBytes);
  let broken: unknown;
  body.once("error", (error) => (broken = error));
  try {
    const handle = await open(draft, "wx", 0o600).catch((cause: unknown) => {
      body.destroy();
      throw engineErrors.archiveUnwritable(file, cause);
    });
    await pipeline(body, counter.stream, handle.createWriteStream(), { signal: options.signal });
    if (counter.bytes() === 0) throw options.failed("it sent nothing");
    await rename(draft, file);
    return counter.bytes();
  } catch (error) {
    await rm(draft, { force: true });
    if (options.signal?.aborted) throw options.signal.reason;
    if (error instanceof CryoscopeError) throw error;
    // A file that can't be written ends the body with the same error.
    const isDisk = DISK_ERRORS.includes(text(at(error, "code")));
    throw broken === undefined || isDisk
      ? engineErrors.archiveUnwritable(file, error)
      : options.failed(error);
  }
}

/**
 * Has `write` make a file beside `file` that gets its name when it is whole; a failure leaves nothing behind. Throws
 * `engine.archiveUnwritable`, and what `write` throws.
 */
export async function throughDraft(file: string, write: (draft: string) => Promise<void>): Promise<void> {
  const draft = `${file}.${randomUUID()}.part`;
  try {
    await write(draft);
    await rename(draft, file).catch((cause: unknown) => {
      throw engineErrors.archiveUnwritable(file, cause);
    });
  } finally {
    await rm(draft, { force: true });
  }
}

/** A pass-through stream that counts; `onBytes` is called at most every 4 MiB. */
export function countBytes(onBytes?: (bytes: number) => void): { stream: Transform; bytes: () => number } {
  let bytes = 0;
  let told = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes - told >= 4 * 1024 * 1024) {
        told = bytes;
        onBytes?.(bytes);
      }
      done(null, chunk);
    },
  });
  return { stream, bytes: () => bytes };
}

/** Pipes so that a read error ends the receiver too, and with it what reads from that. */
export function through(from: Readable, counter: Transform): Transform {
  pipe(from, counter, () => undefined);
  return counter;
}

/**
 * A stream of a tar archive. Throws `engine.archiveUnreadable`, and `engine.notACheckpoint` when it is no regular file
 * or doesn't begin like an uncompressed tar or a gzip, zstd, bzip2 or xz stream.
 */
export async function openTar(file: string): Promise<Readable> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    throw engineErrors.archiveUnreadable(file, cause);
  });
  try {
    if (!(await handle.stat()).isFile()) throw engineErrors.notACheckpoint(file);
    const { buffer } = await handle.read(Buffer.alloc(512), 0, 512, 0);
    const isTar = buffer.toString("latin1", 257, 262) === "ustar";
    const begin = buffer.toString("hex", 0, 6);
    const isPacked = ["1f8b", "28b52ffd", "425a68", "fd377a585a00"].some((magic) => begin.startsWith(magic));
    if (!isTar && !isPacked) throw engineErrors.notACheckpoint(file);
    return handle.createReadStream({ start: 0 });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Whether this process may read what is there. */
export function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}

/** The last MiB of a log, or undefined when it isn't a regular file that this process may read. */
export async function readLogTail(path: string): Promise<string | undefined> {
  if (!isAbsolute(path)) return undefined;
  // O_NONBLOCK: the path comes from an engine's answer, and opening a FIFO would wait for ever.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) return undefined;
    const length = Math.min(stat.size, LOG_TAIL);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, stat.size - length);
    return buffer.toString("utf8", 0, bytesRead);
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}
