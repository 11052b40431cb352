import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openHeap, usableSize } from "../../../src/analysis/index.ts";
import type { Arena, HeapChunk, MallocHeap } from "../../../src/analysis/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import { openCoreTree } from "../../../src/corefile/index.ts";
import { openMemory } from "../../../src/memory/index.ts";
import { fixture } from "../fixtures.ts";
import { withMemory } from "../memory/support.ts";

const SAID = "said.txt";
const VERSIONS = [
  { folder: "231", layout: "2.30 or 2.31" },
  { folder: "236", layout: "2.35 to 2.41" },
  { folder: "241", layout: "2.35 to 2.41" },
] as const;
/** What the program says of a block it freed, as the analysis calls it. */
const STATES: Readonly<Record<string, string>> = { tcache: "tcache", fastbin: "fastbin", bin: "free" };

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Runs `use` on the heap of allocations.c with one version of glibc, and on what the program said. */
function withHeap<T>(version: string, use: (heap: MallocHeap, said: string) => Promise<T>): Promise<T> {
  return withMemory("memory/allocations", `${version}/img`, async (memory, folder) => {
    const [pid = 0] = memory.pids;
    const heap = await openHeap(await memory.space(pid));
    assert.ok(heap);
    return use(heap, await readFile(join(folder, version, SAID), "utf8"));
  });
}

/** Totals that malloc_info(3) printed for each arena. */
function totals(said: string, type: string): readonly (readonly [count: number, size: number])[] {
  const found = said.matchAll(new RegExp(`<total type="${type}" count="(\\d+)" size="(\\d+)"/>`, "g"));
  return [...found].map(([, count, size]) => [Number(count), Number(size)]);
}

const sumOf = (chunks: readonly HeapChunk[]): number =>
  chunks.reduce((sum, { size }) => sum + Number(size), 0);

