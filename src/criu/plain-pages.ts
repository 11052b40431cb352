import { readInto } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import type { ImageSeal } from "./seal.ts";

/** Reads of more are opened through memory that is used again. */
const LARGE = 64 * 1024;

/** A sealed pages file with plaintext in the place of ciphertext. The end of one that was cut off inside a page stays as it is. */
export function plainPages(source: ByteSource, seal: ImageSeal, pageSize: number): ByteSource {
  const { size } = source;
  const pageAt = (offset: number): number => Math.floor(offset / pageSize) * pageSize;

  /** Pages from `start` on, many at a time, in memory that the next ones come to. */
  async function* pieces(start: number, end: number): AsyncGenerator<Uint8Array> {
    if (start >= end) return;
    const desk = seal.pageDesk(pageSize);
    try {
      for (let at = pageAt(start); at < end;) {
        const room = Math.min(desk.bytes.length, Math.ceil((end - at) / pageSize) * pageSize);
        const got = await readInto(source, at, desk.bytes.subarray(0, room));
        if (got === 0) return;
        desk.open(pageAt(got));
        yield desk.bytes.subarray(Math.max(0, start - at), Math.min(got, end - at));
        at += got;
      }
    } finally {
      desk.close();
    }
  }

  async function fill(offset: number, into: Uint8Array): Promise<number> {
    let got = 0;
    for await (const bytes of pieces(offset, Math.min(offset + into.length, size))) {
      into.set(bytes, got);
      got += bytes.length;
    }
    return got;
  }

  return {
    size,
    async read(offset, length) {
      const end = Math.min(offset + length, size);
      if (end <= offset) return new Uint8Array(0);
      const first = pageAt(offset);
      const last = Math.min(Math.ceil(end / pageSize) * pageSize, size);
      if (last - first > LARGE) {
        // All of it is written to, or cut off.
        const filled = Buffer.allocUnsafeSlow(end - offset);
        return filled.subarray(0, await fill(offset, filled));
      }
      const bytes = await source.read(first, last - first);
      const whole = pageAt(bytes.length);
      const pages = seal.openPages(bytes.subarray(0, whole), pageSize);
      if (end <= first + whole) return pages.subarray(offset - first, end - first);
      const joined = Uint8Array.from(bytes);
      joined.set(pages);
      return joined.subarray(offset - first, end - first);
    },
    readInto: fill,
    pieces,
  };
}
