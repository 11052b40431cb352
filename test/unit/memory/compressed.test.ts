import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pageRuns } from "../../../src/checkpoint/index.ts";
import type { CheckpointMemory } from "../../../src/memory/index.ts";
import { bytesAt, MADE_PID, message, PAGE, textAt, withMade, withMemory, withMemoryOf } from "./support.ts";

const PID = 12002;

/** Every dumped page by address: its own, and those of shared memory where they are mapped. */
async function pagesOf(path: string): Promise<ReadonlyMap<bigint, string>> {
  return withMemory("memory/pages-compressed", path, async (memory) => {
    const space = await memory.space(PID);
    const pages = new Map<bigint, string>();
    for (const { start, end } of space.areas)
      for (const { address, bytes, origin } of await space.read(start, Number(end - start)))
        for (let at = 0; origin.kind === "dumped" && bytes && at < bytes.length; at += PAGE)
          pages.set(address + BigInt(at), Buffer.from(bytes.subarray(at, at + PAGE)).toString("latin1"));
    assert.deepEqual(memory.problems, []);
    return pages;
  });
}

describe("compressed pages", () => {
  for (const shape of [
    "p1-page-noalign",
    "p1-region64k",
    "p1packed-page",
    "p2-region64k",
    "p3-page",
    "p3-block256k",
    "p3-block64k-padded",
  ])
    it(`of the shape ${shape} are those of the plain dump of the same process`, async () => {
      const [before, after, found] = [await pagesOf("plain"), await pagesOf("plain2"), await pagesOf(shape)];
      assert.deepEqual([...found.keys()], [...before.keys()]);
      let differing = 0;
      for (const [address, page] of found) {
        // CRIU's own traces and the stack change from dump to dump, those of the plain ones too.
        if (before.get(address) !== after.get(address)) differing++;
        else assert.ok(page === before.get(address), address.toString(16));
      }
      assert.equal(differing, 5);
    });

  it("of the first prototype have their sizes in field 5", async () => {
    const block = lz4("Q", PAGE);
    const sizes = [block.length, 0, PAGE];
    const entry = message([1, 0x10000], [2, 3], [4, 4], ...sizes.map((size) => [5, size] as const), [
      6,
      block.length + PAGE,
    ]);
    const pages = Buffer.concat([block, Buffer.alloc(PAGE, "R")]);
    const vmas = [{ start: 0x10000n, end: 0x13000n }];
    await withMade({ vmas, pagemap: [entry], pages }, (folder) =>
      withMemoryOf(folder, async (memory: CheckpointMemory) => {
        const bytes = await bytesAt(await memory.space(MADE_PID), 0x10000n, 3 * PAGE);
        assert.equal(bytes.toString("latin1"), "Q".repeat(PAGE) + "\0".repeat(PAGE) + "R".repeat(PAGE));
      }),
    );
  });

  it("can be read from the middle of a block on", async () => {
    await withMemory("memory/pages-compressed", "p3-block256k", async (memory, folder) => {
      const space = await memory.space(PID);
      const out = await readFile(join(folder, "simple.out"), "utf8");
      const anon = BigInt(/anon (0x[0-9a-f]+)/.exec(out)?.[1] ?? "0");
      assert.match(await textAt(space, anon, 40), /^MARKER-ANON/);
      assert.match(await textAt(space, anon + 7n, 40), /^ANON/);
    });
  });

  it("are found in a pagemap in which they come behind others", async () => {
    await withMemory("memory/pages-compressed", "p3-page", async (memory) => {
      const maps = await memory.store(PAGE).pagemaps(String(PID));
      const runs = [...pageRuns(maps, 0, 2 ** 40)].filter(({ kind }) => kind === "stored");
      assert.ok(runs.length > 5);
    });
  });
});

/** One byte many times, as an LZ4 block: a literal, a match one byte back, and the five last literals. */
function lz4(text: string, size: number): Buffer {
  const byte = text.charCodeAt(0);
  const match = size - 1 - 5;
  const extra = match - 4 - 15;
  const lengths = [...Array.from({ length: Math.floor(extra / 255) }, () => 255), extra % 255];
  return Buffer.from([0x1f, byte, 1, 0, ...lengths, 0x50, byte, byte, byte, byte, byte]);
}