describe("the heap of glibc's malloc", function () {
  this.timeout(60_000);

  for (const { folder, layout } of VERSIONS) {
    it(`has every block that a program with glibc 2.${folder.slice(1)} says it has, in its state`, () =>
      withHeap(folder, async (heap, said) => {
        assert.equal(heap.glibc, layout);
        const parts = [...heap.arenas.map((arena) => heap.chunks(arena)), heap.mapped()];
        const chunks = (await Promise.all(parts.map(all))).flat();
        const byBlock = new Map(chunks.map((chunk) => [chunk.address + 16n, chunk]));
        const lines = said.split("\n").filter((line) => /^(used|freed) /.test(line));
        assert.equal(lines.length, 94);
        // Starting the thread took memory from the first large block that was free: malloc_info lists what is left of it.
        const taken = lines.find((line) => line.endsWith(" bin") && blockSize(byBlock, line) === 280n);
        assert.ok(taken);
        for (const line of lines) {
          const [what, address = "", value = ""] = line.split(" ");
          const chunk = byBlock.get(BigInt(address));
          assert.ok(chunk, line);
          if (what === "used")
            assert.deepEqual([chunk.state, usableSize(chunk)], ["used", BigInt(value)], line);
          else if (line !== taken) assert.equal(chunk.state, STATES[value], line);
        }
      }));

    it(`adds up to what malloc_info says with glibc 2.${folder.slice(1)}`, () =>
      withHeap(folder, async (heap, said) => {
        const systems = [...said.matchAll(/<system type="current" size="(\d+)"\/>/g)].map(([, size]) =>
          Number(size),
        );
        assert.equal(heap.arenas.length, 2);
        for (const [index, arena] of heap.arenas.entries()) {
          const chunks = await all(heap.chunks(arena));
          const inState = (...states: readonly string[]) =>
            chunks.filter(({ state }) => states.includes(state));
          const [fastCount, fastSize] = totals(said, "fast")[index] ?? [];
          assert.deepEqual([inState("fastbin").length, sumOf(inState("fastbin"))], [fastCount, fastSize]);
          // It counts sizes with the bit "previous in use", which all of them have; from 2.34 on the top isn't a chunk of it.
          const [restCount = 0, restSize] = totals(said, "rest")[index] ?? [];
          const rest = inState("free", "top");
          assert.equal(rest.length, restCount);
          assert.ok(Math.abs(sumOf(rest) - (restSize ?? 0)) <= rest.length, `${sumOf(rest)} ${restSize}`);
          assert.equal(Number(arena.systemBytes), systems[index]);
          if (arena.kind === "main") assert.equal(extent(arena) >= sumOf(chunks), true);
        }
        const mapped = await all(heap.mapped());
        assert.deepEqual([mapped.length, sumOf(mapped)], totals(said, "mmap")[0]);
      }));
  }

  it("is that of glibc 2.43 in a core file of gcore: what the program and malloc_info say", async () => {
    const folder = await fixture("memory/allocations-2.43");
    const said = await readFile(join(folder, SAID), "utf8");
    const tree = await openCoreTree(join(folder, "core"));
    assert.ok(tree);
    const checkpoint = await openCheckpoint(tree);
    const memory = openMemory(checkpoint);
    try {
      const heap = await openHeap(await memory.space(memory.pids[0] ?? 0));
      assert.equal(heap?.glibc, "2.42 or later");
      assert.equal(heap.arenas.length, 2);
      const systems = [...said.matchAll(/<system type="current" size="(\d+)"\/>/g)].map(([, size]) => size);
      const byBlock = new Map<bigint, HeapChunk>();
      const mapped = await all(heap.mapped());
      for (const chunk of mapped) byBlock.set(chunk.address + 16n, chunk);
      for (const [index, arena] of heap.arenas.entries()) {
        const chunks: readonly HeapChunk[] = await all(heap.chunks(arena));
        for (const chunk of chunks) byBlock.set(chunk.address + 16n, chunk);
        const rest = chunks.filter(({ state }) => state === "free" || state === "top");
        const [count, size = 0] = totals(said, "rest")[index] ?? [];
        assert.equal(rest.length, count);
        // Each with the bit "previous in use", but for the top.
        assert.equal(sumOf(rest) + rest.length - 1, size);
        assert.equal(String(arena.systemBytes), systems[index]);
      }
      assert.deepEqual([mapped.length, sumOf(mapped)], totals(said, "mmap")[0]);
      const lines = said.split("\n").filter((line) => /^(used|freed) /.test(line));
      assert.equal(lines.length, 94);
      for (const line of lines) {
        const [what, address = "", value = ""] = line.split(" ");
        const chunk = byBlock.get(BigInt(address));
        if (what === "used") {
          assert.ok(chunk, line);
          assert.deepEqual([chunk.state, usableSize(chunk)], ["used", BigInt(value)], line);
        } else if (value !== "bin") {
          // There are no fastbins any more, and the thread's cache has room for 16 of a size.
          assert.equal(chunk?.state, "tcache", line);
        }
      }
    } finally {
      await memory.close();
      await checkpoint.close();
      await tree.close();
    }
  });

  it("is found by a symbol too, and isn't where no glibc is", async () => {
    await withMemory("memory/allocations", "241/img", async (memory) => {
      const space = await memory.space(memory.pids[0] ?? 0);
      const found = await openHeap(space);
      const hinted = await openHeap(space, { mainArena: found?.arenas[0]?.address });
      assert.deepEqual(hinted?.arenas, found?.arenas);
    });
    // redis has jemalloc.
    await withMemory("corpus/d-redis", "img", async (memory) => {
      assert.equal(await openHeap(await memory.space(memory.pids[0] ?? 0)), undefined);
    });
  });
});

const blockSize = (byBlock: ReadonlyMap<bigint, HeapChunk>, line: string): bigint | undefined => {
  const chunk = byBlock.get(BigInt(line.split(" ")[1] ?? "0"));
  return chunk && usableSize(chunk);
};

const extent = ({ heaps }: Arena): number =>
  heaps.reduce((sum, { start, end }) => sum + Number(end - start), 0);
