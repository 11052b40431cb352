import assert from "node:assert/strict";
import { openNested } from "../../../src/archive/index.ts";
import { listLayerFiles, openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import { BLOCK, endlessTar, longestHold } from "./endless.ts";
import { tar } from "./helpers.ts";

/** Bytes that live, garbage aside: V8's own heap and the arrays beside it. */
function alive(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const MIB = 1024 * 1024;

describe("an archive of a million names", () => {
  let first: Uint8Array;
  before(async () => {
    first = (await tar({ name: "checkpoint", type: "directory" })).subarray(0, BLOCK);
  });

  it("is indexed with some 70 bytes a name, and lets others run meanwhile", async function () {
    this.timeout(240_000);
    const source = endlessTar(first, 1_200_000, (index) => `usr/share/d${index >> 9}/file-${index}.txt`);
    const before = alive();
    const hold = await longestHold(async () => {
      const tree = await openNested(source, "million.tar");
      const grown = alive() - before;
      assert.ok(grown < 150 * MIB, `${Math.round(grown / MIB)} MiB`);
      assert.equal((await tree.stat("usr/share/d7/file-3600.txt"))?.kind, "file");
      assert.equal(await tree.stat("usr/share/d7/file-3600"), undefined);
      assert.equal((await tree.list("usr/share/d9")).length, 512);
      assert.deepEqual(tree.problems, [
        "The archive holds more than 1000000 names; the first ones are shown.",
      ]);
      await tree.close();
    });
    // 14 ms as measured by itself; coverage and collection of garbage come on top.
    assert.ok(hold < 250, `${Math.round(hold)} ms`);
  });

  it("all of them in the folder of the images, opens as a checkpoint that says so", async function () {
    this.timeout(240_000);
    // What there is once a dump: one at the beginning, one at the end.
    const source = endlessTar(first, 999_990, (index) =>
      index === 0
        ? "checkpoint/inventory.img"
        : index === 999_989
          ? "checkpoint/pstree.img"
          : `checkpoint/core-${index}.img`,
    );
    const tree = await openNested(source, "million.tar");
    let checkpoint: Checkpoint | undefined;
    const hold = await longestHold(async () => {
      checkpoint = await openCheckpoint(tree);
    });
    assert.ok(checkpoint);
    // 30 ms as measured by itself, the collection of garbage too, which has threads of its own; on a loaded machine it waits.
    assert.ok(hold < 250, `${Math.round(hold)} ms`);
    assert.ok(
      tree.problems.includes('"checkpoint" holds more than 131072 names; the first ones are listed.'),
    );
    assert.equal((await tree.stat("checkpoint/core-999000.img"))?.kind, "file");
    const [layer] = checkpoint.layers;
    assert(layer);
    assert.equal(layer.files.size, 100_002);
    assert.ok(layer.files.has("inventory.img") && layer.files.has("pstree.img"));
    // The list of the files was made as the checkpoint was opened: to ask for it takes no time.
    const start = process.cpuUsage();
    const files = listLayerFiles(layer).length;
    assert.ok(process.cpuUsage(start).user < 50_000);
    assert.equal(files, 100_002);
    assert.ok(checkpoint.problems.some(({ code }) => code === "checkpoint.tooManyFiles"));
    await checkpoint.close();
  });

  it("is listed in order, wherever a name comes in it", async function () {
    this.timeout(240_000);
    // A multiplier without a common factor visits each number once, in no order.
    const count = 50_000;
    const source = endlessTar(first, count, (index) => `a/${(index * 7919) % count}`);
    const tree = await openNested(source, "x.tar");
    const names = (await tree.list("a")).map(({ name }) => name);
    assert.deepEqual(names, Array.from({ length: count }, (_, index) => String(index)).sort());
    await tree.close();
  });
});
