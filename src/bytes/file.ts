import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { bytesErrors } from "./errors.ts";
import type { ByteSource } from "./source.ts";

/**
 * Opens a regular file for random access. The size is taken once: a file that grows later is read up to the size it
 * had. Throws `bytes.unreadable` and `bytes.notAFile` (a FIFO or device could block for ever).
 */
export async function openFileSource(path: string): Promise<ByteSource> {
  // Without O_NONBLOCK, opening a FIFO that nobody writes to would wait for ever.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(
    (cause: unknown) => {
      throw bytesErrors.unreadable(path, cause);
    },
  );
  const { size, isRegular } = await handle
    .stat()
    .then((stat) => ({ size: stat.size, isRegular: stat.isFile() }));
  if (!isRegular) {
    await handle.close();
    throw bytesErrors.notAFile(path);
  }
  return {
    size,
    async read(offset, length) {
      const wanted = Math.max(0, Math.min(length, size - offset));
      const bytes = new Uint8Array(wanted);
      let got = 0;
      while (got < wanted) {
        const { bytesRead } = await handle.read(bytes, got, wanted - got, offset + got);
        if (bytesRead === 0) break;
        got += bytesRead;
      }
      return got === wanted ? bytes : bytes.subarray(0, got);
    },
    close: () => handle.close(),
  };
}
