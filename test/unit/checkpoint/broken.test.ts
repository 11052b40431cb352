import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import { linkTree } from "../../../src/checkpoint/process-tree.ts";
import { fixture } from "../fixtures.ts";

describe("a checkpoint with broken images", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-broken-"));
    await cp(join(await fixture("sealed/tree-restorable-enc"), "plain"), folder, { recursive: true });
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function opened<T>(use: (checkpoint: Checkpoint) => Promise<T> | T): Promise<T> {
    const checkpoint = await openCheckpoint(await openTree(folder));
    try {
      return await use(checkpoint);
    } finally {
      await checkpoint.close();
    }
  }

  it("shows all processes when one of their images is cut, empty, text or gone", async () => {
    await truncate(join(folder, "core-320.img"), 40);
    await truncate(join(folder, "core-321.img"), 0);
    await writeFile(join(folder, "core-322.img"), "This is no image.\n");
    await rm(join(folder, "core-327.img"));
    await opened((checkpoint) => {
      assert.deepEqual(
        checkpoint.processes.map((process) => process.pid),
        [1, 320, 321, 322, 327, 323],
      );
      // The others are as whole as before.
      assert.equal(checkpoint.process(1)?.comm, "tree");
      assert.deepEqual(checkpoint.process(1)?.cmdline, ["/bin/tree", "tagR"]);
      const files = new Set(checkpoint.problems.map((problem) => problem.file));
      for (const pid of [320, 321, 322, 327]) assert.ok(files.has(`core-${pid}.img`), `core-${pid}.img`);
    });
  });

  it("keeps descriptors when files.img is cut, and says which could not be named", async () => {
    await truncate(join(folder, "files.img"), 1200);
    await opened(async (checkpoint) => {
      const { value, problems } = await checkpoint.openFiles(1);
      assert.equal(value.length, 45);
      assert.equal(value[0]?.description, "/dev/null");
      assert.ok(problems.some((problem) => problem.code === "checkpoint.fileMissing"));
      assert.ok(problems.some((problem) => problem.code.startsWith("criu.") && problem.file === "files.img"));
    });
  });

  it("shows a process without a command line when its pages are gone", async () => {
    for (let id = 1; id <= 8; id++) await rm(join(folder, `pages-${id}.img`));
    await opened((checkpoint) => {
      assert.equal(checkpoint.processes.length, 6);
      assert.ok(checkpoint.problems.some((problem) => problem.code === "checkpoint.cmdlineMissing"));
    });
  });

  it("survives a size word of 0xffffffff in the process tree", async () => {
    const size = Buffer.alloc(12);
    size.writeUInt32LE(0x54564319, 0);
    size.writeUInt32LE(0x50273030, 4);
    size.writeUInt32LE(0xffffffff, 8);
    await writeFile(join(folder, "pstree.img"), size);
    await opened((checkpoint) => {
      assert.deepEqual(checkpoint.processes, []);
      assert.ok(checkpoint.problems.some((problem) => problem.file === "pstree.img"));
    });
  });

  it("tells of broken images that nobody has looked at yet", async () => {
    await truncate(join(folder, "sk-queues.img"), 30);
    await opened(async (checkpoint) => {
      assert.deepEqual(checkpoint.problems, []);
      const files = (await checkpoint.checkImages()).map((problem) => problem.file);
      assert.deepEqual([...new Set(files)], ["sk-queues.img"]);
    });
  });

  it("opens from a folder of any name, some way down, and names what it leaves out", async () => {
    const root = await mkdtemp(join(tmpdir(), "cryoscope-moved-"));
    try {
      await mkdir(join(root, "a"), { recursive: true });
      await cp(folder, join(root, "a/renamed images"), { recursive: true });
      await cp(folder, join(root, "a/b/other"), { recursive: true });
      const checkpoint = await openCheckpoint(await openTree(root));
      assert.equal(checkpoint.layers[0]?.folder, "a/renamed images");
      assert.match(checkpoint.problems[0]?.message ?? "", /a\/b\/other/);
      await checkpoint.close();
    } finally {
      await rm(root, { recursive: true });
    }
  });

  it("says what to choose when there are no images at all", async () => {
    const empty = await mkdtemp(join(tmpdir(), "cryoscope-empty-"));
    try {
      const tree = await openTree(empty);
      await assert.rejects(openCheckpoint(tree), { code: "checkpoint.noImages", next: /inventory\.img/ });
      await tree.close();
    } finally {
      await rm(empty, { recursive: true });
    }
  });
});

describe("the tree of processes", () => {
  it("meets every process exactly once, whatever the parents are said to be", () => {
    const tasks = fc.uniqueArray(fc.record({ pid: fc.integer({ min: 1, max: 30 }), ppid: fc.nat(30) }), {
      selector: (task) => task.pid,
    });
    fc.assert(
      fc.property(tasks, (given) => {
        const { children, roots } = linkTree(given, () => undefined);
        const met: number[] = [];
        const waiting = [...roots];
        for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
          met.push(pid);
          assert.ok(met.length <= given.length, "walks in a circle");
          waiting.push(...(children.get(pid) ?? []));
        }
        assert.deepEqual(met.toSorted(), given.map((task) => task.pid).toSorted());
      }),
    );
  });

  it("is built of a chain of 60 000 processes as fast as of any other", () => {
    const chain = Array.from({ length: 60_000 }, (_, index) => ({
      pid: 60_000 - index,
      ppid: 59_999 - index,
    }));
    const { roots } = linkTree(chain, () => assert.fail("there is no circle"));
    assert.deepEqual(roots, [1]);
  });
});
