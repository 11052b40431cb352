import type { ByteSource } from "../bytes/index.ts";

/** Bytes read at first and after a jump; headers of small files lie near each other. */
const SMALLEST = 64 * 1024;
/** Bytes read at most, where one window follows the other: there are nothing but headers. */
const LARGEST = 256 * 1024;

/**
 * Reads what lies near what was read before from one window of bytes: at once, without a promise. Memory is bounded by the window
 * and what is asked for.
 */
export interface HeaderWindow {
  /** Fewer bytes only where the source ends. They are good until the next call. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
}

export function headerWindow(source: ByteSource): HeaderWindow {
  let start = 0;
  let bytes: Uint8Array = new Uint8Array(0);
  let step = SMALLEST;

  async function load(offset: number, length: number): Promise<Uint8Array> {
    const end = start + bytes.length;
    const follows = bytes.length > 0 && offset >= end - SMALLEST && offset <= end + SMALLEST;
    step = follows ? Math.min(LARGEST, step * 2) : SMALLEST;
    bytes = await source.read(offset, Math.max(step, length));
    start = offset;
    return bytes.subarray(0, length);
  }

  return {
    read(offset, length) {
      const at = offset - start;
      const wanted = Math.min(length, source.size - offset);
      return at >= 0 && at + wanted <= bytes.length ? bytes.subarray(at, at + wanted) : load(offset, length);
    },
  };
}
