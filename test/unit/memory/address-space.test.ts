import assert from "node:assert/strict";
import { cp, mkdtemp, open, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AddressSpace } from "../../../src/memory/index.ts";
import { sealWith } from "../checkpoint/support.ts";
import { fixture } from "../fixtures.ts";
import { bytesAt, originsAt, PAGE, textAt, withMemory, withMemoryOf } from "./support.ts";

describe("the memory of a frozen process", () => {
  it("is byte for byte what criu-coredump wrote into an ELF core of the same checkpoint", async () => {
    await withMemory(
      "memory/elfcore",
      "img",
      async (memory, folder) => {
        const space = await memory.space(1);
        let compared = 0;
        for await (const { address, bytes } of loadSegments(join(folder, "core.1"))) {
          if (space.areaAt(address)?.kind === "vsyscall" || space.areaAt(address)?.kind === "vvar") continue;
          assert.ok(bytes.equals(await bytesAt(space, address, bytes.length)), `at ${address.toString(16)}`);
          compared += bytes.length;
        }
        assert.ok(compared > 67_000_000, String(compared));
        assert.deepEqual(memory.problems, []);
      },
      { sysroot: "root" },
    );
  });

  it("has the pages of a file that were not dumped from a sysroot, when its build id is the same", async () => {
    await withMemory(
      "memory/elfcore",
      "img",
      async (memory, folder) => {
        const space = await memory.space(1);
        const program = await readFile(join(folder, "root/threads"));
        const code = 0x402000n;
        assert.deepEqual(await originsAt(space, code, PAGE), ["file"]);
        assert.ok(program.subarray(0x2000, 0x3000).equals(await bytesAt(space, code, PAGE)));
      },
      { sysroot: "root" },
    );
  });

  it("says that a file's pages are missing without a sysroot", async () => {
    await withMemory("memory/elfcore", "img", async (memory) => {
      assert.deepEqual(await originsAt(await memory.space(1), 0x402000n, PAGE), ["noFile"]);
    });
  });

  it("has shared memory of a memfd where it is mapped, zero where nobody wrote", async () => {
    await withMemory("corpus/c-memfd", "img", async (memory) => {
      const space = await memory.space(16582);
      const start = 0x7fce1ceaa000n;
      assert.equal(await textAt(space, start, 64), "memfd-contents");
      assert.equal(await textAt(space, start + 8192n, PAGE), "\x5a".repeat(PAGE));
      assert.deepEqual(await originsAt(space, start, 4 * PAGE), ["dumped", "zero", "dumped", "zero"]);
    });
  });

  it("is the same shared anonymous memory in all four processes that share it", async () => {
    await withMemory("corpus/c-shmem", "img", async (memory) => {
      for (const pid of memory.pids) {
        const space = await memory.space(pid);
        const area = space.areas.find(({ kind }) => kind === "shared");
        assert.ok(area);
        assert.equal(await textAt(space, area.start, 64), "shared anon");
        assert.equal(await textAt(space, area.start + 131072n, 8192), "\xee".repeat(8192));
      }
      assert.equal(memory.pids.length, 4);
    });
  });

  it("has a private copy of a page of a file, and says that the other pages are the file's", async () => {
    await withMemory("corpus/c-shmem", "img", async (memory) => {
      const space = await memory.space(16704);
      const area = space.areas.find(
        (each) => each.name?.endsWith("mapped.bin") && each.permissions === "rw-p",
      );
      assert.ok(area);
      assert.equal(await textAt(space, area.start + 8192n, 64), "private cow over file");
      assert.deepEqual(await originsAt(space, area.start, 8 * PAGE), ["noFile", "dumped", "noFile"]);
    });
  });

  it("has System V shared memory", async () => {
    await withMemory("corpus/c-sysv", "img", async (memory) => {
      const space = await memory.space(17855);
      const area = space.areas.find(({ kind }) => kind === "sysv");
      assert.ok(area);
      assert.equal(await textAt(space, area.start, 64), "sysv shm");
      assert.equal(await textAt(space, area.start + 4096n, 128), "\x07".repeat(100));
    });
  });

  it("comes from the layer that wrote a page last", async () => {
    await withMemory("sealed/incr-plain", "3", async (memory, folder) => {
      const space = await memory.space(803);
      // Where the program says that its mapping is.
      const out = await readFile(join(folder, "simple.out"), "utf8");
      const anon = BigInt(/anon (0x[0-9a-f]+)/.exec(out)?.[1] ?? "0");
      assert.match(await textAt(space, anon, 32), /^MARKER-LAYER2-simple/);
      assert.match(await textAt(space, anon + 0x5000n, 32), /^MARKER-NEWPAGE-layer2/);
      assert.deepEqual(await originsAt(space, anon, 6 * PAGE), ["dumped", "layer 2", "zero", "dumped"]);
    });
  });

  it("is as crit counts it over a chain of pre-dumps", async () => {
    await withMemory("corpus/f-predump-chain", "3", async (memory, folder) => {
      const space = await memory.space(526);
      const counted = { dumped: 0, layer: 0 };
      for (const { origins } of await space.regions())
        for (const { origin, bytes } of origins)
          if (origin.kind === "dumped" || origin.kind === "layer") counted[origin.kind] += bytes / PAGE;
      const crit = await critPages(join(folder, "crit-3/pagemap-526.img.json"));
      assert.deepEqual(counted, { dumped: crit.PE_PRESENT, layer: crit.PE_PARENT });
      // The program counts up the first byte of 16 pages, and leaves the others as they were.
      const area = space.areas.find(({ start, end }) => end - start === 4n << 20n);
      assert.ok(area);
      const bytes = await bytesAt(space, area.start, 4 << 20);
      assert.ok(bytes.every((byte, index) => byte === 1 || (index % PAGE === 0 && index < 16 * PAGE)));
    });
  });

  it("says which pages were left with a lazy-pages server", async () => {
    await withMemory("corpus/f-lazy", "img", async (memory, folder) => {
      const space = await memory.space(1257);
      let lazy = 0;
      for (const { origins } of await space.regions())
        for (const { origin, bytes } of origins)
          if (origin.kind === "unavailable" && origin.why === "lazy") lazy += bytes / PAGE;
      const crit = await critPages(join(folder, "crit-img/pagemap-1257.img.json"));
      assert.equal(lazy, crit.PE_LAZY);
    });
  });

  it("opens with its key, page by page, as the program had it", async () => {
    await withMemory(
      "sealed/simple-enc",
      "enc",
      async (memory, folder) => {
        const space = await memory.space(10993);
        const out = await readFile(join(folder, "simple.out"), "utf8");
        for (const [, kind = "", address = ""] of out.matchAll(/(data|bss|heap|stack|anon) (0x[0-9a-f]+)/g))
          assert.match(
            await textAt(space, BigInt(address), 32),
            new RegExp(`^MARKER-${kind.toUpperCase()}`),
            kind,
          );
        const anon = BigInt(/anon (0x[0-9a-f]+)/.exec(out)?.[1] ?? "0");
        assert.equal(await textAt(space, anon + 4096n, 8192), "E".repeat(8192));
      },
      { sealFor: await sealWith("key1.pkcs8.pem") },
    );
  });

  it("of each sealed layer opens with that layer's keys", async () => {
    await withMemory(
      "sealed/incr-enc",
      "3",
      async (memory, folder) => {
        const pid = memory.pids[0] ?? 0;
        const out = await readFile(join(folder, "simple.out"), "utf8").catch(() => "");
        const space = await memory.space(pid);
        const anon = BigInt(/anon (0x[0-9a-f]+)/.exec(out)?.[1] ?? "0");
        assert.match(await textAt(space, anon, 32), /^MARKER-LAYER2-simple/);
      },
      { sealFor: await sealWith("key1.pkcs8.pem") },
    );
  });

  it("whose parent layer is missing says so to whoever asks", async () => {
    const folder = await mkdtemp(join(tmpdir(), "no-parent-"));
    try {
      await cp(join(await fixture("corpus/f-predump-chain"), "3"), folder, { recursive: true });
      await rm(join(folder, "parent"));
      await symlink("../nowhere", join(folder, "parent"));
      await withMemoryOf(folder, (memory) => {
        assert.deepEqual(
          memory.problems.map(({ code }) => code),
          ["checkpoint.parentMissing"],
        );
        return Promise.resolve();
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("has nothing for a process that isn't there", async () => {
    await withMemory("corpus/a-single", "img", async (memory) => {
      await assert.rejects(memory.space(1), { code: "memory.noProcess" });
    });
  });

  it("refuses addresses beyond 64 bits and reads that are too large", async () => {
    await withMemory("corpus/a-single", "img", async (memory) => {
      const space: AddressSpace = await memory.space(memory.pids[0] ?? 0);
      await assert.rejects(space.read(1n << 64n, 1), { code: "memory.outOfRange" });
      await assert.rejects(space.read(0n, 1 << 30), { code: "memory.tooMuch" });
      assert.deepEqual(await originsAt(space, (1n << 64n) - 16n, 16), ["unmapped"]);
    });
  });
});

/** The LOAD segments of an ELF core, in parts, by the System V ABI. */
async function* loadSegments(path: string): AsyncGenerator<{ address: bigint; bytes: Buffer }> {
  const file = await open(path);
  try {
    const read = async (at: number, length: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
      return buffer.subarray(0, bytesRead);
    };
    const head = await read(0, 64);
    const count = head.readUInt16LE(56);
    const table = await read(Number(head.readBigUInt64LE(32)), count * 56);
    const STEP = 4 << 20;
    for (let at = 0; at < table.length; at += 56) {
      if (table.readUInt32LE(at) !== 1) continue;
      const [offset, size] = [table.readBigUInt64LE(at + 8), table.readBigUInt64LE(at + 32)].map(Number);
      const address = table.readBigUInt64LE(at + 16);
      for (let from = 0; from < (size ?? 0); from += STEP)
        yield {
          address: address + BigInt(from),
          bytes: await read((offset ?? 0) + from, Math.min(STEP, (size ?? 0) - from)),
        };
    }
  } finally {
    await file.close();
  }
}

/** Pages by flag, as crit lists them. */
async function critPages(path: string): Promise<Readonly<Record<string, number>>> {
  // crit's own form.
  const { entries } = JSON.parse(await readFile(path, "utf8")) as {
    entries: { flags?: string; nr_pages?: number; compat_nr_pages?: number }[];
  };
  const pages: Record<string, number> = {};
  for (const { flags = "", nr_pages = 0, compat_nr_pages = 0 } of entries)
    for (const flag of flags.includes("PE_PRESENT") ? ["PE_PRESENT"] : [flags])
      pages[flag] = (pages[flag] ?? 0) + nr_pages + compat_nr_pages;
  return pages;
}
