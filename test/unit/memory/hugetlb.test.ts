import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { originsAt, textAt, withMemory } from "./support.ts";

const HUGE = 2n * 1024n * 1024n;

describe("huge pages (a real dump of test/fixtures/memory/hugetlb/hugetlb.c)", () => {
  it("are read where the program wrote, private and shared ones", () =>
    withMemory("memory/hugetlb", "img", async (memory, folder) => {
      const [own = 0n, shared = 0n] = (await readFile(join(folder, "said.txt"), "utf8"))
        .split(" ")
        .map(BigInt);
      const [pid = 0] = memory.pids;
      const space = await memory.space(pid);
      // CRIU stores them as ordinary pages.
      assert.equal(space.pageSize, 4096);
      assert.deepEqual(
        space.areas.filter(({ hugetlb }) => hugetlb).map(({ start, end }) => [start, end - start]),
        [
          [shared, HUGE],
          [own, 2n * HUGE],
        ],
      );
      assert.equal(await textAt(space, own, 64), "private huge page");
      // Across the border of two huge pages.
      assert.equal(await textAt(space, own + HUGE - 8n, 16), "at the end");
      assert.equal(await textAt(space, own + HUGE + 4096n * 3n, 64), "second huge page");
      assert.equal(await textAt(space, shared + 4096n * 5n, 64), "shared huge page");
      assert.deepEqual([...new Set(await originsAt(space, own, Number(2n * HUGE)))], ["dumped"]);
      assert.deepEqual(memory.problems, []);
    }));
});
