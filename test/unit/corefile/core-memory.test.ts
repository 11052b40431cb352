// The memory in cores of checkpoints whose pages lie in several layers, in shared objects, compressed or sealed: beside
// what crit says of the pagemaps and the raw bytes of the pages images, and beside plain dumps of the same processes.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFileSink, writeCore } from "../../../src/corefile/index.ts";
import { openMemory } from "../../../src/memory/index.ts";
import type { SealFor } from "../../../src/checkpoint/index.ts";
import { sealWith, withCheckpoint } from "../checkpoint/support.ts";
import { fixture } from "../fixtures.ts";
import { readCore } from "./core-notes.ts";
import type { ReadCore } from "./core-notes.ts";

const PAGE = 4096;

interface CritPagemap {
  readonly entries: readonly {
    readonly vaddr?: string;
    readonly nr_pages?: number;
    readonly compat_nr_pages?: number;
    readonly flags?: string;
  }[];
}

/** Pages of one layer by address, by crit's JSON of the pagemap and the images' own bytes. */
async function layerOf(pagemap: string, pages: string): Promise<ReadonlyMap<bigint, Buffer>> {
  const { entries } = JSON.parse(await readFile(pagemap, "utf8")) as CritPagemap;
  const bytes = await readFile(pages);
  const found = new Map<bigint, Buffer>();
  let at = 0;
  for (const { vaddr, nr_pages, compat_nr_pages, flags = "PE_PRESENT" } of entries) {
    if (vaddr === undefined || !flags.includes("PE_PRESENT")) continue;
    const count = nr_pages ?? compat_nr_pages ?? 0;
    for (let page = 0; page < count; page++, at += PAGE)
      found.set(BigInt(vaddr) + BigInt(page * PAGE), bytes.subarray(at, at + PAGE));
  }
  return found;
}

describe("the memory in a core", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "core-memory-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function coreOf(name: string, path: string, seal?: SealFor, pid?: number): Promise<ReadCore> {
    return withCheckpoint(
      name,
      path,
      async (checkpoint) => {
        const memory = openMemory(checkpoint);
        const file = join(folder, "core");
        const sink = await openFileSink(file);
        await writeCore(checkpoint, memory, pid ?? checkpoint.processes[0]?.pid ?? 0, sink);
        await sink.done();
        assert.deepEqual(memory.problems, []);
        await memory.close();
        const core = await readCore(file);
        await rm(file);
        return core;
      },
      seal,
    );
  }

  function pageAt(core: ReadCore, address: bigint): Buffer | undefined {
    const segment = core.segments.find(
      ({ start, bytes }) => address >= start && address < start + BigInt(bytes.length),
    );
    const at = Number(address - (segment?.start ?? 0n));
    return segment?.bytes.subarray(at, at + PAGE);
  }

  /** Every stored page by address; those that are zero left out. */
  function pagesOf(core: ReadCore): ReadonlyMap<bigint, string> {
    const zero = Buffer.alloc(PAGE);
    const pages = new Map<bigint, string>();
    for (const { start, bytes } of core.segments)
      for (let at = 0; at < bytes.length; at += PAGE) {
        const page = bytes.subarray(at, at + PAGE);
        if (!page.equals(zero)) pages.set(start + BigInt(at), page.toString("latin1"));
      }
    return pages;
  }

  it("is of the newest layer of a dump in steps that has a page", async () => {
    const from = await fixture("corpus/f-predump-chain");
    const core = await coreOf("corpus/f-predump-chain", "3");
    const newest = new Map<bigint, Buffer>();
    const parts = [1, 2, 3].map((step) =>
      layerOf(join(from, `crit-${step}/pagemap-526.img.json`), join(from, `${step}/pages-1.img`)),
    );
    for (const layer of await Promise.all(parts)) for (const [at, page] of layer) newest.set(at, page);
    // What was unmapped since is in old layers only.
    const mapped = [...newest].filter(([at]) =>
      core.segments.some(({ start, size }) => at >= start && at < start + size),
    );
    assert.ok(mapped.length > 500, `${mapped.length} pages`);
    for (const [at, page] of mapped) assert.ok(pageAt(core, at)?.equals(page), at.toString(16));
  });

  it("has the pages of shared memory where it is mapped, in each process", async () => {
    const from = await fixture("corpus/c-shmem");
    const crit = join(from, "crit");
    const pagemap = join(crit, "pagemap-shmem-16734.img.json");
    const { entries } = JSON.parse(await readFile(pagemap, "utf8")) as {
      readonly entries: readonly { readonly pages_id?: number }[];
    };
    // The only object of the dump, which CRIU saw as a file in memory.
    const object = await layerOf(pagemap, join(from, `img/pages-${entries[0]?.pages_id}.img`));
    assert.ok(object.size > 2);
    for (const pid of [16703, 16704, 16705, 16706]) {
      const mm = JSON.parse(await readFile(join(crit, `mm-${pid}.img.json`), "utf8")) as {
        readonly entries: readonly { readonly vmas: readonly { start: string; status: string }[] }[];
      };
      const shared = mm.entries[0]?.vmas.filter(({ status }) => status.includes("VMA_AREA_MEMFD")) ?? [];
      assert.equal(shared.length, 1);
      const core = await coreOf("corpus/c-shmem", "img", undefined, pid);
      for (const [at, page] of object) {
        const address = BigInt(shared[0]?.start ?? 0) + at;
        assert.ok(pageAt(core, address)?.equals(page), `${pid} ${address.toString(16)}`);
      }
    }
  });

  it("of a sealed dump is that of the plain one of the same process, but for what runs on", async () => {
    const seal = await sealWith("key1.pkcs8.pem");
    const plain = pagesOf(await coreOf("sealed/simple-enc", "plain"));
    const sealed = pagesOf(await coreOf("sealed/simple-enc", "enc", seal));
    const same = [...plain].filter(([at, page]) => sealed.get(at) === page);
    assert.equal(sealed.size, plain.size);
    assert.ok(same.length > plain.size - 6, `${same.length} of ${plain.size}`);
    const all = [...sealed.values()].join("");
    for (const place of ["DATA", "BSS", "HEAP", "ANON", "STACK"])
      assert.ok(all.includes(`MARKER-${place}-simple-`), place);
  });

  for (const shape of ["p1-region64k", "p3-block256k"])
    it(`of compressed pages (${shape}) is that of the plain dump of the same process`, async () => {
      const [before, after] = [
        pagesOf(await coreOf("memory/pages-compressed", "plain")),
        pagesOf(await coreOf("memory/pages-compressed", "plain2")),
      ];
      const found = pagesOf(await coreOf("memory/pages-compressed", shape));
      const steady = [...before].filter(([at, page]) => after.get(at) === page);
      assert.ok(steady.length > 20, `${steady.length} pages`);
      for (const [at, page] of steady) assert.equal(found.get(at) === page, true, at.toString(16));
    });
});
