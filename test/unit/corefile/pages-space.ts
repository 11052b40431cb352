// Memory that has some pages and no others.
import type { AddressSpace } from "../../../src/memory/index.ts";

const PAGE = 4096;

export function pagesSpace(pages: ReadonlyMap<bigint, Buffer>): AddressSpace {
  const space: Partial<AddressSpace> = {
    readBytes(address, length) {
      const parts: Buffer[] = [];
      for (let at = address, left = length; left > 0;) {
        const start = at % BigInt(PAGE);
        const page = pages.get(at - start);
        if (page === undefined) break;
        const part = page.subarray(Number(start), Number(start) + left);
        parts.push(part);
        at += BigInt(part.length);
        left -= part.length;
      }
      return Promise.resolve(Buffer.concat(parts));
    },
  };
  // Bytes are all that is asked for.
  return space as AddressSpace;
}
