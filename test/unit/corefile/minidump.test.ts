import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { CryoscopeError } from "../../../src/bytes/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import { loadedModules, openCoreTree, walkStack } from "../../../src/corefile/index.ts";
import { openMemory } from "../../../src/memory/index.ts";
import type { AddressSpace, CheckpointMemory } from "../../../src/memory/index.ts";
import { fixture } from "../fixtures.ts";
import { originsAt, textAt } from "../memory/support.ts";
import { makeMinidump, STREAM } from "./minidumps.ts";
import type { MadeMinidump } from "./minidumps.ts";

interface Opened {
  readonly checkpoint: Checkpoint;
  readonly memory: CheckpointMemory;
  readonly space: AddressSpace;
}

async function withMinidump<T>(
  path: string,
  use: (opened: Opened) => Promise<T>,
  sysroot?: string,
): Promise<T> {
  const tree = await openCoreTree(path);
  assert.ok(tree);
  const checkpoint = await openCheckpoint(tree);
  const root = sysroot === undefined ? undefined : await openTree(sysroot);
  const memory = openMemory(checkpoint, { sysroot: root });
  try {
    const [pid] = memory.pids;
    assert.ok(pid);
    return await use({ checkpoint, memory, space: await memory.space(pid) });
  } finally {
    await memory.close();
    await checkpoint.close();
    await root?.close();
    await tree.close();
  }
}

/** What lldb said of the live process that the minidumps are of: of the thread that crashed, then of the other one. */
interface Said {
  readonly text: string;
  readonly tids: readonly number[];
  readonly registers: readonly ReadonlyMap<string, bigint>[];
  readonly frames: readonly (readonly string[])[];
  /** Words from the stack pointer on. */
  readonly stacks: readonly ReadonlyMap<bigint, bigint>[];
}

