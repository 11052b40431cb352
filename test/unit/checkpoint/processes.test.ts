import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import { fixture } from "../fixtures.ts";
import { procFile, readSnapshot, snapshotPids, withCheckpoint } from "./support.ts";

/** Bare dumps whose /proc was kept: name of the fixture. */
const DUMPS = ["a-single", "b-threads50", "c-files", "c-unix", "c-shmem", "c-pty", "c-pidfd", "c-pipes"];

describe("processes of a checkpoint", () => {
  for (const name of DUMPS) {
    it(`are those that crit x ps lists, in ${name}`, async () => {
      await withCheckpoint(`corpus/${name}`, "img", async (checkpoint, folder) => {
        const text = await readFile(join(folder, "crit/x-ps.txt"), "utf8");
        assert.deepEqual(asCritLists(checkpoint), critRows(text));
      });
    });

    it(`have the command line that /proc gave, in ${name}`, async () => {
      await withCheckpoint(`corpus/${name}`, "img", async (checkpoint, folder) => {
        for (const pid of await snapshotPids(folder)) {
          const args = (await procFile(folder, pid, "cmdline")).split("\0").slice(0, -1);
          assert.deepEqual(checkpoint.process(pid)?.cmdline, args);
        }
      });
    });

    it(`have the threads that /proc had, in ${name}`, async () => {
      await withCheckpoint(`corpus/${name}`, "img", async (checkpoint, folder) => {
        for (const pid of await snapshotPids(folder)) {
          const { tasks } = await readSnapshot(folder, pid);
          const { value, problems } = await checkpoint.threads(pid);
          assert.deepEqual(problems, []);
          assert.deepEqual(
            Object.fromEntries(value.map(({ tid, comm }) => [tid, comm])),
            Object.fromEntries(Object.entries(tasks).map(([tid, { comm }]) => [tid, comm])),
          );
        }
      });
    });

    it(`have the parent, the user and the paths that /proc gave, in ${name}`, async () => {
      await withCheckpoint(`corpus/${name}`, "img", async (checkpoint, folder) => {
        for (const pid of await snapshotPids(folder)) {
          const status = await procFile(folder, pid, "status");
          const process = checkpoint.process(pid);
          const ppid = Number(/^PPid:\t(\d+)$/m.exec(status)?.[1]);
          assert.equal(process?.ppid, checkpoint.process(ppid) ? ppid : 0);
          assert.equal(process.uid, Number(/^Uid:\t(\d+)/m.exec(status)?.[1]));
          assert.equal(process.gid, Number(/^Gid:\t(\d+)/m.exec(status)?.[1]));
          const { value } = await checkpoint.paths(pid);
          const { links } = await readSnapshot(folder, pid);
          assert.deepEqual({ exe: value.exe, cwd: value.cwd, root: value.root }, links);
          assert.equal(value.umask, Number.parseInt(/^Umask:\t(\d+)$/m.exec(status)?.[1] ?? "", 8));
        }
      });
    });
  }

  it("have neither threads nor memory when they are zombies, and the exit code the parent would have got", async () => {
    await withCheckpoint("sealed/tree-restorable-enc", "plain", async (checkpoint) => {
      // The corpus says: vpid 323 is a zombie with exit code 42; its pstree entry lists a thread 80 that never was.
      const zombie = checkpoint.process(323);
      assert.equal(zombie?.state, "zombie");
      assert.deepEqual(zombie.exit, { code: 42 });
      assert.deepEqual(zombie.threadIds, []);
      assert.deepEqual(zombie.cmdline, []);
      for (const part of [checkpoint.threads, checkpoint.openFiles, checkpoint.memoryMap])
        assert.deepEqual(await part(323), { value: [], problems: [] });
      assert.deepEqual(checkpoint.problems, []);
    });
  });

  it("form the tree that the program built", async () => {
    await withCheckpoint("sealed/tree-restorable-enc", "plain", (checkpoint) => {
      assert.deepEqual(checkpoint.roots, [1]);
      assert.deepEqual(checkpoint.process(1)?.children, [320, 321, 322, 323]);
      assert.deepEqual(checkpoint.process(322)?.children, [327]);
      assert.deepEqual(checkpoint.process(320)?.threadIds, [320, 324, 325, 326]);
      return Promise.resolve();
    });
  });

  it("are read the same from a plain, a gzip and a zstd archive of the engine", async () => {
    for (const [name, archive] of [
      ["g-podman-none", "checkpoint.tar"],
      ["g-podman-gzip", "checkpoint.tar.gz"],
      ["g-podman-zstd", "checkpoint.tar.zst"],
    ] as const) {
      await withCheckpoint(`corpus/${name}`, archive, async (checkpoint) => {
        const { args } = await containerProcess(name);
        assert.deepEqual(checkpoint.process(1)?.cmdline, args, name);
      });
    }
  });
});

/** What the engine was asked to run: the OCI spec in the archive that podman wrote. */
async function containerProcess(name: string): Promise<{ readonly args: readonly string[] }> {
  const inspect = await readFile(join(await fixture(`corpus/${name}`), "inspect.json"), "utf8");
  // podman inspect's own shape.
  const [first] = JSON.parse(inspect) as readonly { readonly Config: { readonly Cmd: readonly string[] } }[];
  return { args: first?.Config.Cmd ?? [] };
}

type Listed = readonly (readonly [pid: number, pgid: number, sid: number, comm: string])[];

/** `crit x DIR ps` prints a table: PID PGID SID COMM, children indented. */
function critRows(text: string): Listed {
  return text
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => {
      const [pid, pgid, sid, ...comm] = line.trim().split(/\s+/);
      return [Number(pid), Number(pgid), Number(sid), comm.join(" ")] as const;
    });
}

function asCritLists(checkpoint: Checkpoint): Listed {
  const walk = (pids: readonly number[]): Listed =>
    pids.flatMap((pid) => {
      const process = checkpoint.process(pid);
      assert(process);
      return [[process.pid, process.pgid, process.sid, process.comm] as const, ...walk(process.children)];
    });
  return walk(checkpoint.roots);
}

describe("opening a checkpoint", () => {
  it("stops when it is cancelled", async () => {
    const tree = await openTree(join(await fixture("corpus/a-single"), "img"));
    try {
      await assert.rejects(openCheckpoint(tree, { signal: AbortSignal.abort() }), { name: "AbortError" });
    } finally {
      await tree.close();
    }
  });
});
