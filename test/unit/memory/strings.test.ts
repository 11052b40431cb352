import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { stringLines } from "../../../src/memory/index.ts";
import type { CheckpointMemory, StringEncoding } from "../../../src/memory/index.ts";
import { MADE_PID, message, PAGE, withMade, withMemoryOf } from "./support.ts";

const run = promisify(execFile);
const START = 0x10000n;

async function strings(memory: CheckpointMemory, min: number, encoding: StringEncoding): Promise<string> {
  const parts: Uint8Array[] = [];
  let count = 0;
  for await (const step of stringLines([memory], { min, encoding, threads: 2 })) {
    parts.push(step.lines);
    count += step.count;
  }
  const text = Buffer.concat(parts).toString("latin1");
  if (encoding === "ascii") assert.equal(count, text.split("\n").length - 1);
  return text;
}

/** Letters, zeros and noise, with strings of every length up to some, and one that is longer than a part. */
function pages(): Buffer {
  const bytes = Buffer.alloc(2200 * PAGE);
  let seed = 1;
  for (let at = 0; at < bytes.length;) {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    const length = (seed >>> 8) % 40;
    bytes.fill(97 + (seed % 26), at, at + length);
    bytes[at + length] = [0, 0x80, 0xe9, 0x1b, 0x0a][seed % 5] ?? 0;
    at += length + 1;
  }
  bytes.fill("L", (4 << 20) - 9000, (4 << 20) + 90_000);
  bytes.write("w\0i\0d\0e\0 \0s\0t\0r\0i\0n\0g\0", 8 << 20, "latin1");
  return bytes;
}

describe("the strings in memory", function () {
  this.timeout(60_000);

  for (const [encoding, letter] of [
    ["ascii", "s"],
    ["latin1", "S"],
    ["utf-16le", "l"],
  ] as const)
    it(`are those that binutils' strings -e ${letter} finds in the same pages`, async () => {
      const content = pages();
      const count = content.length / PAGE;
      const dump = {
        vmas: [{ start: START, end: START + BigInt(content.length) }],
        pagemap: [message([1, START], [2, 0], [4, 4], [5, count])],
        pages: content,
      };
      await withMade(dump, (folder) =>
        withMemoryOf(folder, async (memory) => {
          assert.deepEqual(memory.pids, [MADE_PID]);
          for (const min of [4, 8]) {
            const args = ["-a", "-n", String(min), "-e", letter, join(folder, "pages-1.img")];
            const { stdout } = await run("strings", args, { maxBuffer: 1 << 28, encoding: "latin1" });
            const found = await strings(memory, min, encoding);
            const narrow = encoding === "utf-16le" ? found.replaceAll("\0", "") : found;
            assert.ok(narrow === stdout, `-n ${min}: ${narrow.length} and ${stdout.length} bytes`);
          }
        }),
      );
    });
});
