import { readInto } from "./source.ts";
import type { ByteSource } from "./source.ts";

/** The part `[start, start + size)` of another source, as a source of its own. Closing it leaves `source` open. */
export function sliceSource(source: ByteSource, start: number, size: number): ByteSource {
  const length = Math.max(0, Math.min(size, source.size - start));
  const { region } = source;
  return {
    size: length,
    ...(region && { region: { descriptor: region.descriptor, offset: region.offset + start } }),
    read: (offset, wanted) =>
      offset >= length
        ? Promise.resolve(new Uint8Array(0))
        : source.read(start + offset, Math.min(wanted, length - offset)),
    readInto: (offset, into) =>
      offset >= length
        ? Promise.resolve(0)
        : readInto(source, start + offset, into.subarray(0, length - offset)),
  };
}
