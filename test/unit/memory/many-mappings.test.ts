import assert from "node:assert/strict";
import { MADE_PID, message, PAGE, textAt, withMade, withMemoryOf } from "./support.ts";

describe("a process with 100,000 mappings", function () {
  this.timeout(120_000);

  it("has all of them, each with its page", async () => {
    const count = 100_000;
    const start = (index: number): bigint => 0x10000000n + BigInt(index * 2 * PAGE);
    const vmas = Array.from({ length: count }, (_, index) => ({
      start: start(index),
      end: start(index) + BigInt(PAGE),
    }));
    const pagemap = [0, count - 1].map((index) => message([1, start(index)], [2, 0], [4, 4], [5, 1]));
    const pages = Buffer.concat([Buffer.alloc(PAGE, "a"), Buffer.alloc(PAGE, "z")]);
    await withMade({ vmas, pagemap, pages }, (folder) =>
      withMemoryOf(folder, async (memory) => {
        const space = await memory.space(MADE_PID);
        assert.equal(space.areas.length, count);
        assert.equal(await textAt(space, start(count - 1), 3), "zzz");
        assert.equal(space.areaAt(start(count - 1) - 1n), undefined);
        assert.equal((await space.regions()).length, count);
        assert.deepEqual(memory.problems, []);
      }),
    );
  });
});
