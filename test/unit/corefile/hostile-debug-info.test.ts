import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bufferSource, CryoscopeError } from "../../../src/bytes/index.ts";
import { evaluateExpression } from "../../../src/corefile/dwarf/expression.ts";
import { openCallFrames } from "../../../src/corefile/dwarf/call-frames.ts";
import { openLines } from "../../../src/corefile/dwarf/lines.ts";
import { Cursor } from "../../../src/corefile/elf/cursor.ts";
import { openElfFile } from "../../../src/corefile/elf/elf-file.ts";
import { openSymbols } from "../../../src/corefile/elf/symbols.ts";
import { loadedModules, walkStack } from "../../../src/corefile/index.ts";
import type { LoadedModules, Stack } from "../../../src/corefile/index.ts";
import type { CheckpointMemory } from "../../../src/memory/index.ts";
import { fixture } from "../fixtures.ts";
import { areaOf, coreProcess, registersWith, spaceOf } from "./core-space.ts";

const CODE = 0x40_0000n;
const STACK = 0x7fff_0000n;
const STACK_SIZE = 64 * 1024;
/** `call rel32` everywhere: any address in it looks like a return address. */
const CALLS = Buffer.alloc(4096, 0xe8);

/** Modules that all have the same call frame information. */
function ruled(instructions: Uint8Array): LoadedModules {
  const common = { codeAlign: 1n, dataAlign: -8n, returnAddress: 16, encoding: 0, hasAugmentation: false };
  const entry = { start: CODE, end: CODE + 4096n, instructions };
  const nothing = { at: () => Promise.resolve(undefined) };
  const module = {
    ...{
      bias: 0n,
      elf: { header: { littleEndian: true, is64: true } },
      symbols: nothing,
      lines: nothing,
      go: nothing,
    },
    debugInfo: { functionsAt: () => Promise.resolve([]) },
    onDamage: () => undefined,
    frames: {
      at: () =>
        Promise.resolve({
          ...entry,
          common: { ...common, isSignalFrame: false, instructions: new Uint8Array(0) },
        }),
    },
  };
  // A walk asks a module for nothing else.
  return { at: () => Promise.resolve(module) } as unknown as LoadedModules;
}

/** A walk over a stack with these words at its bottom, in a program without call frame information, or with `rules`. */
async function walkOver(words: readonly bigint[], framePointer = 0n, rules?: Uint8Array): Promise<Stack> {
  const bytes = Buffer.alloc(STACK_SIZE);
  words.forEach((word, index) => bytes.writeBigUInt64LE(BigInt.asUintN(64, word), index * 8));
  const space = spaceOf(
    {
      segments: [
        { start: CODE, size: 4096n, bytes: CALLS, flags: 5 },
        { start: STACK, size: BigInt(STACK_SIZE), bytes, flags: 6 },
      ],
    },
    [areaOf(CODE, CODE + 4096n, 5, undefined), areaOf(STACK, STACK + BigInt(STACK_SIZE), 6, undefined)],
  );
  // Asked for files only, of which there are none.
  const memory = { files: { find: () => Promise.resolve("noFile") } } as unknown as CheckpointMemory;
  const registers = registersWith({ ip: CODE + 16n, sp: STACK, bp: framePointer });
  return walkStack(space, rules ? ruled(rules) : loadedModules(memory, space), registers);
}

describe("a stack that was smashed", () => {
  it("ends where a frame pointer points to itself", async () => {
    const { frames, end } = await walkOver([STACK, CODE + 32n], STACK);
    assert.ok(frames.length <= 20);
    assert.notEqual(end, "outermost");
  });

  it("ends where frame pointers go round in a circle", async () => {
    const round = [STACK + 32n, CODE + 32n, 0n, 0n, STACK, CODE + 48n];
    const { frames } = await walkOver(round, STACK);
    assert.ok(frames.length <= 20);
  });

  it("ends in a circle where a function's own rules lead back to where it is", async () => {
    // DW_CFA_def_cfa rsp 0; DW_CFA_offset rip 0: the caller's stack is this one's, its return address at the beginning.
    const rules = Uint8Array.of(0x0c, 7, 0, 0x80 | 16, 0);
    const { frames, end } = await walkOver([CODE + 32n], 0n, rules);
    assert.deepEqual(
      frames.map(({ programCounter }) => programCounter),
      [CODE + 16n, CODE + 32n],
    );
    assert.equal(end, "cycle");
  });

  it("ends after some guesses where every word looks like a return address", async () => {
    const { frames } = await walkOver(
      Array.from({ length: 8000 }, (_, index) => CODE + 8n + BigInt(index % 4000)),
    );
    assert.ok(frames.length <= 20);
    assert.ok(frames.slice(1).every(({ foundBy }) => foundBy === "scan"));
  });

  it("ends at the limit where a chain of frame pointers has no end", async () => {
    const words: bigint[] = [];
    for (let at = 0n; at < BigInt(STACK_SIZE); at += 16n) words.push(STACK + at + 16n, CODE + 64n);
    const { frames, end } = await walkOver(words, STACK);
    assert.equal(frames.length, 256);
    assert.equal(end, "limit");
  });

  it("has one frame where the stack pointer points nowhere, and none of nonsense", async () => {
    for (const sp of [0n, 1n, (1n << 64n) - 8n, STACK + BigInt(STACK_SIZE)]) {
      const space = spaceOf({ segments: [] }, []);
      const memory = { files: { find: () => Promise.resolve("noFile") } } as unknown as CheckpointMemory;
      const registers = registersWith({ ip: sp, sp, bp: sp });
      const { frames } = await walkStack(space, loadedModules(memory, space), registers);
      assert.equal(frames.length, 1);
    }
  });
});

