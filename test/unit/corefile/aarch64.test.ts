// A program of 64-bit Arm whose return addresses are signed, frozen by CRIU on a kernel of that machine; gdb there said
// what its threads were in (the fixture's frames.gdb).
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { loadedModules, openFileSink, walkStack, writeCore } from "../../../src/corefile/index.ts";
import type { Stack } from "../../../src/corefile/index.ts";
import { openMemory } from "../../../src/memory/index.ts";
import { withCheckpoint } from "../checkpoint/support.ts";
import { fixture } from "../fixtures.ts";
import { readCore } from "./core-notes.ts";
import type { ReadCore } from "./core-notes.ts";

interface GdbThread {
  readonly tid: number;
  readonly frames: readonly {
    readonly pc: string;
    readonly name: string | null;
    readonly line: number;
    readonly registers: Readonly<Record<string, string>>;
  }[];
  /** The 128 bits of each, the high half first. */
  readonly vectors: Readonly<Record<string, string>>;
}

const [PRSTATUS, FPREGSET, TLS, PAC_MASK] = [1, 2, 0x401, 0x406];
/** `elf_prstatus`: pid at 32, registers at 112: x0 to x30, sp, pc, pstate. */
const [PID_AT, REGISTERS_AT, REGISTERS] = [32, 112, 34];

describe("a frozen program of 64-bit Arm", () => {
  let folder: string;
  let threads: readonly GdbThread[];
  let core: ReadCore;
  const stacks = new Map<number, Stack>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "aarch64-"));
    const from = await fixture("unwind/aarch64");
    const told = JSON.parse(await readFile(join(from, "gdb.json"), "utf8")) as { threads: GdbThread[] };
    ({ threads } = told);
    const sysroot = await openTree(join(from, "root"));
    await withCheckpoint("unwind/aarch64", "img", async (checkpoint) => {
      const memory = openMemory(checkpoint, { sysroot });
      const pid = checkpoint.processes[0]?.pid ?? 0;
      const space = await memory.space(pid);
      const modules = loadedModules(memory, space, sysroot);
      for (const { tid, registers } of (await checkpoint.threads(pid)).value)
        if (registers) stacks.set(tid, await walkStack(space, modules, registers));
      const sink = await openFileSink(join(folder, "core"));
      await writeCore(checkpoint, memory, pid, sink);
      await sink.done();
      await modules.close();
      await memory.close();
    });
    await sysroot.close();
    core = await readCore(join(folder, "core"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const of = (type: number | undefined): readonly Buffer[] =>
    core.notes.filter((note) => note.type === type).map(({ content }) => content);

  it("has the frames, names and lines that gdb had, through signed addresses and a signal handler", () => {
    assert.equal(stacks.size, 3);
    for (const { tid, frames } of threads) {
      const walked = stacks.get(tid);
      assert.equal(walked?.end, "outermost");
      // gdb goes no further than main.
      const seen = walked.frames.slice(0, frames.length);
      assert.deepEqual(
        seen.map(({ programCounter, function: called, source }) => [
          programCounter.toString(16),
          called?.name,
          source?.line ?? 0,
        ]),
        frames.map(({ pc, name, line }) => [pc, name, line]),
      );
    }
    const kinds = [...stacks.values()].flatMap(({ frames }) => frames.map(({ foundBy }) => foundBy));
    assert.equal(kinds.filter((kind) => kind === "signal frame").length, 1);
    assert.ok(kinds.every((kind) => kind === "cfi" || kind === "signal frame" || kind === "registers"));
  });

  it("has the preserved registers that gdb had in each frame", () => {
    // x19 to x29 and the stack pointer, by DWARF's numbers.
    const numbers = [...Array.from({ length: 11 }, (_, index) => 19 + index), 31];
    let compared = 0;
    for (const { tid, frames } of threads)
      for (const [index, { registers }] of frames.entries())
        for (const number of numbers) {
          const told = registers[number === 31 ? "sp" : `x${number}`];
          const walked = stacks.get(tid)?.frames[index]?.registers.get(number);
          if (told !== undefined)
            assert.equal(walked?.toString(16), told, `${tid} frame ${index} x${number}`);
          compared++;
        }
    assert.ok(compared > 250, `${compared} registers compared`);
  });

  it("gives a core with each thread's registers as gdb had them", () => {
    const notes = of(PRSTATUS);
    assert.equal(core.machine, 183);
    assert.deepEqual(
      notes.map((note) => note.readInt32LE(PID_AT)).toSorted((a, b) => a - b),
      threads.map(({ tid }) => tid).toSorted((a, b) => a - b),
    );
    for (const note of notes) {
      const told = threads.find(({ tid }) => tid === note.readInt32LE(PID_AT))?.frames[0]?.registers ?? {};
      for (let index = 0; index < REGISTERS; index++) {
        const name = index < 31 ? `x${index}` : ["sp", "pc", "cpsr"][index - 31];
        // CRIU goes back to the instruction that calls the kernel, and to what its first argument was.
        if (name === "x0" || name === "pc") continue;
        const value = note.readBigUInt64LE(REGISTERS_AT + index * 8).toString(16);
        assert.equal(value, told[name ?? ""], `${name}`);
      }
    }
  });

  it("gives a core with each thread's vector registers and base of its own storage", () => {
    const notes = of(FPREGSET);
    const order = of(PRSTATUS).map((note) => note.readInt32LE(PID_AT));
    for (const [index, note] of notes.entries()) {
      const { vectors = {}, frames = [] } = threads.find(({ tid }) => tid === order[index]) ?? {};
      for (let register = 0; register < 32; register++) {
        const [low, high] = [0, 8].map((at) => note.readBigUInt64LE(register * 16 + at));
        const words = [high, low].map((word) => word?.toString(16).padStart(16, "0"));
        assert.equal(words.join(" "), vectors[`v${register}`], `v${register}`);
      }
      assert.equal(of(TLS)[index]?.readBigUInt64LE(0).toString(16), frames[0]?.registers["tpidr"]);
    }
    assert.equal(Object.values(threads[0]?.vectors ?? {}).filter((value) => /a5a5/.test(value)).length, 1);
  });

  it("tells debuggers which bits of an address are its signature: those of the kernel, and no bit of any mapping", () => {
    // The kernel of the fixture has addresses of 52 bits, which a process gets where it asks for them alone.
    const kernel = BigInt(`0x${threads[0]?.frames[0]?.registers["pauth_cmask"]}`);
    const masks = of(PAC_MASK).map((note) => [note.readBigUInt64LE(0), note.readBigUInt64LE(8)]);
    assert.equal(masks.length, threads.length);
    for (const [data = 0n, code = 0n] of masks) {
      assert.equal(data, code);
      assert.equal(code & kernel, kernel);
      assert.equal(code >> 55n, 0n);
      for (const { start, size } of core.segments) assert.equal((start + size - 1n) & code, 0n);
    }
  });
});
