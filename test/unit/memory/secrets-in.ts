import { findSecrets } from "../../../src/memory/index.ts";
import type { Secret } from "../../../src/memory/index.ts";
import { message, PAGE, withMade, withMemoryOf } from "./support.ts";

const START = 0x10000n;

/** The secrets that are found in a process whose memory is these bytes. */
export async function secretsIn(bytes: Buffer): Promise<readonly Secret[]> {
  const count = Math.ceil(bytes.length / PAGE);
  const pages = Buffer.alloc(count * PAGE);
  bytes.copy(pages);
  const vmas = [{ start: START, end: START + BigInt(pages.length) }];
  const pagemap = [message([1, START], [2, 0], [4, 4], [5, count])];
  return withMade({ vmas, pagemap, pages }, (folder) =>
    withMemoryOf(folder, async (memory) => {
      const found: Secret[] = [];
      for await (const secret of findSecrets([memory], { threads: 1 })) found.push(secret);
      return found;
    }),
  );
}
