// A frozen program of Go (unwind/go-frozen) in unwind/go-checkpoint: its calls by DWARF's rules, and by the tables that Go's
// linker leaves where it leaves no DWARF. delve said what they are, of a core that gdb wrote.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import type { FileTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import { findGoroutines } from "../../../src/corefile/index.ts";
import { crowdedText, frameName, frameSource, FrozenTarget } from "../../../src/debug/index.ts";
import type { FrozenThread } from "../../../src/debug/index.ts";
import { openMemory } from "../../../src/memory/index.ts";
import type { CheckpointMemory } from "../../../src/memory/index.ts";
import { fixture } from "../fixtures.ts";

const SYSCALL = 2n;

/** Program counter, function and line. Of the runtime's own assembly delve says the line behind a call: those have none. */
type Call = readonly [pc: bigint, name: string, line: number];

const callOf = (pc: string | number | bigint, name: string, line: number): Call => [
  BigInt(pc),
  name,
  /^(main|syscall)\./.test(name) ? line : 0,
];

const callsIn = (text: string): readonly Call[] =>
  [...text.matchAll(/^\s*\d+ +(0x[0-9a-f]+) in (\S+)\n\s+at .*:(\d+)/gm)].map(
    ([, pc = "", name = "", line]) => callOf(pc, name, Number(line)),
  );

for (const [title, by, outermost, prepare] of [
  ["", "cfi", "runtime.clone", (program: Buffer) => program],
  // Nobody calls a thread's start, by Go's tables.
  [" without call frame information", "go table", "runtime.mstart", withoutFrames],
] as const)
  describe(`a frozen program of Go${title}`, () => {
    let folder: string;
    let trees: readonly FileTree[];
    let checkpoint: Checkpoint;
    let memory: CheckpointMemory;
    let target: FrozenTarget;
    let threads: readonly FrozenThread[];
    const found = new Set<string>();
    /** What delve said of threads, and of goroutines. */
    let told: { readonly threads: ReadonlyMap<number, readonly Call[]>; readonly goroutines: string };

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "go-checkpoint-"));
      const root = join(folder, "root");
      await mkdir(join(root, "opt/frozen"), { recursive: true });
      const program = await readFile(join(await fixture("unwind/go-frozen"), "frozen"));
      await writeFile(join(root, "opt/frozen/frozen"), prepare(program));
      const from = await fixture("unwind/go-checkpoint");
      trees = [await openTree(join(from, "img")), await openTree(root)];
      const [images, sysroot] = trees;
      assert.ok(images && sysroot);
      checkpoint = await openCheckpoint(images);
      memory = openMemory(checkpoint, { sysroot });
      target = new FrozenTarget(checkpoint, memory, checkpoint.processes, sysroot);
      threads = await target.threads();
      const text = await readFile(join(from, "delve.txt"), "utf8");
      const [stacks = "", goroutines = ""] = text.split(/^GOROUTINES$/m);
      const rows = stacks.split(/^STACK /m).slice(1);
      told = {
        threads: new Map(rows.map((row) => [Number.parseInt(row, 10), callsIn(row)])),
        goroutines,
      };
    });
    after(async () => {
      await target.close();
      await memory.close();
      await checkpoint.close();
      for (const tree of trees) await tree.close();
      await rm(folder, { recursive: true, force: true });
    });

    async function callsOf(thread: FrozenThread): Promise<readonly Call[]> {
      const frames = await target.frames(thread);
      for (const { frame } of frames.slice(1)) found.add(frame.foundBy);
      return frames.map((frame) =>
        callOf(frame.frame.programCounter, frameName(frame), frameSource(frame)?.line ?? 0),
      );
    }

    it("has the threads, and in each the calls, that delve has", async () => {
      const own = threads.filter(({ goroutine }) => goroutine === undefined);
      assert.deepEqual(own.map(({ thread }) => thread.tid).toSorted(), [...told.threads.keys()].toSorted());
      let compared = 0;
      for (const thread of own) {
        const all = told.threads.get(thread.thread.tid) ?? [];
        // Behind the thread's start delve goes on with the stack that its scheduler left.
        const start = all.findIndex(([, name]) => name === outermost);
        const expected = start < 0 ? all : all.slice(0, start + 1);
        assert.ok(expected.length > 2);
        const calls = (await callsOf(thread)).slice(0, expected.length);
        // CRIU sets one that is in a call of the kernel back to the instruction that makes the call, of two bytes.
        const [inner, ...outer] = calls;
        const [first, ...others] = expected;
        assert.ok(inner && first && [0n, SYSCALL].includes(first[0] - inner[0]), `${thread.thread.tid}`);
        assert.equal(inner[1], first[1]);
        assert.deepEqual(outer, others, `${thread.thread.tid}`);
        compared += expected.length;
      }
      assert.ok(compared > 40, `${compared}`);
      assert.deepEqual([...found], [by]);
    });

    it("has the goroutines that no thread runs, what each waits for, and its calls", async () => {
      const expected = told.goroutines
        .split(/^\*? *Goroutine /m)
        .slice(1)
        .filter((each) => !/^.*\(thread \d+\)/.test(each));
      assert.ok(expected.length > 5);
      const parked = threads.filter(({ goroutine }) => goroutine !== undefined);
      for (const each of expected) {
        const id = BigInt(Number.parseInt(each, 10));
        const own = parked.find(({ goroutine }) => goroutine?.id === id);
        assert.ok(own, `goroutine ${id}`);
        const status = /^.*\[([^\]]*)\]$/m.exec(each.split("\n")[0] ?? "")?.[1];
        if (status !== undefined) assert.equal(own.goroutine?.status, status.replace(/ \d+$/, ""));
        assert.deepEqual(await callsOf(own), callsIn(each), `goroutine ${id}`);
      }
    });

    it("with more goroutines than are read has the first ones, and says that there are more", async () => {
      const { pid } = checkpoint.processes[0] ?? { pid: 0 };
      const registers = (await checkpoint.threads(pid)).value.flatMap((thread) => thread.registers ?? []);
      const find = async (limit?: number) =>
        findGoroutines(await target.space(pid), await target.modules(pid), registers, limit);
      const all = await find();
      assert.equal(all.hasMore, false);
      assert.deepEqual(target.crowded, []);
      const some = await find(4);
      assert.equal(some.hasMore, true);
      assert.ok(some.found.length > 0 && some.found.length <= 4);
      assert.deepEqual(
        some.found.map(({ id }) => id),
        all.found.slice(0, some.found.length).map(({ id }) => id),
      );
      assert.match(crowdedText(pid), /more than 10,000 goroutines/);
    });
  });

/** The program with its section of rules for stacks under another name, of the same size. */
function withoutFrames(program: Buffer): Buffer {
  const changed = Buffer.from(program);
  const name = /\0\.z?debug_frame\0/.exec(program.toString("latin1"));
  assert.ok(name);
  changed.write("x", name.index + 2, "latin1");
  return changed;
}
