import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint, readPages } from "../../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import { fixture } from "../fixtures.ts";
import { sealWith, withCheckpoint } from "./support.ts";

/** Where the program put its anonymous mapping: `simple.out` of the corpus. */
const ANON = 0x7f0a25f63000n;
const PAGE = 4096;

async function readText(
  checkpoint: Checkpoint,
  pid: number,
  address: bigint,
  length: number,
): Promise<string> {
  const pieces = await readPages(checkpoint.layers, String(pid), address, length, PAGE, (problem) =>
    assert.fail(problem.message),
  );
  return Buffer.concat(pieces.map((piece) => piece.bytes ?? new Uint8Array(piece.length))).toString("latin1");
}

describe("a chain of layers", () => {
  for (const [path, expected] of [
    ["", ["3", "2", "1"]],
    ["3", ["", "", ""]],
    ["2", ["", ""]],
  ] as const)
    it(`opens newest first from ${path === "" ? "the folder around it" : `its layer ${path}`}`, async () => {
      await withCheckpoint("sealed/incr-plain", path, ({ layers, problems }) => {
        assert.deepEqual(
          layers.map((layer) => layer.folder),
          expected,
        );
        assert.deepEqual(problems, []);
        return Promise.resolve();
      });
    });

  it("gives a page from the newest layer that has it", async () => {
    await withCheckpoint("sealed/incr-plain", "", async (checkpoint) => {
      // What the program wrote into page 0 before each dump, into pages 1 and 2 at its start, into page 5 at the end.
      assert.match(await readText(checkpoint, 803, ANON, 64), /^MARKER-LAYER2-simple\0/);
      assert.equal(await readText(checkpoint, 803, ANON + 4096n, 8192), "E".repeat(8192));
      assert.match(await readText(checkpoint, 803, ANON + 0x5000n, 64), /^MARKER-NEWPAGE-layer2\0/);
      // One read over all three kinds, and over page 4, which nobody touched.
      const all = await readText(checkpoint, 803, ANON, 6 * PAGE);
      assert.equal(all.slice(PAGE, 3 * PAGE), "E".repeat(2 * PAGE));
      assert.equal(all.slice(4 * PAGE, 5 * PAGE), "\0".repeat(PAGE));
    });
  });

  it("gives older pages when an older layer is opened", async () => {
    await withCheckpoint("sealed/incr-plain", "", async ({ layers }) => {
      const [, , oldest] = layers;
      assert(oldest);
      const [piece] = await readPages([oldest], "803", ANON, 32, PAGE, () => undefined);
      assert.match(Buffer.from(piece?.bytes ?? []).toString("latin1"), /^MARKER-ANON-simple-/);
    });
  });

  it("opens each sealed layer with its own keys", async () => {
    await withCheckpoint(
      "sealed/incr-enc",
      "",
      async (checkpoint, folder) => {
        const [, address] = /anon 0x([0-9a-f]+)/.exec(await readFile(join(folder, "simple.out"), "utf8")) ?? [
          "",
          "",
        ];
        const pid = checkpoint.roots[0] ?? 0;
        assert.match(await readText(checkpoint, pid, BigInt(`0x${address}`), 64), /^MARKER-LAYER2-simple\0/);
        assert.equal(checkpoint.layers.length, 3);
      },
      await sealWith("key1.pkcs8.pem"),
    );
  });

  it("finds command lines that only a parent layer has", async () => {
    await withCheckpoint("corpus/f-predump-chain", "", ({ processes }) => {
      // The lab ran `feat dirty` for it; the page of the arguments is PE_PARENT in layers 3 and 2.
      assert.deepEqual(
        processes.map((process) => process.cmdline),
        [["feat", "dirty"]],
      );
      return Promise.resolve();
    });
  });
});

describe("a chain that is broken", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-layers-"));
    await cp(join(await fixture("sealed/incr-plain"), "3"), join(folder, "3"), { recursive: true });
    await rm(join(folder, "3/parent"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function problemsOf(path: string): Promise<readonly string[]> {
    const tree = await openTree(join(folder, path));
    const checkpoint = await openCheckpoint(tree);
    try {
      assert.equal(checkpoint.processes.length, 1);
      assert.equal(checkpoint.processes[0]?.pid, 803);
      return checkpoint.problems.map((problem) => problem.code);
    } finally {
      await checkpoint.close();
    }
  }

  it("because its parent is itself says so, and still shows the processes", async () => {
    await symlink(".", join(folder, "3/parent"));
    assert.deepEqual(await problemsOf("3"), ["checkpoint.parentCycle"]);
  });

  it("because two layers are each other's parent says so", async () => {
    await cp(join(folder, "3"), join(folder, "2"), { recursive: true });
    await symlink("../2", join(folder, "3/parent"));
    await symlink("../3", join(folder, "2/parent"));
    assert.deepEqual(await problemsOf("3"), ["checkpoint.parentCycle"]);
    assert.ok((await problemsOf("")).includes("checkpoint.parentCycle"));
  });

  for (const target of ["../gone", "/etc", "../../../../../../etc", "../3/core-803.img"])
    it(`because its parent is "${target}" says so`, async () => {
      await symlink(target, join(folder, "3/parent"));
      assert.deepEqual(await problemsOf("3"), ["checkpoint.parentMissing"]);
    });
});
