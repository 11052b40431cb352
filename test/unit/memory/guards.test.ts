import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesAt, originsAt, PAGE, textAt, withMemory } from "./support.ts";

/** The pages that each of the program's mappings has by /proc/self/pagemap: guarded, dumpable or untouched. */
async function saidOf(folder: string): Promise<readonly { name: string; start: bigint; pages: string }[]> {
  const lines = (await readFile(join(folder, "said.txt"), "utf8")).trim().split("\n");
  return lines.map((line) => {
    const [name = "", start = "0", pages = ""] = line.split(" ");
    return { name, start: BigInt(start), pages };
  });
}

const ORIGINS: Readonly<Record<string, string>> = { G: "guard", P: "dumped", "-": "zero" };

describe("guard regions (a real dump of test/fixtures/memory/guards/guards.c)", () => {
  it("are where the kernel's pagemap had them, over what had been written too", () =>
    withMemory("memory/guards", "img", async (memory, folder) => {
      const [pid = 0] = memory.pids;
      const space = await memory.space(pid);
      const said = await saidOf(folder);
      assert.deepEqual(
        said.map(({ name }) => name),
        ["middle", "ends", "whole"],
      );
      for (const { name, start, pages } of said)
        assert.deepEqual(
          await originsAt(space, start, pages.length * PAGE),
          [...pages.replace(/(.)\1+/g, "$1")].map((page) => ORIGINS[page]),
          name,
        );
      const [middle, ends] = said;
      assert.ok(middle && ends);
      for (const page of [0, 1, 5, 6, 7])
        assert.equal(await textAt(space, middle.start + BigInt(page * PAGE), 13), `middle page ${page}`);
      assert.equal(await textAt(space, ends.start + BigInt(3 * PAGE), 18), "between two guards");
      assert.deepEqual(await bytesAt(space, ends.start + BigInt(PAGE), PAGE), Buffer.alloc(PAGE));
      assert.deepEqual(memory.problems, []);
    }));

  it("are no mappings of their own, as /proc/PID/maps has none for them", () =>
    withMemory("memory/guards", "img", async (memory, folder) => {
      const [pid = 0] = memory.pids;
      const space = await memory.space(pid);
      // CRIU joins [vvar] with the [vvar_vclock] behind it.
      const live = (await readFile(join(folder, "maps.txt"), "utf8"))
        .split("\n")
        .filter((line) => line !== "" && !line.includes("[vvar"))
        .map((line) => line.split(" ", 1)[0]);
      const { value: mappings } = await memory.checkpoint.memoryMap(pid);
      for (const listed of [space.areas, mappings])
        assert.deepEqual(
          listed
            .filter(({ kind }) => kind !== "vvar")
            .map(({ start, end }) => `${start.toString(16)}-${end.toString(16)}`),
          live,
        );
    }));
});