describe("debug information that was tampered with", () => {
  let program: Buffer;

  before(async () => {
    program = await readFile(join(await fixture("unwind/calls"), "calls"));
  });

  /** Bytes changed here and there between two offsets, the same ones for a seed. */
  function damaged(from: number, to: number, seed: number): Buffer {
    const bytes = Buffer.from(program);
    let state = seed;
    for (let count = 0; count < 64; count++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      bytes[from + (state % (to - from))] = state >>> 24;
    }
    return bytes;
  }

  it("gives fewer frames, symbols or lines, and never an error nor an endless loop", async () => {
    const sound = await openElfFile(bufferSource(program));
    assert.ok(sound);
    const wanted = [".eh_frame", ".eh_frame_hdr", ".symtab", ".strtab", ".debug_line", ".debug_str"];
    const places = sound.sections.filter(({ name }) => wanted.includes(name));
    assert.ok(places.length >= 5);
    const address = (await openSymbols(sound).named("trap"))?.address ?? 0n;
    assert.ok(address > 0n);
    for (const { offset, size } of [...places, { offset: 0, size: 1024 }])
      for (let seed = 1; seed <= 6; seed++) {
        const elf = await openElfFile(bufferSource(damaged(offset, offset + size, seed)));
        if (elf === undefined) continue;
        const frames = openCallFrames(elf);
        const lines = openLines(elf);
        const symbols = openSymbols(elf);
        for (const at of [address, address + 9n, 0n, (1n << 64n) - 1n])
          await Promise.all([frames.at(at), lines.at(at), symbols.at(at)]);
        await symbols.named("main");
      }
  });

  it("is cut anywhere, and the rest is read", async () => {
    for (const size of [0, 3, 63, 64, 500, 4096, 600_000, program.length - 1]) {
      const elf = await openElfFile(bufferSource(program.subarray(0, size)));
      await elf?.readAt(0x9000n, 64);
      if (elf) await openCallFrames(elf).at(0x9000n);
      if (elf) await openLines(elf).at(0x9000n);
      if (elf) await openSymbols(elf).at(0x9000n);
    }
  });

  it("is of another program: the stack still ends", async () => {
    const { memory, space, threads, close } = await coreProcess("unwind/calls");
    for (let seed = 1; seed <= 8; seed++) {
      const source = bufferSource(damaged(0xb0000, 0xbf000, seed));
      const found = { path: "/calls", from: "sysroot" as const, source };
      // As in the other tests: files are all that is asked for.
      const other = {
        ...memory,
        files: { find: () => Promise.resolve(found) },
      } as unknown as CheckpointMemory;
      for (const { registers } of threads) {
        const { frames } = await walkStack(space, loadedModules(other, space), registers);
        assert.ok(frames.length >= 1 && frames.length <= 256);
      }
    }
    await close();
  });
});

describe("a DWARF expression", () => {
  const context = {
    littleEndian: true,
    bias: 0x1000n,
    register: (number: number): bigint | undefined => (number < 17 ? BigInt(number) * 16n : undefined),
    memory: (address: bigint): Promise<bigint | undefined> => Promise.resolve(address + 1n),
  };
  const run = (...bytes: readonly number[]): Promise<bigint | undefined> =>
    evaluateExpression(Uint8Array.from(bytes), context);

  it("calculates as DWARF 5 says", async () => {
    // DW_OP_breg7 (rsp) +8; breg16 (rip); lit15; and; lit11; ge; lit3; shl; plus: what linkers write for the PLT.
    assert.equal(await run(0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22), 112n + 8n);
    // lit5; lit3; minus. const1s -1. const2u 0x1234. breg6 -16; deref.
    assert.equal(await run(0x35, 0x33, 0x1c), 2n);
    assert.equal(await run(0x09, 0xff), (1n << 64n) - 1n);
    assert.equal(await run(0x0a, 0x34, 0x12), 0x1234n);
    assert.equal(await run(0x76, 0x70, 0x06), 96n - 16n + 1n);
    assert.equal(await run(0x31, 0x23, 0x80, 0x01), 129n);
  });

  it("says that a register isn't known", async () => {
    assert.equal(await run(0x90, 40), undefined);
  });

  it("ends when it would not", async () => {
    // DW_OP_skip -3: to itself. DW_OP_dup without end is as long as its bytes.
    for (const bytes of [
      [0x2f, 0xfd, 0xff],
      [0x2f, 0x00, 0x80],
      [0x22],
      [0xff],
      [0x08],
      [0x31, ...Array.from({ length: 300 }, () => 0x12)],
    ])
      await assert.rejects(
        run(...bytes),
        (error) => error instanceof CryoscopeError && error.code.startsWith("elf."),
      );
  });
});

describe("LEB128", () => {
  it("reads the examples of the DWARF standard", () => {
    // DWARF 5, tables 7.7 and 7.8.
    const unsigned = [[2], [127], [0x80, 1], [0x81, 1], [0x82, 1], [0xb9, 0x64]];
    assert.deepEqual(
      unsigned.map((bytes) => new Cursor(Uint8Array.from(bytes), true).uleb()),
      [2n, 127n, 128n, 129n, 130n, 12857n],
    );
    const signed = [[2], [0x7e], [0xff, 0], [0x81, 0x7f], [0x80, 1], [0x80, 0x7f], [0x81, 1], [0xff, 0x7e]];
    assert.deepEqual(
      signed.map((bytes) => new Cursor(Uint8Array.from(bytes), true).sleb()),
      [2n, -2n, 127n, -127n, 128n, -128n, 129n, -129n],
    );
  });
});
