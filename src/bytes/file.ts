import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { toCryoscopeError } from "./error.ts";
import { bytesErrors } from "./errors.ts";
import type { ByteSource } from "./source.ts";

// Without O_NONBLOCK, opening a FIFO that nobody writes to would wait for ever.
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a regular file for random access. The size is taken once: a file that grows later is read up to the size it
 * had. Up to `atOnce` bytes are read without asking a thread: for processes that have nothing else to do meanwhile.
 * Throws `bytes.unreadable` and `bytes.notAFile` (a FIFO or device could block for ever).
 */
export async function openFileSource(path: string, atOnce = 0): Promise<ByteSource> {
  const handle = await open(path, READ).catch((cause: unknown) => {
    throw bytesErrors.unreadable(path, cause);
  });
  const { size, isRegular } = await handle
    .stat()
    .then((stat) => ({ size: stat.size, isRegular: stat.isFile() }));
  if (!isRegular) {
    await handle.close();
    throw bytesErrors.notAFile(path);
  }
  async function fill(bytes: Uint8Array, offset: number): Promise<number> {
    if (bytes.length <= atOnce) return fillNow(handle.fd, bytes, offset);
    let got = 0;
    while (got < bytes.length) {
      const { bytesRead } = await handle.read(bytes, got, bytes.length - got, offset + got);
      if (bytesRead === 0) break;
      got += bytesRead;
    }
    return got;
  }

  return {
    size,
    region: { descriptor: handle.fd, offset: 0 },
    async read(offset, length) {
      const wanted = Math.max(0, Math.min(length, size - offset));
      if (wanted <= atOnce) return readNow(handle.fd, offset, wanted);
      const bytes = new Uint8Array(wanted);
      const got = await fill(bytes, offset);
      return got === wanted ? bytes : bytes.subarray(0, got);
    },
    readInto: (offset, into) => fill(into.subarray(0, Math.max(0, size - offset)), offset),
    close: () => handle.close(),
  };
}

/**
 * `openFileSource` for a process that does nothing else: it waits for each read instead of leaving it to a thread, whose
 * start takes longer than reading most images. Throws the same errors, at once.
 */
export function openFileSourceSync(path: string): ByteSource {
  const descriptor = attempt(path, () => openSync(path, READ));
  const stat = fstatSync(descriptor);
  if (!stat.isFile()) {
    closeSync(descriptor);
    throw bytesErrors.notAFile(path);
  }
  const { size } = stat;
  return {
    size,
    read(offset, length) {
      try {
        return Promise.resolve(readNow(descriptor, offset, Math.max(0, Math.min(length, size - offset))));
      } catch (error) {
        return Promise.reject(toCryoscopeError(error));
      }
    },
    close() {
      closeSync(descriptor);
      return Promise.resolve();
    },
  };
}

/** Fewer bytes than asked for only where the file ends. */
function readNow(descriptor: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const got = fillNow(descriptor, bytes, offset);
  return got === length ? bytes : bytes.subarray(0, got);
}

function fillNow(descriptor: number, bytes: Uint8Array, offset: number): number {
  let got = 0;
  while (got < bytes.length) {
    const bytesRead = readSync(descriptor, bytes, got, bytes.length - got, offset + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw bytesErrors.unreadable(path, cause);
  }
}
