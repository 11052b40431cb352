// Pages of four interpreters' memory while they ran calls.py of the fixture, and what they said of their own threads:
// names, files, lines, and such locals as Python writes as a post-mortem session does.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { findPythonRuntime, pythonThreads } from "../../../src/corefile/index.ts";
import type { LoadedModules, PythonThread } from "../../../src/corefile/index.ts";
import { fixedLayout, toldLayout } from "../../../src/corefile/python/layout.ts";
import type { PythonLayout } from "../../../src/corefile/python/layout.ts";
import type { AddressSpace, MemoryPiece } from "../../../src/memory/index.ts";
import { fixture } from "../fixtures.ts";
import { areaOf } from "./core-space.ts";
import { pagesSpace } from "./pages-space.ts";

interface Told {
  readonly runtime: string;
  /** Addresses of the pages, in hexadecimal. */
  readonly pages: readonly string[];
  readonly version: number;
  readonly threads: readonly {
    readonly native: number;
    readonly id: number;
    readonly frames: readonly {
      readonly name: string;
      readonly file: string;
      readonly line: number;
      readonly locals: Readonly<Record<string, string>>;
    }[];
  }[];
}

const PAGE = 4096;

for (const version of ["3.11", "3.12", "3.13", "3.14"])
  describe(`the threads of CPython ${version}`, () => {
    let told: Told;
    let pages: Map<bigint, Buffer>;
    let layout: PythonLayout;
    let found: readonly PythonThread[];

    before(async () => {
      const folder = await fixture("unwind/python");
      told = JSON.parse(await readFile(join(folder, `${version}.json`), "utf8")) as Told;
      const bytes = await readFile(join(folder, `${version}.pages`));
      pages = new Map(
        told.pages.map((at, index) => [BigInt(`0x${at}`), bytes.subarray(index * PAGE, (index + 1) * PAGE)]),
      );
      const space = pagesSpace(pages);
      const head = Buffer.from(await space.readBytes(BigInt(told.runtime), 1024));
      const known = toldLayout(head) ?? fixedLayout(told.version);
      assert.ok(known);
      layout = known;
      found = await pythonThreads(space, { address: BigInt(told.runtime), layout });
    });

    it("are in the calls that Python says: threads, generators, coroutines, comprehensions, calls by C", () => {
      assert.ok(told.threads.length >= 7);
      for (const { native, id, frames } of told.threads) {
        const thread = found.find(({ nativeId }) => nativeId === native);
        assert.equal(thread?.threadId, BigInt(id));
        assert.deepEqual(
          thread.frames.map(({ name, file, line }) => ({ name, file, line })),
          frames.map(({ name, file, line }) => ({ name, file, line })),
        );
      }
    });

    it("have the locals that Python says, of closures and arguments too", async () => {
      let compared = 0;
      for (const { native, frames } of told.threads)
        for (const [index, { name, locals }] of frames.entries()) {
          // The variables of a module are in a dictionary.
          if (name === "<module>") continue;
          const frame = found.find(({ nativeId }) => nativeId === native)?.frames[index];
          const ours = new Map((await frame?.locals())?.map((local) => [local.name, local.value]));
          for (const [local, value] of Object.entries(locals)) {
            assert.equal(ours.get(local), value, `${name}: ${local}`);
            compared++;
          }
        }
      assert.ok(compared > 70);
    });

    it("tell where C called Python", () => {
      const sorting = found.find(({ frames }) => frames.some(({ name }) => name === "from_c"))?.frames ?? [];
      const entries = sorting.filter(({ isEntry }) => isEntry).map(({ name }) => name);
      // sorted() calls the key, the thread starts at its bootstrap.
      assert.ok(entries.includes("from_c.<locals>.<lambda>"), entries.join());
      // Python that calls Python stays in one loop: sixty times here.
      const deep = found.flatMap(({ frames }) => frames).filter(({ name }) => name === "deep");
      assert.equal(deep.length, 61);
      assert.ok(deep.filter(({ isEntry }) => isEntry).length <= 1);
    });

    it("end, whatever is written over their memory", async () => {
      let state = 7;
      for (let round = 0; round < 40; round++) {
        const changed = new Map([...pages].map(([at, page]) => [at, Buffer.from(page)] as const));
        for (const page of changed.values())
          for (let count = 0; count < round; count++) {
            state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
            page[state % PAGE] = round % 3 === 0 ? 0xff : state >>> 24;
          }
        const threads = await pythonThreads(pagesSpace(changed), { address: BigInt(told.runtime), layout });
        for (const frame of threads.flatMap(({ frames }) => frames)) await frame.locals();
      }
      const few = new Map([...pages].filter((_, index) => index % 2 === 0));
      await pythonThreads(pagesSpace(few), { address: BigInt(told.runtime), layout });
    });
  });

describe("the interpreter of a process", () => {
  it("is found by its cookie where no file of it is here, between pages that were never written to", async () => {
    const folder = await fixture("unwind/python");
    const told = JSON.parse(await readFile(join(folder, "3.13.json"), "utf8")) as Told;
    const bytes = await readFile(join(folder, "3.13.pages"));
    const pages = new Map(
      told.pages.map((at, index) => [BigInt(`0x${at}`), bytes.subarray(index * PAGE, (index + 1) * PAGE)]),
    );
    const runtime = BigInt(told.runtime);
    const start = runtime - (runtime % BigInt(PAGE)) - BigInt(PAGE * 40);
    const data = {
      ...areaOf(start, start + BigInt(PAGE * 300), 6, 0n),
      name: "/usr/lib/x86_64-linux-gnu/libpython3.13.so.1.0",
    };
    const space: AddressSpace = {
      ...pagesSpace(pages),
      areas: [data],
      read: (address, length) =>
        Promise.resolve(
          Array.from({ length: Math.ceil(length / PAGE) }, (_, index) => {
            const at = address + BigInt(index * PAGE);
            const origin = { kind: "unavailable", why: "noFile" } as const;
            const page = pages.get(at);
            return { address: at, length: PAGE, origin, bytes: page } as unknown as MemoryPiece;
          }),
        ),
    };
    const none = { all: () => Promise.resolve([]) } as unknown as LoadedModules;
    const found = await findPythonRuntime(space, none);
    assert.equal(found?.address, runtime);
    assert.equal(found.layout.version, told.version);
    const other = { ...space, areas: [{ ...data, name: "/usr/bin/perl" }] };
    assert.equal(await findPythonRuntime(other, none), undefined);
  });
});

describe("the layout of an interpreter", () => {
  it("is not made up for versions that are not known", () => {
    for (const version of [0x030a_00f0, 0x030d_00f0, 0x0400_00f0, 0])
      assert.equal(fixedLayout(version), undefined);
    const head = Buffer.alloc(1024);
    head.write("xdebugpy");
    head.writeBigUInt64LE(0x0310_00f0n, 8);
    assert.equal(toldLayout(head), undefined);
    head.writeBigUInt64LE(0x030d_00f0n, 8);
    head.fill(0xff, 24);
    assert.equal(toldLayout(head), undefined);
  });
});
