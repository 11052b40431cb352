import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import { writeManyAreas, writeManyProcesses } from "./big-dump.ts";

describe("a big checkpoint", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-big-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function opened<T>(use: (checkpoint: Checkpoint) => Promise<T>): Promise<T> {
    const checkpoint = await openCheckpoint(await openTree(folder));
    try {
      return await use(checkpoint);
    } finally {
      await checkpoint.close();
    }
  }

  it("of 300 processes shows them all with their command lines", async () => {
    await writeManyProcesses(folder, 300);
    await opened(({ processes, problems, process }) => {
      assert.deepEqual(problems, []);
      assert.equal(processes.length, 300);
      assert.ok(processes.every(({ cmdline }) => cmdline.length > 0));
      assert.equal(process(7)?.children.length, 10);
      return Promise.resolve();
    });
  });

  it("of 30,000 VMAs lists them while others get their turn", async () => {
    const pid = await writeManyAreas(folder, 30_000);
    await opened(async (checkpoint) => {
      let turns = 0;
      let goesOn = true;
      const turn = (): void => {
        turns++;
        if (goesOn) setImmediate(turn);
      };
      setImmediate(turn);
      const { value, problems } = await checkpoint.memoryMap(pid);
      goesOn = false;
      assert.deepEqual(problems, []);
      assert.equal(value.length, 30_000);
      assert.equal(value.at(-1)?.end, 0x7f00_0000_0000n + 29_999n * 0x2000n + 0x1000n);
      // However fast the machine, that many are not read in a few slices.
      assert.ok(turns > 2, `${turns} turns`);
    });
  });
});