async function said(folder: string): Promise<Said> {
  const text = await readFile(join(folder, "lives.txt"), "utf8");
  /** What follows each line of a command, up to the next. */
  const after = (command: string): string[] =>
    text
      .split(/^\(lldb\) /m)
      .filter((part) => part.startsWith(command))
      .map((part) => part.slice(command.length));
  const numbers = (part: string, pattern: RegExp): Map<string, bigint> =>
    new Map([...part.matchAll(pattern)].map(([, name = "", value = "0"]) => [name, BigInt(value)]));
  const stacks = after("memory read --size 8").map((part) => {
    const words = new Map<bigint, bigint>();
    for (const [, at = "0", ...values] of part.matchAll(/^(0x[0-9a-f]+): (0x[0-9a-f]+) (0x[0-9a-f]+)$/gm))
      for (const [index, value] of values.slice(0, 2).entries())
        words.set(BigInt(at) + BigInt(index * 8), BigInt(value));
    return words;
  });
  return {
    text,
    tids: [...(after("thread list")[0] ?? "").matchAll(/tid = (\d+)/g)].map(([, tid]) => Number(tid)),
    registers: after("register read").map((part) => numbers(part, /^ *(\w+) = (0x[0-9a-f]{16})/gm)),
    frames: after("bt").map((part) =>
      [...part.matchAll(/frame #\d+: 0x0*([0-9a-f]+)/g)].map(([, at = ""]) => at),
    ),
    // The second thread's were asked for first.
    stacks: stacks.toReversed(),
  };
}

/** lldb's names of registers that CRIU calls otherwise. */
const NAMES: Readonly<Record<string, string>> = {
  ...Object.fromEntries("ax bx cx dx si di bp sp ip flags".split(" ").map((name) => [`r${name}`, name])),
};
/** A minidump has no place for the bases; lldb writes ones for all that is narrower than 64 bits. */
const NOT_KEPT = new Set(["fs_base", "gs_base", "rflags", "cs", "ds", "es", "fs", "gs", "ss"]);
const PAGE = 4096n;

describe("a minidump, opened as a checkpoint", function () {
  this.timeout(60_000);
  let folder: string;
  let made: string;
  let lives: Said;

  before(async () => {
    folder = await fixture("memory/minidump");
    lives = await said(folder);
    assert.equal(lives.frames.length, 2);
    made = await mkdtemp(join(tmpdir(), "minidump-"));
  });
  after(async () => {
    await rm(made, { recursive: true, force: true });
  });

  async function withMade<T>(
    minidump: MadeMinidump | Buffer,
    use: (opened: Opened) => Promise<T>,
  ): Promise<T> {
    const path = join(made, "made.dmp");
    await writeFile(path, Buffer.isBuffer(minidump) ? minidump : makeMinidump(minidump));
    return withMinidump(path, use);
  }

  for (const kind of ["stack", "dirty"] as const) {
    const open = <T>(use: (opened: Opened) => Promise<T>): Promise<T> =>
      withMinidump(join(folder, `${kind}.dmp`), use);

    it(`(${kind}) has the mappings that lldb lists in it`, () =>
      open(async ({ space }) => {
        const listed = await readFile(join(folder, `${kind}.txt`), "utf8");
        // What has no rights and no name is a gap, or was mapped so: lldb doesn't tell.
        const regions = [...listed.matchAll(/^\[0x0*([0-9a-f]+)-0x0*([0-9a-f]+)\) ([r-][w-][x-])/gm)]
          .map(([, start, end, rights = ""]) => `${start}-${end} ${rights}`)
          .filter((region) => !region.endsWith("---"));
        assert.ok(regions.length > 20);
        assert.deepEqual(
          space.areas
            .map(
              ({ start, end, permissions }) =>
                `${start.toString(16)}-${end.toString(16)} ${permissions.slice(0, 3)}`,
            )
            .filter((region) => !region.endsWith("---")),
          regions,
        );
        const kindOf = (name: string): string | undefined =>
          space.areas.find((each) => each.name === name)?.kind;
        assert.deepEqual(["[heap]", "[stack]", "[vdso]", "[vvar]", "[vsyscall]"].map(kindOf), [
          "heap",
          "stack",
          "vdso",
          "vvar",
          "vsyscall",
        ]);
        assert.equal(kindOf("/tmp/minidump/threads"), "file");
      }));

    it(`(${kind}) has the threads with the registers that lldb read from the process, the crashed one first`, () =>
      open(async ({ checkpoint, space }) => {
        const { value: threads } = await checkpoint.threads(space.pid);
        assert.deepEqual(
          threads.map(({ tid }) => tid),
          lives.tids,
        );
        assert.equal(space.pid, lives.tids[0]);
        for (const [index, told] of lives.registers.entries()) {
          const registers = threads[index]?.registers?.general ?? {};
          let compared = 0;
          for (const [name, value] of told) {
            if (NOT_KEPT.has(name)) continue;
            assert.equal(
              registers[NAMES[name] ?? name]?.toString(16),
              value.toString(16),
              `${index} ${name}`,
            );
            compared++;
          }
          assert.equal(compared, 17);
        }
      }));

    it(`(${kind}) has the words on the stacks that lldb read from the process`, () =>
      open(async ({ space }) => {
        for (const stack of lives.stacks) {
          assert.equal(stack.size, 64);
          for (const [address, word] of stack) {
            const bytes = Buffer.from(await space.readBytes(address, 8));
            assert.equal(bytes.readBigUInt64LE(), word, address.toString(16));
          }
        }
      }));

    it(`(${kind}) has the frames of the thread that crashed, with the program as sysroot`, async () => {
      const root = await mkdtemp(join(tmpdir(), "minidump-root-"));
      const { mkdir, copyFile } = await import("node:fs/promises");
      await mkdir(join(root, "tmp/minidump"), { recursive: true });
      await copyFile(join(folder, "threads"), join(root, "tmp/minidump/threads"));
      await withMinidump(
        join(folder, `${kind}.dmp`),
        async ({ checkpoint, memory, space }) => {
          const { value: threads } = await checkpoint.threads(space.pid);
          const modules = loadedModules(memory, space);
          assert.ok(threads[0]?.registers);
          const { frames } = await walkStack(space, modules, threads[0].registers);
          // crash() and main(); the C library isn't there.
          assert.deepEqual(
            frames.slice(0, 2).map(({ programCounter }) => programCounter.toString(16)),
            lives.frames[0]?.slice(0, 2),
          );
          // The code, and constants behind it: what the minidump lacks is the file's.
          const program = await readFile(join(folder, "threads"));
          for (const at of [0x1000, 0x2000]) {
            const address = 0x555555554000n + BigInt(at);
            assert.deepEqual(await originsAt(space, address, 4096), ["file"]);
            assert.deepEqual(
              Buffer.from(await space.readBytes(address, 4096)),
              program.subarray(at, at + 4096),
            );
          }
          // What the linker and the program wrote to is not, whether it was kept or not.
          // lldb calls modified what can be written to now.
          assert.deepEqual(await originsAt(space, 0x555555557000n, 4096), ["lazy"]);
          const data = kind === "dirty" ? "dumped" : "lazy";
          assert.deepEqual(await originsAt(space, 0x555555558000n, 4096), [data]);
          await modules.close();
        },
        root,
      );
      await rm(root, { recursive: true });
    });

    it(`(${kind}) has the command line and the environment of the stack's end`, () =>
      open(async ({ checkpoint, space }) => {
        assert.deepEqual(checkpoint.process(space.pid)?.cmdline, ["/tmp/minidump/threads"]);
        assert.equal(checkpoint.process(space.pid)?.comm, "threads");
        const { value } = await checkpoint.environment(space.pid);
        assert.ok(
          value.variables.some(({ name, value: text }) => name === "MARKER" && text === "in-the-environment"),
        );
      }));

    it(`(${kind}) says that it has only a part of two pages`, () =>
      open(({ checkpoint }) => {
        const said = checkpoint.problems.filter(({ code }) => code === "archive.entry");
        assert.match(said[0]?.message ?? "", /^Of 2 pages the minidump has only a part/);
        return Promise.resolve();
      }));
  }

  it("has what the program wrote to its data and heap where lldb found it, or says that it is missing", async () => {
    const data = BigInt(/^(0x[0-9a-f]+): "MARKER in the data"/m.exec(lives.text)?.[1] ?? "0");
    const heap = BigInt(/^data found at location: (0x[0-9a-f]+)/m.exec(lives.text)?.[1] ?? "0");
    assert.ok(data > 0n && heap > 0n);
    await withMinidump(join(folder, "dirty.dmp"), async ({ space }) => {
      assert.equal(await textAt(space, data, 19), "MARKER in the data");
      assert.equal(await textAt(space, heap, 19), "MARKER on the heap");
    });
    await withMinidump(join(folder, "stack.dmp"), async ({ space }) => {
      assert.deepEqual(await originsAt(space, heap, 1), ["lazy"]);
    });
  });

  it("has ranges that begin and end anywhere, overlap, and lie in a list of 64 bits", async () => {
    const memory = [
      { start: 0x10ff0n, bytes: Buffer.from("across the border of two pages") },
      { start: 0x10ff7n, bytes: Buffer.from("XXX") },
      { start: 0x30000n, bytes: Buffer.alloc(4096, "z") },
    ];
    for (const isLarge of [false, true])
      await withMade(
        { threads: [{ tid: 5, context: Buffer.alloc(0) }], memory, isLarge },
        async ({ space }) => {
          assert.equal(space.pid, 5);
          assert.deepEqual(
            space.areas.map(({ start, end }) => [start, end]),
            [
              [0x10000n, 0x12000n],
              [0x30000n, 0x31000n],
            ],
          );
          assert.equal(await textAt(space, 0x10ff0n, 64), "across the border of two pages");
          assert.equal(await textAt(space, 0x30000n, 8), "zzzzzzzz");
          assert.deepEqual(await originsAt(space, 0x10000n, 8192), ["dumped"]);
        },
      );
  });

  it("has the mappings of a list of regions, as Crashpad writes it", async () => {
    const region = (start: bigint, size: bigint, state: number, protection: number): Buffer => {
      const bytes = Buffer.alloc(48);
      bytes.writeBigUInt64LE(start, 0);
      bytes.writeBigUInt64LE(size, 24);
      bytes.writeUInt32LE(state, 32);
      bytes.writeUInt32LE(protection, 36);
      return bytes;
    };
    const head = Buffer.alloc(16);
    head.writeUInt32LE(16, 0);
    head.writeUInt32LE(48, 4);
    head.writeUInt32LE(3, 8);
    const [commit, free] = [0x1000, 0x10000];
    const regions = Buffer.concat([
      head,
      region(0x10000n, 2n * PAGE, commit, 0x20),
      region(0x12000n, PAGE, free, 1),
      region(0x13000n, PAGE, commit, 4),
    ]);
    const memory = [{ start: 0x13010n, bytes: Buffer.from("here") }];
    const threads = [{ tid: 5, context: Buffer.alloc(0) }];
    await withMade({ threads, memory, streams: { [STREAM.regions]: regions } }, async ({ space }) => {
      assert.deepEqual(
        space.areas.map(({ start, end, permissions }) => [start, end, permissions]),
        [
          [0x10000n, 0x12000n, "r-xp"],
          [0x13000n, 0x14000n, "rw-p"],
        ],
      );
      assert.equal(await textAt(space, 0x13010n, 4), "here");
      assert.deepEqual(await originsAt(space, 0x10000n, 4096), ["lazy"]);
    });
  });

  it("has the registers of 64-bit Arm in the forms of Microsoft and of Breakpad", async () => {
    // x0 is 0x100, x1 0x101 …, then sp and pc; the processor state is 0x60001000.
    const context = (isOld: boolean): Buffer => {
      const bytes = Buffer.alloc(isOld ? 796 : 912);
      if (isOld) bytes.writeBigUInt64LE(0x8000_0006n, 0);
      else bytes.writeUInt32LE(0x40_0007, 0);
      for (let index = 0; index < 33; index++) bytes.writeBigUInt64LE(0x100n + BigInt(index), 8 + index * 8);
      bytes.writeUInt32LE(0x6000_1000, isOld ? 272 : 4);
      return bytes;
    };
    for (const [architecture, isOld] of [
      [12, false],
      [0x8003, true],
    ] as const)
      await withMade(
        {
          architecture,
          threads: [{ tid: 5, context: context(isOld) }],
          memory: [{ start: 0x1000n, bytes: Buffer.alloc(16) }],
        },
        async ({ checkpoint }) => {
          const { value } = await checkpoint.threads(5);
          const general = value[0]?.registers?.general ?? {};
          assert.deepEqual(
            [general["x0"], general["x30"], general["sp"], general["pc"], general["pstate"]],
            [0x100n, 0x11en, 0x11fn, 0x120n, 0x6000_1000n],
          );
          assert.equal(checkpoint.criu.architecture, "AARCH64");
        },
      );
  });

  it("of another system, without threads, or with more streams than there can be is refused in words", async () => {
    const code = (minidump: MadeMinidump | Buffer): Promise<string> =>
      withMade(minidump, () => Promise.resolve("opened")).catch(
        (error: unknown) => (error as { code: string }).code,
      );
    const threads = [{ tid: 5, context: Buffer.alloc(0) }];
    const memory = [{ start: 0x1000n, bytes: Buffer.alloc(16) }];
    assert.equal(await code({ threads, memory }), "opened");
    assert.equal(await code({ threads, memory, platform: 2 }), "corefile.otherSystem");
    assert.equal(await code({ memory }), "corefile.badMinidump");
    const many = makeMinidump({ threads, memory });
    many.writeUInt32LE(0xffff_ffff, 8);
    assert.equal(await code(many), "corefile.badMinidump");
    const away = makeMinidump({ threads, memory });
    away.writeUInt32LE(0xffff_fff0, 12);
    assert.equal(await code(away), "bytes.truncated");
  });

  it("that lies about sizes gives what is there, or is refused, and takes no memory for it", async () => {
    const real = await readFile(join(folder, "stack.dmp"));
    let [opened, refused] = [0, 0];
    const before = process.memoryUsage().rss;
    const check = async (bytes: Buffer): Promise<void> => {
      try {
        await withMade(bytes, async ({ checkpoint, space }) => {
          await checkpoint.threads(space.pid);
          for (const area of space.areas.slice(0, 40)) await space.read(area.start, 64);
        });
        opened++;
      } catch (error) {
        assert.ok(error instanceof CryoscopeError, String(error));
        refused++;
      }
    };
    // Each word of the directory and of the lists that it leads to, but for text, becomes one that lies.
    const directory = real.readUInt32LE(12);
    const places = Array.from({ length: 13 * 3 }, (_, index) => directory + index * 4);
    for (let stream = 0; stream < 13; stream++) {
      const type = real.readUInt32LE(directory + stream * 12);
      const size = real.readUInt32LE(directory + stream * 12 + 4);
      const at = real.readUInt32LE(directory + stream * 12 + 8);
      if (type < 0x100)
        for (let place = at; place + 4 <= at + Math.min(size, 64); place += 4) places.push(place);
    }
    for (const place of places)
      for (const lie of [0xffff_ffff, 0]) {
        const bytes = Buffer.from(real);
        bytes.writeUInt32LE(lie, place);
        await check(bytes);
      }
    for (let size = 8; size < real.length; size += 1501) await check(real.subarray(0, size));
    assert.ok(opened > 100 && refused > 5, `${opened} opened, ${refused} refused`);
    assert.ok(process.memoryUsage().rss - before < 256 * 1024 * 1024);
  });
});
