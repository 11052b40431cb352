import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { coreHead } from "../../../src/corefile/elf-header.ts";
import { machineOf } from "../../../src/corefile/machines/index.ts";
import { openFileSink, writeCore } from "../../../src/corefile/index.ts";
import { openMemory } from "../../../src/memory/index.ts";
import { withCheckpoint } from "../checkpoint/support.ts";
import { fixture } from "../fixtures.ts";
import { readCore } from "./core-notes.ts";
import type { ReadCore } from "./core-notes.ts";

const [PRSTATUS, FPREGSET, PRPSINFO, AUXV, XSTATE, FILE, SIGINFO] = [
  1, 2, 3, 6, 0x202, 0x46494c45, 0x53494749,
];

describe("the ELF core of a frozen process", () => {
  let folder: string;
  let ours: ReadCore;
  /** What criu-coredump made of the same images. */
  let peer: ReadCore;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "core-"));
    await withCheckpoint("memory/elfcore", "img", async (checkpoint) => {
      const memory = openMemory(checkpoint);
      const sink = await openFileSink(join(folder, "core"));
      await writeCore(checkpoint, memory, 1, sink);
      await sink.done();
      await memory.close();
    });
    ours = await readCore(join(folder, "core"));
    peer = await readCore(join(await fixture("memory/elfcore"), "core.1"));
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const of = (core: ReadCore, type: number | undefined): readonly Buffer[] =>
    core.notes.filter((note) => note.type === type).map(({ content }) => content);

  it("is of the machine that was frozen", () => {
    assert.equal(ours.machine, peer.machine);
  });

  it("has the threads and general registers that criu-coredump wrote", () => {
    // elf_prstatus: pid at 32, registers at 112.
    const registers = (core: ReadCore): readonly string[] =>
      of(core, PRSTATUS).map((note) => `${note.readUInt32LE(32)} ${note.toString("hex", 112, 328)}`);
    assert.equal(of(ours, PRSTATUS).length, 9);
    assert.deepEqual(registers(ours), registers(peer));
    assert.ok(of(ours, PRSTATUS).every(({ length }) => length === 336));
  });

  it("has the floating point registers that criu-coredump wrote", () => {
    const hex = (core: ReadCore): readonly string[] => of(core, FPREGSET).map((note) => note.toString("hex"));
    assert.equal(hex(ours).length, 9);
    assert.deepEqual(hex(ours), hex(peer));
  });

  it("has the AVX registers that criu-coredump wrote", () => {
    // Behind the legacy area, at 576 by the standard form of XSAVE.
    const avx = (core: ReadCore): readonly string[] =>
      of(core, XSTATE).map((note) => note.toString("hex", 576, 832));
    assert.equal(avx(ours).length, 9);
    assert.deepEqual(avx(ours), avx(peer));
  });

  it("tells the process by its name and arguments", () => {
    const [own] = of(ours, PRPSINFO);
    const [other] = of(peer, PRPSINFO);
    // Ids, then pr_fname and pr_psargs.
    assert.equal(
      own?.toString("latin1", 16).replace(/\0+$/, ""),
      other?.toString("latin1", 16).replace(/\0+$/, ""),
    );
  });

  it("has the auxiliary vector that crit shows, which criu-coredump gets wrong", async () => {
    const crit = JSON.parse(
      await readFile(join(await fixture("memory/elfcore"), "crit/mm-1.img.json"), "utf8"),
    ) as { readonly entries: readonly { readonly mm_saved_auxv: readonly (string | number)[] }[] };
    const words = (crit.entries[0]?.mm_saved_auxv ?? []).map(BigInt);
    const [note] = of(ours, AUXV);
    const written = Array.from({ length: (note?.length ?? 0) / 8 }, (_, index) =>
      note?.readBigUInt64LE(index * 8),
    );
    const nulls = words.findIndex((word, index) => index % 2 === 0 && word === 0n);
    const end = nulls < 0 ? words.length : nulls;
    assert.deepEqual(written.slice(0, end), words.slice(0, end));
    assert.deepEqual(written.slice(end), [0n, 0n]);
  });

  it("lists the mapped files, with their names where the kernel has them", () => {
    const [note] = of(ours, FILE);
    assert.ok(note);
    const count = Number(note.readBigUInt64LE(0));
    assert.equal(note.readBigUInt64LE(8), 4096n);
    const names = note.toString("latin1", 16 + count * 24).split("\0");
    assert.deepEqual(names, [...Array.from({ length: count }, () => "/threads"), ""]);
  });

  it("has a siginfo for each thread", () => {
    assert.deepEqual(
      of(ours, SIGINFO).map(({ length }) => length),
      Array.from({ length: 9 }, () => 128),
    );
  });

  it("has the rights of each mapping, and the same bytes as criu-coredump wherever it has some", () => {
    const page = 4096;
    const peerPage = (address: bigint): Buffer | undefined => {
      const segment = peer.segments.find(
        ({ start, bytes }) => address >= start && address < start + BigInt(bytes.length),
      );
      const at = segment && Number(address - segment.start);
      return at === undefined ? undefined : segment?.bytes.subarray(at, at + page);
    };
    let compared = 0;
    for (const { start, bytes, flags } of ours.segments) {
      const other = peer.segments.find((each) => start >= each.start && start < each.start + each.size);
      if (other) assert.equal(flags, other.flags, start.toString(16));
      for (let at = 0; at < bytes.length; at += page) {
        const theirs = peerPage(start + BigInt(at));
        if (theirs === undefined) continue;
        compared += 1;
        assert.ok(theirs.equals(bytes.subarray(at, at + page)), (start + BigInt(at)).toString(16));
      }
    }
    assert.ok(compared > 30, `${compared} pages compared`);
  });

  it("has holes where memory is zero, and can be read by its owner alone", async () => {
    const { size, blocks, mode } = await stat(join(folder, "core"));
    assert.ok(blocks * 512 < size / 10, `${blocks * 512} of ${size} bytes are on disk`);
    assert.equal(mode & 0o777, 0o600);
  });
});

describe("a core that can't be written", () => {
  it("leaves no file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "core-"));
    try {
      await withCheckpoint("memory/elfcore", "img", async (checkpoint) => {
        const memory = openMemory(checkpoint);
        const sink = await openFileSink(join(folder, "core"));
        const stop = AbortSignal.abort();
        await assert.rejects(writeCore(checkpoint, memory, 1, sink, { signal: stop }), {
          name: "AbortError",
        });
        await sink.discard();
        await assert.rejects(writeCore(checkpoint, memory, 4711, sink), { code: "memory.noProcess" });
        await memory.close();
      });
      assert.deepEqual(await readdir(folder), []);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe("the head of a core with more segments than its header can count", () => {
  it("has their number in section 0, as elf(5) has it", () => {
    const count = 70_000;
    const segments = Array.from({ length: count }, (_, index) => {
      const start = BigInt(index) * 8192n;
      return { start, stored: start, end: start + 4096n, permissions: "rw-p" };
    });
    const { bytes } = coreHead(machineOf("X86_64", false), new Uint8Array(20), segments, 4096);
    const head = Buffer.from(bytes);
    // e_phnum, e_shnum; then sh_info of section 0, with the note's header counted.
    assert.equal(head.readUInt16LE(56), 0xffff);
    assert.equal(head.readUInt16LE(60), 1);
    const section = Number(head.readBigUInt64LE(40));
    assert.equal(head.readUInt32LE(section + 44), count + 1);
  });
});
