import type { ByteSource } from "../bytes/index.ts";
import { archiveErrors } from "./errors.ts";
import type { FolderReads } from "./folder-reads.ts";

/**
 * The first `size` bytes of a file that `reads` opened, which is closed with the source, after the reads that are on their
 * way. Small reads are done at once, each after its `turn`. `closed` is called when the file is.
 */
export function descriptorSource(
  descriptor: number,
  size: number,
  reads: FolderReads,
  turn: () => Promise<void> | undefined,
  closed: () => void,
): ByteSource {
  const reading = new Set<Promise<unknown>>();
  let close: Promise<void> | undefined;
  /** Waits for its turn; what it begins is over before the file is closed. */
  async function inTurn<T>(begin: () => T | Promise<T>): Promise<T> {
    const waits = turn();
    if (waits) await waits;
    // The number may be another file's by now.
    if (close !== undefined) throw archiveErrors.closed();
    const read = begin();
    // Nothing is on its way.
    if (!(read instanceof Promise)) return read;
    reading.add(read);
    return read.finally(() => reading.delete(read));
  }
  const { fill } = reads;
  return {
    size,
    region: { descriptor, offset: 0 },
    read: (offset, length) =>
      inTurn(() => reads.read(descriptor, offset, Math.max(0, Math.min(length, size - offset)))),
    ...(fill && {
      readInto: (offset: number, into: Uint8Array) =>
        inTurn(() => fill(descriptor, offset, into.subarray(0, Math.max(0, size - offset)))),
    }),
    close() {
      close ??= Promise.allSettled(reading).then(async () => {
        await reads.close(descriptor);
        closed();
      });
      return close;
    },
  };
}
