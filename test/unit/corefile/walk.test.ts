import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadedModules, walkStack } from "../../../src/corefile/index.ts";
import type { Frame, LoadedModules, Stack } from "../../../src/corefile/index.ts";
import type { FileTree } from "../../../src/archive/index.ts";
import { openFileSource } from "../../../src/bytes/index.ts";
import type { ByteSource } from "../../../src/bytes/index.ts";
import { fixture } from "../fixtures.ts";
import { coreProcess } from "./core-space.ts";

interface GdbFrame {
  readonly pc: string;
  readonly name: string;
  readonly line: number;
  readonly registers: Readonly<Record<string, string>>;
}

/** Registers by the numbers of the psABI, by the names of gdb. */
const NUMBERS: Readonly<Record<string, number>> = {
  rsp: 7,
  rbx: 3,
  rbp: 6,
  r12: 12,
  r13: 13,
  r14: 14,
  r15: 15,
};

/** What frames.gdb of the fixture printed: frames of each thread with what is known of their registers. */
async function gdbThreads(): Promise<ReadonlyMap<number, readonly GdbFrame[]>> {
  const threads = new Map<number, GdbFrame[]>();
  let frames: GdbFrame[] = [];
  const text = await readFile(join(await fixture("unwind/calls"), "gdb.txt"), "utf8");
  for (const [kind = "", first = "", name = "", place = "", ...registers] of text
    .trim()
    .split("\n")
    .map((line) => line.split(" "))) {
    if (kind === "thread") threads.set(Number(first), (frames = []));
    else
      frames.push({
        ...{ pc: first, name, line: place.startsWith("-") ? 0 : Number(place.split(":")[1]) },
        registers: Object.fromEntries(registers.map((each) => each.split("=") as [string, string])),
      });
  }
  return threads;
}

async function stacks(without = false): Promise<ReadonlyMap<number, Stack>> {
  const { memory, space, threads, close } = await coreProcess("unwind/calls", { without });
  const modules = loadedModules(memory, space);
  const found = new Map<number, Stack>();
  for (const { tid, registers } of threads) found.set(tid, await walkStack(space, modules, registers));
  await close();
  return found;
}

const hex = (value: bigint | undefined): string | undefined => value?.toString(16);

describe("a walk of a stack", () => {
  let expected: ReadonlyMap<number, readonly GdbFrame[]>;
  let found: ReadonlyMap<number, Stack>;
  const framesOf = (tid: number): readonly Frame[] => found.get(tid)?.frames ?? [];

  before(async () => {
    expected = await gdbThreads();
    found = await stacks();
  });

  it("finds the frames that gdb finds, through a signal handler on its own stack, without frame pointers", () => {
    assert.deepEqual([...found.keys()].toSorted(), [...expected.keys()].toSorted());
    for (const [tid, frames] of expected)
      assert.deepEqual(
        framesOf(tid)
          .slice(0, frames.length)
          .map(({ programCounter }) => hex(programCounter)),
        frames.map(({ pc }) => pc),
      );
  });

  it("names the functions and lines that gdb names", () => {
    for (const [tid, frames] of expected)
      assert.deepEqual(
        framesOf(tid)
          .slice(0, frames.length)
          .map(({ function: called, source }) => [called?.name, source?.line ?? 0]),
        frames.map(({ name, line }) => [name, line]),
      );
  });

  it("restores the registers of every frame as gdb does", () => {
    for (const [tid, frames] of expected)
      for (const [index, { registers }] of frames.entries())
        for (const [name, value] of Object.entries(registers)) {
          const known = framesOf(tid)[index]?.registers.get(NUMBERS[name] ?? -1);
          assert.equal(hex(known), value, `frame ${index} ${name}`);
        }
  });

  it("marks what returns from a signal handler", () => {
    const marked = [...found.values()]
      .flatMap(({ frames }) => frames)
      .filter(({ isSignalFrame }) => isSignalFrame);
    assert.deepEqual(
      marked.map(({ function: called }) => called?.name),
      ["__restore_rt"],
    );
  });

  it("ends where the program says that it does", () => {
    for (const { end } of found.values()) assert.equal(end, "outermost");
  });

  it("works with the program's memory alone, only without names", async () => {
    const alone = await stacks(true);
    for (const [tid, frames] of expected) {
      const walked = alone.get(tid)?.frames ?? [];
      assert.deepEqual(
        walked.slice(0, frames.length).map(({ programCounter }) => hex(programCounter)),
        frames.map(({ pc }) => pc),
      );
      assert.ok(walked.slice(1).every(({ foundBy }) => foundBy === "cfi"));
      assert.ok(walked.every(({ function: called }) => called === undefined));
    }
  });

  it("names what was stripped from the program by its debug file", async () => {
    const { memory, space, threads, close } = await coreProcess("unwind/calls", { stripped: true });
    const program = join(await fixture("unwind/calls"), "calls");
    const opened: ByteSource[] = [];
    const id = "6".repeat(40);
    const modulesOf = (sysroot: FileTree | undefined): LoadedModules => loadedModules(memory, space, sysroot);
    const bare = modulesOf(undefined);
    for (const { registers } of threads) {
      const { frames } = await walkStack(space, bare, registers);
      assert.ok(frames.every(({ function: called, source }) => called === undefined && source === undefined));
      assert.ok(frames.slice(1).every(({ foundBy }) => foundBy === "cfi"));
    }
    const modules = modulesOf(debugTree(await buildId(program), program, opened));
    for (const { tid, registers } of threads)
      assert.deepEqual(
        (await walkStack(space, modules, registers)).frames.map(({ function: called }) => called?.name),
        framesOf(tid).map(({ function: called }) => called?.name),
      );
    assert.equal(opened.length, 1);
    await modules.close();
    const other = modulesOf(debugTree(id, program, opened));
    const [first] = threads;
    assert.ok(first);
    const { frames } = await walkStack(space, other, first.registers);
    assert.equal(frames[0]?.function, undefined);
    await other.close();
    await close();
  });
});

/** A sysroot that has `file` as the debug file of the build id. */
function debugTree(id: string, file: string, opened: ByteSource[]): FileTree {
  const path = `usr/lib/debug/.build-id/${id.slice(0, 2)}/${id.slice(2)}.debug`;
  const tree: Partial<FileTree> = {
    stat: (asked) => Promise.resolve(asked === path ? { name: "", path, kind: "file", size: 1 } : undefined),
    open: async () => {
      const source = await openFileSource(file);
      opened.push(source);
      return source;
    },
  };
  // Nothing else is asked of a sysroot for debug files.
  return tree as FileTree;
}

/** `readelf -n` prints what follows the note's head of 16 bytes. */
async function buildId(file: string): Promise<string> {
  const bytes = await readFile(file);
  const head = Buffer.from("040000001400000003000000474e5500", "hex");
  const at = bytes.indexOf(head) + head.length;
  return bytes.toString("hex", at, at + 20);
}
