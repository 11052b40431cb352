// One program (test/fixtures/machines/frozen.c), frozen on four kinds of machine: pages of 16 and of 64 KiB, and big-endian.
// What /proc and the memory of the live process said was saved beside the images.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import { bytesAt, originsAt, textAt, withMemory } from "../memory/support.ts";
import { assertSame, frozenText, procOf } from "../procfs/support.ts";
import { withCheckpoint } from "./support.ts";

const MACHINES = [
  ["aarch64-16k", 16_384],
  ["ppc64le-64k", 65_536],
  ["riscv64", 4096],
  ["s390x", 4096],
] as const;

/** What the program said of itself: its page size, and where its things are. */
async function facts(folder: string): Promise<Record<string, bigint>> {
  const said = JSON.parse(await readFile(join(folder, "facts.json"), "utf8")) as Record<string, string>;
  return Object.fromEntries(Object.entries(said).map(([name, value]) => [name, BigInt(value)]));
}

/** The readable mappings of the live process, each with the sha256 of what /proc/PID/mem had there. */
async function liveSums(folder: string): Promise<readonly (readonly [bigint, number, string])[]> {
  const lines = (await readFile(join(folder, "sha256"), "utf8")).trim().split("\n");
  return lines.map((line) => {
    const [start = "", end = "", sum = ""] = line.split(/[- ]/);
    return [BigInt(`0x${start}`), Number(BigInt(`0x${end}`) - BigInt(`0x${start}`)), sum] as const;
  });
}

/** Only of x86 the registers say that a task was asleep in a system call. */
const asRunning = (live: string): string =>
  live.replace(/^State:\tS \(sleeping\)$/m, "State:\tR (running)").replace(/^(\d+ \(frozen\)) S /, "$1 R ");

async function messages(checkpoint: Checkpoint): Promise<readonly string[]> {
  const queues = (await checkpoint.ipc()).value.flatMap(({ messageQueues }) => messageQueues);
  return Promise.all(
    queues
      .flatMap((queue) => queue.messages)
      .map(async ({ type, content }) => {
        const source = await checkpoint.openContent(content);
        const text = Buffer.from(await source.read(0, source.size)).toString("latin1");
        await source.close?.();
        return `${type}: ${text}`;
      }),
  );
}

for (const [name, pageSize] of MACHINES)
  describe(`a process of a ${name} machine`, () => {
    it("has the page size that it had", () =>
      withMemory(`machines/${name}`, "img", async (memory, folder) => {
        const space = await memory.space(memory.pids[0] ?? 0);
        assert.equal(space.pageSize, pageSize);
        assert.equal(BigInt(space.pageSize), (await facts(folder))["page"]);
      }));

    it("has in every mapping the bytes that the live one had", () =>
      withMemory(
        `machines/${name}`,
        "img",
        async (memory, folder) => {
          const space = await memory.space(memory.pids[0] ?? 0);
          const sums = await liveSums(folder);
          assert.ok(sums.length >= 9);
          for (const [start, length, sum] of sums) {
            const bytes = await bytesAt(space, start, length);
            const where = start.toString(16);
            assert.equal(createHash("sha256").update(bytes).digest("hex"), sum, where);
          }
        },
        { sysroot: "root" },
      ));

    it("has its sentences where it said, and pages that it never wrote are zero", () =>
      withMemory(`machines/${name}`, "img", async (memory, folder) => {
        const space = await memory.space(memory.pids[0] ?? 0);
        const { page = 0n, pages = 0n, heap = 0n, shared = 0n, sysv = 0n } = await facts(folder);
        assert.equal(await textAt(space, heap, 22), "a sentence on the heap");
        assert.equal(await textAt(space, shared + page, 27), "a sentence in shared memory");
        assert.equal(await textAt(space, sysv + 2n * page, 28), "a sentence in a SysV segment");
        assert.equal(await textAt(space, pages + 13n * page + 13n * 8n, 22), "page 13 of twenty-four");
        assert.deepEqual(await originsAt(space, pages + 12n * page, Number(4n * page)), [
          "dumped",
          "zero",
          "dumped",
        ]);
        assert.deepEqual(memory.problems, []);
      }));

    it("has in its frozen /proc what the live one had", () =>
      withCheckpoint(`machines/${name}`, "img", async (checkpoint, folder) => {
        const pid = checkpoint.processes[0]?.pid ?? 0;
        for (const file of ["auxv", "cmdline", "environ", "maps", "stat", "status"]) {
          const live = await readFile(join(folder, "proc", file), "latin1");
          const frozen = await frozenText(procOf(checkpoint), pid, file);
          assert.ok(frozen !== undefined, file);
          assertSame(`PID/${file}`, asRunning(live), frozen, file);
        }
        assert.deepEqual(checkpoint.problems, []);
      }));

    it("has its semaphores, its message and its signal, whatever the order of bytes", () =>
      withCheckpoint(`machines/${name}`, "img", async (checkpoint) => {
        const [semaphores] = (await checkpoint.ipc()).value.flatMap((ipc) => ipc.semaphores);
        assert.deepEqual(semaphores?.values, [258, 259, 260]);
        assert.deepEqual(await messages(checkpoint), ["7: a message that waits"]);
        const details = (await checkpoint.details(checkpoint.processes[0]?.pid ?? 0)).value;
        const [signal] = details.signals.pending;
        assert.equal(signal?.name, "SIGUSR2");
        // sigqueue's number is an int in a union of pointer size.
        const value = BigInt(signal.info["si_value"] ?? "");
        assert.equal(name === "s390x" ? value >> 32n : value & 0xffff_ffffn, 4660n);
      }));
  });
