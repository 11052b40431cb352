import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import {
  openCoreTree,
  openFileSink,
  walkStack,
  loadedModules,
  writeCore,
} from "../../../src/corefile/index.ts";
import { openMemory } from "../../../src/memory/index.ts";
import type { AddressSpace, CheckpointMemory } from "../../../src/memory/index.ts";
import { withCheckpoint } from "../checkpoint/support.ts";
import { fixture } from "../fixtures.ts";
import { readCore } from "./core-notes.ts";

const run = promisify(execFile);

/** Runs `use` on a core file, opened as a checkpoint. */
async function withCore<T>(
  path: string,
  use: (checkpoint: Checkpoint, memory: CheckpointMemory, space: AddressSpace) => Promise<T>,
): Promise<T> {
  const tree = await openCoreTree(path);
  assert.ok(tree);
  const checkpoint = await openCheckpoint(tree);
  const memory = openMemory(checkpoint);
  try {
    const [pid] = memory.pids;
    assert.ok(pid);
    return await use(checkpoint, memory, await memory.space(pid));
  } finally {
    await memory.close();
    await checkpoint.close();
    await tree.close();
  }
}

describe("an ELF core, opened as a checkpoint", function () {
  this.timeout(60_000);
  let calls: string;
  let folder: string;

  before(async () => {
    calls = await fixture("unwind/calls");
    folder = await mkdtemp(join(tmpdir(), "core-reader-"));
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it("has the mappings that readelf lists, and their bytes", async () => {
    for (const path of [join(calls, "core"), join(await fixture("memory/elfcore"), "core.1")]) {
      const { stdout } = await run("readelf", ["-lW", path]);
      const listed = [...stdout.matchAll(/^ +LOAD +\S+ (0x\S+) \S+ (0x\S+) (0x\S+) (R| )(W| )(E| ) /gm)].map(
        ([, start = "", , size = "", r = "", w = "", x = ""]) => ({
          start: BigInt(start),
          end: BigInt(start) + BigInt(size),
          permissions: `${r === "R" ? "r" : "-"}${w === "W" ? "w" : "-"}${x === "E" ? "x" : "-"}p`,
        }),
      );
      const core = await readCore(path);
      await withCore(path, async (_checkpoint, memory, space) => {
        assert.deepEqual(
          space.areas.map(({ start, end, permissions }) => ({ start, end, permissions })),
          listed,
        );
        for (const { start, bytes } of core.segments)
          assert.ok(
            Buffer.from(await space.readBytes(start, bytes.length)).equals(bytes),
            start.toString(16),
          );
        assert.deepEqual(memory.problems, []);
      });
    }
  });

  it("has the threads with the frames that gdb finds in it", async () => {
    const said = await readFile(join(calls, "gdb.txt"), "utf8");
    const threads = said.split(/^thread /m).slice(1);
    assert.equal(threads.length, 2);
    await withCore(join(calls, "core"), async (checkpoint, memory, space) => {
      const { value } = await checkpoint.threads(space.pid);
      const modules = loadedModules(memory, space);
      for (const text of threads) {
        const tid = Number.parseInt(text, 10);
        const registers = value.find((each) => each.tid === tid)?.registers;
        assert.ok(registers);
        const { frames } = await walkStack(space, modules, registers);
        // gdb ends at main.
        const expected = [...text.matchAll(/^frame ([0-9a-f]+) .* rsp=([0-9a-f]+) /gm)];
        assert.ok(expected.length >= 3);
        assert.deepEqual(
          frames.slice(0, expected.length).map(({ programCounter }) => programCounter.toString(16)),
          expected.map(([, address]) => address),
        );
        assert.equal(registers.stackPointer.toString(16), expected[0]?.[2]);
      }
      await modules.close();
    });
  });

  it("isn't blamed for images that only CRIU writes, a minidump neither", async () => {
    const minidump = join(await fixture("memory/minidump"), "dirty.dmp");
    for (const path of [join(calls, "core"), join(await fixture("memory/elfcore"), "core.1"), minidump])
      await withCore(path, async (checkpoint, _memory, { pid }) => {
        const parts = await Promise.all([
          ...[checkpoint.details(pid), checkpoint.environment(pid), checkpoint.threads(pid)],
          ...[checkpoint.openFiles(pid), checkpoint.memoryMap(pid), checkpoint.memoryUse(pid)],
          ...[
            checkpoint.paths(pid),
            checkpoint.connections(),
            checkpoint.namespaces(),
            checkpoint.networks(),
          ],
          ...[checkpoint.mounts(), checkpoint.ipc(), checkpoint.cgroups(), checkpoint.fileLocks()],
        ]);
        assert.deepEqual(
          parts.flatMap(({ problems }) => problems),
          [],
          path,
        );
        assert.deepEqual(await checkpoint.checkImages(), []);
      });
  });

  it("has the arguments and the environment that lie on its stack", async () => {
    await withCore(join(calls, "core"), async (checkpoint, _memory, space) => {
      const process = checkpoint.process(space.pid);
      assert.equal(process?.comm, "calls");
      assert.deepEqual(process?.cmdline, ["/tmp/unwind/calls"]);
      const { segments } = await readCore(join(calls, "core"));
      const texts = segments.map(({ bytes }) => bytes.toString("latin1"));
      const stack = texts.find((text) => text.includes("\0COLUMNS=")) ?? "";
      const first = stack.lastIndexOf("\0COLUMNS=") + 1;
      const variables = stack.slice(first, stack.lastIndexOf("/tmp/unwind/calls\0"));
      const { value } = await checkpoint.environment(space.pid);
      assert.deepEqual(
        value.variables.map(({ name, value: text }) => `${name}=${text}`),
        variables.split("\0").slice(0, -1),
      );
    });
  });

  it("is what it was written from, when Cryoscope wrote it", async () => {
    const path = join(folder, "written");
    await withCheckpoint("memory/elfcore", "img", async (checkpoint) => {
      const memory = openMemory(checkpoint);
      const sink = await openFileSink(path);
      await writeCore(checkpoint, memory, 1, sink);
      await sink.done();
      const frozen = await memory.space(1);
      const { value: threads } = await checkpoint.threads(1);
      await withCore(path, async (read, _memory, space) => {
        const { value } = await read.threads(1);
        assert.deepEqual(
          value
            .map(({ tid, registers }) => [tid, registers?.general, registers?.floating["xmm_space"]])
            .sort(),
          threads
            .map(({ tid, registers }) => [tid, registers?.general, registers?.floating["xmm_space"]])
            .sort(),
        );
        for (const { start, end } of frozen.areas) {
          if (end - start > 16n << 20n) continue;
          for (const piece of await frozen.read(start, Number(end - start))) {
            if (piece.origin.kind !== "dumped" || !piece.bytes) continue;
            const again = await space.readBytes(piece.address, piece.length);
            assert.ok(Buffer.from(again).equals(piece.bytes), piece.address.toString(16));
          }
        }
        const details = await Promise.all([checkpoint.details(1), read.details(1)]);
        assert.deepEqual(details[1].value.auxiliary, details[0].value.auxiliary);
        assert.deepEqual(read.process(1)?.cmdline, checkpoint.process(1)?.cmdline);
      });
      await memory.close();
    });
  });

  it("says which memory is missing when the file was cut off", async () => {
    // The stack is what it ends with; gdb would have put the notes behind it.
    const whole = await readFile(join(await fixture("memory/elfcore"), "core.1"));
    const path = join(folder, "cut");
    const cut = whole.subarray(0, whole.length - 100_000);
    await writeFile(path, cut);
    const { stdout } = await run("readelf", ["-lW", path]);
    await withCore(path, async (_checkpoint, _memory, space) => {
      const last = space.areas.find(({ kind }) => kind === "stack");
      assert.ok(last);
      const place = new RegExp(`LOAD +(0x\\S+) 0x0*${last.start.toString(16)} `);
      // Whole pages of it only.
      const left = Math.floor((cut.length - Number(place.exec(stdout)?.[1])) / 4096) * 4096;
      assert.ok(left > 0);
      const pieces = await space.read(last.start, Number(last.end - last.start));
      assert.deepEqual(
        pieces.map(({ origin, length }) => [origin.kind, length]),
        [
          ["dumped", left],
          ["unavailable", Number(last.end - last.start) - left],
        ],
      );
    });
  });

  it("doesn't believe headers that make no sense", async () => {
    const head = (await readFile(join(calls, "core"))).subarray(0, 4096);
    const changed = async (name: string, change: (bytes: Buffer) => void): Promise<string> => {
      const bytes = Buffer.from(head);
      change(bytes);
      const path = join(folder, name);
      await writeFile(path, bytes);
      return path;
    };
    const code = async (path: string): Promise<string> =>
      openCoreTree(path).then(
        async (tree) => {
          await tree?.close();
          return tree ? "opened" : "no core";
        },
        (error: unknown) => (error as { readonly code: string }).code,
      );
    // e_type at 16, byte order at 5, e_phoff at 32, e_shoff at 40, e_phentsize at 54, e_phnum at 56.
    assert.equal(await code(await changed("program", (bytes) => bytes.writeUInt16LE(2, 16))), "no core");
    assert.equal(
      await code(
        await changed("big", (bytes) => {
          bytes[5] = 2;
          bytes.writeUInt16BE(4, 16);
        }),
      ),
      "corefile.bigEndian",
    );
    assert.equal(
      await code(await changed("entry", (bytes) => bytes.writeUInt16LE(8, 54))),
      "corefile.unreadable",
    );
    assert.notEqual(
      await code(await changed("away", (bytes) => bytes.writeBigUInt64LE(1n << 62n, 32))),
      "opened",
    );
    const many = await changed("many", (bytes) => {
      bytes.writeUInt16LE(0xffff, 56);
      bytes.writeBigUInt64LE(64n, 40);
      bytes.writeUInt32LE(0xffff_ffff, 64 + 44);
    });
    assert.equal(await code(many), "corefile.unreadable");
    // Nothing of it is a thread.
    assert.equal(await code(await changed("headless", () => undefined)), "corefile.unreadable");
    const notes = Buffer.from(await readFile(join(await fixture("memory/elfcore"), "core.1"))).subarray(
      0,
      65_536,
    );
    const place = [...Array(20).keys()]
      .map((index) => 64 + index * 56)
      .find((at) => notes.readUInt32LE(at) === 4);
    assert.ok(place);
    // A note that lies about its length ends the notes: here the first.
    const lying = Buffer.from(notes);
    lying.writeUInt32LE(0xffff_fff0, Number(notes.readBigUInt64LE(place + 8)) + 4);
    await writeFile(join(folder, "lying"), lying);
    assert.equal(await code(join(folder, "lying")), "corefile.unreadable");
    const over = Buffer.from(notes);
    for (let at = 64; at + 56 <= 1000; at += 56)
      if (over.readUInt32LE(at) === 1) over.writeBigUInt64LE(0x1000n, at + 16);
    await writeFile(join(folder, "over"), over);
    assert.equal(await code(join(folder, "over")), "opened");
  });
});
