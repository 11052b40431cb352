// Checkpoints that nobody's engine wrote.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import { encodeImage } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";
import { readCrit } from "./support.ts";

describe("a hostile checkpoint", () => {
  let folder: string;
  let images: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-hostile-"));
    images = join(folder, "checkpoint");
    await mkdir(images);
    await cp(join(await fixture("corpus/a-single"), "img"), images, { recursive: true });
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

  const encode = async (file: string, magic: string, entries: readonly object[]): Promise<void> => {
    await writeFile(join(images, file), Buffer.concat([...encodeImage(JSON.stringify({ magic, entries }))]));
  };
  const pstree = (...tasks: readonly (readonly [pid: number, ppid: number])[]): Promise<void> =>
    encode(
      "pstree.img",
      "PSTREE",
      tasks.map(([pid, ppid]) => ({ pid, ppid, pgid: pid, sid: pid, threads: [pid] })),
    );

  it("whose JSON has 500 MiB, or is none, is opened without it", async () => {
    const config = await open(join(folder, "config.dump"), "w");
    await config.write("{");
    await config.truncate(500 * 1024 * 1024);
    await config.close();
    await writeFile(join(folder, "spec.dump"), "\u0000\u0001 no JSON {");
    await writeFile(join(folder, "status.dump"), "[1, 2]");
    await writeFile(
      join(folder, "network.status"),
      '{"a":{"interfaces":{"b":{"subnets":[3,{"ipnet":5}]}}},"c":7}',
    );
    await opened((checkpoint) => {
      assert.deepEqual(
        checkpoint.problems.map(({ code, file }) => [code, file]),
        [
          ["checkpoint.badJson", "spec.dump"],
          ["checkpoint.jsonTooBig", "config.dump"],
          ["checkpoint.badJson", "status.dump"],
        ],
      );
      assert.equal(checkpoint.processes.length, 1);
      assert.equal(checkpoint.container.networks.length, 1);
    });
  });

  it("whose processes are their own ancestors, or have parents that are not there, shows all of them", async () => {
    const [pid = 0] = await opened(({ processes }) => processes.map((process) => process.pid));
    await pstree([pid, 77], [2, 3], [3, 2], [4, 4], [5, 999_999]);
    await opened(({ processes, roots, problems, process }) => {
      assert.equal(processes.length, 5);
      const seen = new Set<number>();
      const walk = (at: number): void => {
        assert.ok(!seen.has(at));
        seen.add(at);
        process(at)?.children.forEach(walk);
      };
      roots.forEach(walk);
      assert.equal(seen.size, 5);
      assert.ok(problems.filter(({ code }) => code === "checkpoint.processCycle").length >= 2);
    });
  });

  it("whose zombie has no memory shows what is known of it, and no problem", async () => {
    const [pid = 0] = await opened(({ processes }) => processes.map((process) => process.pid));
    await pstree([pid, 0], [77, pid]);
    await encode("core-77.img", "CORE", [
      {
        mtype: "X86_64",
        tc: { task_state: 6, exit_code: 9, personality: 0, flags: "0x0", blk_sigset: 0, comm: "gone" },
      },
    ]);
    await opened(async (checkpoint) => {
      assert.deepEqual(checkpoint.problems, []);
      const zombie = checkpoint.process(77);
      assert.deepEqual([zombie?.state, zombie?.exit, zombie?.comm], ["zombie", { signal: 9 }, "gone"]);
      assert.deepEqual((await checkpoint.environment(77)).value.variables, []);
      const { value, problems } = await checkpoint.details(77);
      assert.deepEqual(problems, []);
      assert.equal(value.exitCode, 9);
      assert.equal(value.leader.registers, undefined);
      for (const part of [
        checkpoint.openFiles,
        checkpoint.memoryMap,
        checkpoint.memoryUse,
        checkpoint.threads,
      ])
        assert.deepEqual(await part(77), { value: [], problems: [] });
      assert.equal((await checkpoint.connections()).problems.length, 0);
    });
  });

  it("whose environment has entries without =, and no end, shows them as they are", async () => {
    await opened(async (checkpoint) => {
      const [process] = checkpoint.processes;
      assert(process);
      const before = (await checkpoint.environment(process.pid)).value;
      assert.ok(before.bytes.length > 0);
      // The pages of the stack are the last: the environment is found there by its bytes.
      const path = join(images, "pages-1.img");
      const pages = await readFile(path);
      const at = pages.indexOf(before.bytes);
      assert.ok(at >= 0);
      pages.fill("x", at, at + before.bytes.length);
      pages.write("=y\0NOVALUE\0A=\0", at, "latin1");
      await writeFile(path, pages);
    });
    await opened(async (checkpoint) => {
      const [process] = checkpoint.processes;
      const { value } = await checkpoint.environment(process?.pid ?? 0);
      assert.deepEqual(value.variables.slice(0, 3), [
        { name: "", value: "y" },
        { name: "NOVALUE", value: undefined },
        { name: "A", value: "" },
      ]);
      assert.match(value.variables[3]?.name ?? "", /^x+$/);
    });
  });

  it("whose memory bounds are huge or upside down reads no more than there is", async () => {
    const [pid = 0] = await opened(({ processes }) => processes.map((process) => process.pid));
    const { entries } = JSON.parse(
      await readFile(join(await fixture("corpus/a-single"), `crit/mm-${pid}.img.json`), "utf8"),
    ) as { readonly entries: readonly object[] };
    for (const bounds of [
      {
        mm_env_start: "0x0",
        mm_env_end: "0xffffffffffffffff",
        mm_arg_start: "0x0",
        mm_arg_end: "0xffffffffffffffff",
      },
      { mm_env_start: "0x2000", mm_env_end: "0x1000", mm_arg_start: "0x2000", mm_arg_end: "0x1000" },
    ]) {
      await encode(
        `mm-${pid}.img`,
        "MM",
        entries.map((entry) => ({ ...entry, ...bounds })),
      );
      await opened(async (checkpoint) => {
        const { value } = await checkpoint.environment(pid);
        assert.equal(value.bytes.length, 0);
      });
    }
  });

  it("whose seccomp filters, mounts and cgroups go round in circles comes to an end", async () => {
    const [pid = 0] = await opened(({ processes }) => processes.map((process) => process.pid));
    const [core] = (
      (await readCrit(join(await fixture("corpus/a-single"), `crit/core-${pid}.img.json`))) as {
        readonly entries: readonly { readonly thread_core: object }[];
      }
    ).entries;
    assert(core);
    await encode(`core-${pid}.img`, "CORE", [
      { ...core, thread_core: { ...core.thread_core, seccomp_mode: "filter", seccomp_filter: 1 } },
    ]);
    await encode("seccomp.img", "SECCOMP", [
      {
        seccomp_filters: [
          { filter: "", prev: 1 },
          { filter: "AAAA", prev: 0 },
        ],
      },
    ]);
    await opened(async (checkpoint) => {
      const { value } = await checkpoint.details(pid);
      assert.deepEqual(
        value.leader.seccomp.filters.map(({ index }) => index),
        [1, 0],
      );
    });
  });

  it("whose images are all cut to any length says so and never throws", async () => {
    const names = ["files.img", "seccomp.img", "timens-0.img", "inventory.img"];
    for (const length of [0, 3, 9, 13, 30]) {
      for (const name of names) await truncate(join(images, name), length);
      await opened(async (checkpoint) => {
        for (const { pid } of checkpoint.processes) {
          await checkpoint.openFiles(pid);
          await checkpoint.details(pid);
          await checkpoint.threads(pid);
        }
        await checkpoint.namespaces();
        await checkpoint.connections();
        await checkpoint.logs();
      });
    }
  });
});
