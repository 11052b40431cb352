import assert from "node:assert/strict";
import { symlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import {
  bytesAt,
  image,
  MADE_PID,
  message,
  originsAt,
  PAGE,
  pagemapImage,
  textAt,
  withMade,
  withMemoryOf,
} from "./support.ts";

const START = 0x10000n;
const area = (first: number, last: number) => ({
  start: START + BigInt(first * PAGE),
  end: START + BigInt(last * PAGE),
});
/** A pagemap_entry of CRIU 4.2: pages in field 5. */
const entry = (page: number, pages: number | bigint, flags = 4) =>
  message([1, START + BigInt(page * PAGE)], [2, 0], [4, flags], [5, pages]);
const filled = (...values: string[]) => Buffer.concat(values.map((value) => Buffer.alloc(PAGE, value)));

describe("a dump that lies about its memory", () => {
  it("with overlapping mappings shows each address once, and says so", async () => {
    const dump = {
      vmas: [area(0, 4), area(1, 3), area(2, 6)],
      pagemap: [entry(0, 6)],
      pages: filled(..."abcdef"),
    };
    await withMade(dump, (folder) =>
      withMemoryOf(folder, async (memory) => {
        const space = await memory.space(MADE_PID);
        assert.deepEqual(
          space.areas.map(({ start, end }) => [start, end]),
          [
            [area(0, 4).start, area(0, 4).end],
            [area(4, 6).start, area(4, 6).end],
          ],
        );
        assert.equal(await textAt(space, START, 6 * PAGE), filled(..."abcdef").toString());
        assert.ok(memory.problems.some(({ code }) => code === "memory.overlap"));
      }),
    );
  });

  it("with pages outside of any mapping still gives them, and says so", async () => {
    const dump = { vmas: [area(0, 1)], pagemap: [entry(0, 1), entry(5, 1)], pages: filled("a", "z") };
    await withMade(dump, (folder) =>
      withMemoryOf(folder, async (memory) => {
        const space = await memory.space(MADE_PID);
        assert.deepEqual(await originsAt(space, START, 7 * PAGE), [
          "dumped",
          "unmapped",
          "dumped",
          "unmapped",
        ]);
        assert.equal(await textAt(space, area(5, 6).start, 4), "zzzz");
        assert.ok(memory.problems.some(({ code }) => code === "memory.outsideMappings"));
      }),
    );
  });

  it("with entries that run past the pages file gives what is there", async () => {
    const dump = {
      vmas: [area(0, 8)],
      pagemap: [entry(0, 8)],
      pages: filled("a", "b").subarray(0, PAGE + 100),
    };
    await withMade(dump, (folder) =>
      withMemoryOf(folder, async (memory) => {
        const space = await memory.space(MADE_PID);
        assert.deepEqual(await originsAt(space, START, 8 * PAGE), ["dumped", "unreadable"]);
        assert.equal(await textAt(space, START + BigInt(PAGE), 100), "b".repeat(100));
        assert.ok(memory.problems.some(({ code }) => code === "checkpoint.pagesFileShort"));
      }),
    );
  });

  it("with more pages than there are addresses is not believed", async () => {
    const dump = {
      vmas: [area(0, 2)],
      pagemap: [entry(0, 1), entry(1, (1n << 64n) - 1n), message([1, 12345], [4, 4], [5, 1])],
      pages: filled("a"),
    };
    await withMade(dump, (folder) =>
      withMemoryOf(folder, async (memory) => {
        const space = await memory.space(MADE_PID);
        assert.deepEqual(await originsAt(space, START, 2 * PAGE), ["dumped", "zero"]);
        assert.ok(memory.problems.some(({ code }) => code === "checkpoint.brokenEntries"));
      }),
    );
  });

  it("with entries in disorder uses the first of those that overlap", async () => {
    const dump = {
      vmas: [area(0, 4)],
      pagemap: [entry(2, 2), entry(0, 3)],
      pages: filled("c", "d", "x", "y", "z"),
    };
    await withMade(dump, (folder) =>
      withMemoryOf(folder, async (memory) => {
        const space = await memory.space(MADE_PID);
        assert.equal((await bytesAt(space, START, 3 * PAGE)).toString(), filled("x", "y", "z").toString());
        assert.ok(memory.problems.some(({ code }) => code === "checkpoint.pagemapOrder"));
      }),
    );
  });

  it("with a parent that leads back to itself ends", async () => {
    const dump = { vmas: [area(0, 1)], pagemap: [entry(0, 1, 1)], pages: filled() };
    await withMade(dump, async (folder) => {
      await symlink(".", join(folder, "parent"));
      await withMemoryOf(folder, async (memory) => {
        const space = await memory.space(MADE_PID);
        assert.deepEqual(await originsAt(space, START, PAGE), ["noParent"]);
        assert.ok(memory.checkpoint.problems.some(({ file }) => file === "parent"));
      });
      await unlink(join(folder, "parent"));
    });
  });

  it("with parents that lead to each other ends", async () => {
    const older = (path: string) => ({
      [`${path}inventory.img`]: image(0x58313116, [message([1, 2])]),
      [`${path}pagemap-${MADE_PID}.img`]: pagemapImage(1, [entry(0, 1, 1)]),
    });
    const dump = {
      vmas: [area(0, 1)],
      pagemap: [entry(0, 1, 1)],
      pages: filled(),
      more: { ...older("a/"), ...older("b/") },
    };
    await withMade(dump, async (folder) => {
      await symlink("a", join(folder, "parent"));
      await symlink("../b", join(folder, "a/parent"));
      await symlink("../a", join(folder, "b/parent"));
      await withMemoryOf(folder, async (memory) => {
        const space = await memory.space(MADE_PID);
        assert.deepEqual(await originsAt(space, START, PAGE), ["noParent"]);
        assert.equal(memory.checkpoint.layers.length, 3);
      });
    });
  });

  it("with guard regions over a mapping shows them, not what is below", async () => {
    const guard = { ...area(1, 2), status: 1 << 16 };
    const dump = { vmas: [area(0, 3), guard], pagemap: [entry(0, 3)], pages: filled("a", "b", "c") };
    await withMade(dump, (folder) =>
      withMemoryOf(folder, async (memory) => {
        const space = await memory.space(MADE_PID);
        assert.deepEqual(await originsAt(space, START, 3 * PAGE), ["dumped", "guard", "dumped"]);
        assert.equal(await textAt(space, START + BigInt(2 * PAGE), 2), "cc");
      }),
    );
  });

  for (const [what, sizes, perBlock] of [
    ["too few blocks", [100], 1],
    ["a block larger than what it holds", [PAGE + 1, 0], 1],
    ["a block that is no LZ4", [50, 0], 1],
    ["blocks of a gigabyte", [100], 262_144],
  ] as const)
    it(`with compressed pages and ${what} says that they can't be read`, async () => {
      const blocks = message(...sizes.map((size) => [1, size] as const), [2, 1], [3, perBlock]);
      const compressed = message([1, START], [2, 0], [4, 4], [5, 2], [6, blocks]);
      const dump = { vmas: [area(0, 2)], pagemap: [compressed], pages: Buffer.alloc(3 * PAGE, 0xf0) };
      await withMade(dump, (folder) =>
        withMemoryOf(folder, async (memory) => {
          const [first] = await originsAt(await memory.space(MADE_PID), START, 2 * PAGE);
          assert.ok(first === "badBlocks" || first === "unreadable", first);
          assert.ok(memory.problems.some(({ code }) => /^checkpoint\.(brokenBlock|badBlocks)$/.test(code)));
        }),
      );
    });
});
