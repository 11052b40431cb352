// Archives of more names than anybody keeps in memory, and how long the work with them holds the thread.
import type { ByteSource } from "../../../src/bytes/index.ts";

/** Bytes of a block of a tar. */
export const BLOCK = 512;

/** A tar of empty files whose headers are made as they are read: nothing of it is kept. The first block is given. */
export function endlessTar(first: Uint8Array, count: number, nameOf: (index: number) => string): ByteSource {
  const size = (1 + count + 2) * BLOCK;
  const template = Buffer.alloc(BLOCK);
  template.write("0000644\0", 100);
  template.write("00000000000\0", 124);
  template.write("14700000000\0", 136);
  template.write("        ", 148);
  template.write("0", 156);
  template.write("ustar\x0000", 257, "latin1");
  const empty = template.reduce((sum, byte) => sum + byte, 0);
  const headerAt = (index: number): Uint8Array => {
    if (index === 0) return first;
    if (index > count) return new Uint8Array(BLOCK);
    const header = Buffer.from(template);
    const length = header.write(nameOf(index - 1), 0, "latin1");
    let sum = empty;
    for (let at = 0; at < length; at++) sum += header[at] ?? 0;
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    return header;
  };
  return {
    size,
    read(offset, length) {
      const end = Math.min(size, offset + length);
      const bytes = new Uint8Array(Math.max(0, end - offset));
      for (let at = offset; at < end;) {
        const part = headerAt(Math.floor(at / BLOCK)).subarray(at % BLOCK);
        bytes.set(part.subarray(0, end - at), at - offset);
        at += part.length;
      }
      return Promise.resolve(bytes);
    },
  };
}

/** Milliseconds: the longest that a timer had to wait in processor time of this process: a busy machine doesn't count. */
export async function longestHold(work: () => Promise<void>): Promise<number> {
  let longest = 0;
  let last = process.cpuUsage();
  let timer: NodeJS.Timeout;
  const beat = (): void => {
    const { user } = process.cpuUsage(last);
    last = process.cpuUsage();
    longest = Math.max(longest, user / 1000);
    timer = setTimeout(beat, 0);
  };
  timer = setTimeout(beat, 0);
  try {
    await work();
  } finally {
    clearTimeout(timer);
  }
  return longest;
}
