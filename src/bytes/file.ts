import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { toCryoscopeError } from "./error.ts";
import { bytesErrors } from "./errors.ts";
import { fillFromHandle, fillNow, readHandle, readNow } from "./reads.ts";
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
  const stat = await handle.stat().catch(async (cause: unknown) => {
    await handle.close();
    throw bytesErrors.unreadable(path, cause);
  });
  const { size } = stat;
  if (!stat.isFile()) {
    await handle.close();
    throw bytesErrors.notAFile(path);
  }
  const fill = (offset: number, into: Uint8Array): number | Promise<number> =>
    into.length <= atOnce ? fillNow(handle.fd, offset, into) : fillFromHandle(handle, offset, into);

  return {
    size,
    region: { descriptor: handle.fd, offset: 0 },
    async read(offset, length) {
      const wanted = Math.max(0, Math.min(length, size - offset));
      return wanted <= atOnce ? readNow(handle.fd, offset, wanted) : readHandle(handle, offset, wanted);
    },
    readInto: async (offset, into) => fill(offset, into.subarray(0, Math.max(0, size - offset))),
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

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw bytesErrors.unreadable(path, cause);
  }
}
