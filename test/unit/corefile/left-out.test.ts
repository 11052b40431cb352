// A core by gdb's gcore with the default filter: it has no segment of code and constants. What is said of it is compared with
// what gdb said of the same files (gdb.txt; main.c of the fixture says how it was made).
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import { loadedModules, openCoreTree, walkStack } from "../../../src/corefile/index.ts";
import { openMemory } from "../../../src/memory/index.ts";
import type { AddressSpace, CheckpointMemory } from "../../../src/memory/index.ts";
import { fixture } from "../fixtures.ts";

const PROGRAM = "/srv/stacks/main";
const LIBRARY = "/srv/stacks/library.so";
const WORDS = "/srv/stacks/words.txt";

describe("a core that gcore left unchanged files out of", () => {
  let left: string;
  let folder: string;

  before(async () => {
    left = await fixture("unwind/left-out");
    folder = await mkdtemp(join(tmpdir(), "left-out-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function withCore(
    core: string,
    root: string,
    use: (space: AddressSpace, memory: CheckpointMemory, checkpoint: Checkpoint) => Promise<void>,
  ): Promise<void> {
    const tree = await openCoreTree(core);
    assert.ok(tree);
    const sysroot = await openTree(root);
    const checkpoint = await openCheckpoint(tree);
    const memory = openMemory(checkpoint, { sysroot });
    try {
      await use(await memory.space(memory.pids[0] ?? 0), memory, checkpoint);
    } finally {
      await memory.close();
      await checkpoint.close();
      await sysroot.close();
      await tree.close();
    }
  }

  async function framesOf(
    space: AddressSpace,
    memory: CheckpointMemory,
    checkpoint: Checkpoint,
  ): Promise<readonly string[]> {
    const { value } = await checkpoint.threads(space.pid);
    const registers = value[0]?.registers;
    assert.ok(registers);
    const modules = loadedModules(memory, space);
    const { frames } = await walkStack(space, modules, registers);
    await modules.close();
    return frames.map(({ programCounter }) => programCounter.toString(16));
  }

  const whereFrom = async (space: AddressSpace, path: string, permissions: string): Promise<unknown> => {
    const area = space.areas.find((each) => each.name === path && each.permissions === permissions);
    assert.ok(area, `${path} ${permissions}`);
    const [piece] = await space.read(area.start, 16);
    return piece?.origin;
  };

  it("has the frames that gdb finds, through the program's and the library's code", async () => {
    const said = await readFile(join(left, "gdb.txt"), "utf8");
    const expected = [...said.matchAll(/^frame ([0-9a-f]+) /gm)].map(([, address]) => address);
    assert.equal(expected.length, 4);
    await withCore(join(left, "core"), join(left, "root"), async (space, memory, checkpoint) => {
      const frames = await framesOf(space, memory, checkpoint);
      // gdb ends at main, which _start called.
      assert.deepEqual(frames.slice(0, 4), expected);
      assert.equal(frames.length, 5);
    });
  });

  it("has their mappings, protected as their program headers say, with the file's bytes", async () => {
    await withCore(join(left, "core"), join(left, "root"), async (space) => {
      for (const [path, code] of [
        [PROGRAM, "main"],
        [LIBRARY, "library.so"],
      ] as const) {
        const file = await readFile(join(left, "root/srv/stacks", code));
        const areas = space.areas.filter(({ name }) => name === path);
        // As in /proc/PID/maps, but for the part that the loader has made read-only.
        assert.deepEqual(
          areas.slice(0, 4).map(({ permissions, offset }) => [permissions, Number(offset)]),
          [
            ["r--p", 0],
            ["r-xp", 0x1000],
            ["r--p", 0x2000],
            ["r--p", 0x2000],
          ],
        );
        for (const { start, offset } of areas.slice(1, 3)) {
          const bytes = await space.readBytes(start, 0x20);
          assert.equal(
            Buffer.from(bytes).toString("hex"),
            file.toString("hex", Number(offset), Number(offset) + 0x20),
          );
        }
        assert.deepEqual(await whereFrom(space, path, "r-xp"), { kind: "file", path, from: "sysroot" });
      }
    });
  });

  it("isn't believed to have what nothing of it can check", async () => {
    await withCore(join(left, "core"), join(left, "root"), async (space) => {
      assert.deepEqual(await whereFrom(space, WORDS, "r--p"), { kind: "unavailable", why: "lazy" });
    });
  });

  it("isn't filled from a file of another build id", async () => {
    const root = join(folder, "root");
    await cp(join(left, "root"), root, { recursive: true });
    const path = join(root, LIBRARY);
    const bytes = await readFile(path);
    // The build id follows its name.
    const place = bytes.indexOf("GNU\0", bytes.indexOf(Buffer.from("0400000014000000", "hex")));
    bytes[place + 4] = (bytes[place + 4] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await withCore(join(left, "core"), root, async (space, memory, checkpoint) => {
      assert.deepEqual(await whereFrom(space, LIBRARY, "r-xp"), { kind: "unavailable", why: "otherFile" });
      assert.deepEqual(await whereFrom(space, PROGRAM, "r-xp"), {
        ...{ kind: "file", path: PROGRAM, from: "sysroot" },
      });
      assert.equal((await framesOf(space, memory, checkpoint))[0], "7f732058200a");
    });
  });

  it("gives no part of a file that the program header in the core doesn't have at its address", async () => {
    const bytes = await readFile(join(left, "core"));
    // The part of the library's header that says where its code is: 0x1000 in the file, and at 0x1000.
    const header = bytes.indexOf("\x7fELF", 0x32e0);
    const at = bytes.indexOf(Buffer.from("010000000500000000100000", "hex"), header);
    bytes.writeBigUInt64LE(0n, at + 8);
    const core = join(folder, "core");
    await writeFile(core, bytes);
    await withCore(core, join(left, "root"), async (space) => {
      const code = space.areas.find(({ name, offset }) => name === LIBRARY && offset === 0x1000n);
      assert.equal(code?.permissions, "r--p");
      const [piece] = await space.read(code.start, 16);
      assert.equal(piece?.origin.kind, "unavailable");
    });
  });
});
