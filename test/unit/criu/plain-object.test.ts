import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { bufferSource } from "../../../src/bytes/index.ts";
import { decodeAs, openImage, pagemapRange, readEntries, readEntry } from "../../../src/criu/index.ts";
import type { Image, Problem } from "../../../src/criu/index.ts";
import { corpusImages, critEntries, readImage } from "./corpus.ts";

async function open(fixtureName: string, name: string, folder = "img", crit = "crit") {
  const found = (await corpusImages(fixtureName, folder, crit)).find((each) => each.name === name);
  assert.ok(found?.critPath !== undefined, name);
  return { image: await readImage(found), entries: await critEntries(found.critPath), path: found.path };
}

/** An image of type `name` with one entry of these bytes. */
function imageOf(name: string, magic: number, entry: readonly number[]): Promise<Image> {
  const bytes = Buffer.alloc(12 + entry.length);
  bytes.writeUInt32LE(0x54564319, 0);
  bytes.writeUInt32LE(magic, 4);
  bytes.writeUInt32LE(entry.length, 8);
  bytes.set(entry, 12);
  return openImage(name, bufferSource(bytes));
}

describe("entries as plain objects", () => {
  it("have the values that crit gives", async () => {
    const { image, entries } = await open("corpus/c-pipes", "pstree.img");
    const found = [];
    for await (const entry of readEntries(image, "pstree_entry")) found.push({ ...entry });
    assert.deepEqual(found, entries);
  });

  it("keep 64-bit numbers whole, and nested messages", async () => {
    const { image, entries } = await open("corpus/a-single", "core-15492.img");
    const core = await readEntry(image, "core_entry");
    const tc = entries[0]?.["tc"] as { comm: string; task_state: unknown };
    const info = entries[0]?.["thread_info"] as { clear_tid_addr: string; gpregs: { ip: string } };
    assert.equal(core?.tc?.comm, tc.comm);
    assert.equal(core.thread_info?.clear_tid_addr, BigInt(info.clear_tid_addr));
    assert.equal(core.thread_info.gpregs.ip, BigInt(info.gpregs.ip));
  });

  it("leave the head of a pagemap out of its entries", async () => {
    const { image, entries } = await open("corpus/a-single", "pagemap-15492.img");
    const [head, ...rows] = entries;
    assert.equal((await readEntry(image, "pagemap_head"))?.pages_id, head?.["pages_id"]);
    const found = [];
    for await (const entry of readEntries(image, "pagemap_entry")) found.push(entry.vaddr);
    assert.deepEqual(
      found,
      rows.map(({ vaddr }) => BigInt(String(vaddr))),
    );
  });

  it("report a required field that is missing and have its zero", async () => {
    const problems: Problem[] = [];
    // pstree_entry { pid: 7 }
    const image = await imageOf("pstree.img", 0x50273030, [0x08, 7]);
    const entry = await readEntry(image, "pstree_entry", (problem) => problems.push(problem));
    assert.deepEqual({ ...entry }, { pid: 7, ppid: 0, pgid: 0, sid: 0, threads: [] });
    assert.deepEqual([...new Set(problems.map(({ code }) => code))], ["criu.missingField"]);
    assert.equal(problems[0]?.file, "pstree.img");
  });

  it("leave out a field of the wrong type, and report it", async () => {
    const problems: Problem[] = [];
    // pid as text
    const image = await imageOf("pstree.img", 0x50273030, [0x0a, 1, 0x41, 0x10, 1, 0x18, 2, 0x20, 3]);
    const entry = await readEntry(image, "pstree_entry", (problem) => problems.push(problem));
    assert.deepEqual({ ...entry }, { pid: 0, ppid: 1, pgid: 2, sid: 3, threads: [] });
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["criu.wrongWireType", "criu.missingField"],
    );
  });

  it("leave out an entry that can't be read at all", async () => {
    const problems: Problem[] = [];
    const image = await imageOf("pstree.img", 0x50273030, [0xff, 0xff]);
    assert.equal(await readEntry(image, "pstree_entry", (problem) => problems.push(problem)), undefined);
    assert.equal(problems.length, 1);
  });

  it("of another kind of image are refused", async () => {
    const { image } = await open("corpus/a-single", "pstree.img");
    await assert.rejects(readEntry(image, "core_entry"), { code: "criu.wrongType" });
  });

  it("of a file that is no image are none", async () => {
    const image = await openImage("core-1.img", bufferSource(await readFile(import.meta.filename)));
    assert.equal(await readEntry(image, "core_entry"), undefined);
  });

  it("have the defaults that CRIU's schema declares", () => {
    const empty = { kind: "message", schema: undefined, span: { start: 0, end: 0 }, fields: [] } as const;
    // images/regfile.proto: mnt_id = -1; images/core-x86.proto: mode = NATIVE, which is 1
    assert.equal(decodeAs("reg_file_entry", empty).mnt_id, -1);
    assert.equal(decodeAs("user_x86_regs_entry", empty).mode, 1);
    assert.ok(!("size" in decodeAs("reg_file_entry", empty)));
  });
});

describe("pagemap entries of all versions", () => {
  const range = (fields: Parameters<typeof pagemapRange>[0]) => {
    const { pages, flags } = pagemapRange(fields);
    return [pages, flags];
  };

  it("count pages in the new field where it is, else in the old one", () => {
    assert.deepEqual(range({ vaddr: 0n, compat_nr_pages: 3, flags: 4 }), [3n, 4]);
    assert.deepEqual(range({ vaddr: 0n, compat_nr_pages: 0, nr_pages: 5_000_000_000n, flags: 4 }), [
      5_000_000_000n,
      4,
    ]);
  });

  it("are in the parent when the old field says so, and present when nothing is said", () => {
    assert.deepEqual(range({ vaddr: 0n, compat_nr_pages: 1, in_parent: true }), [1n, 1]);
    assert.deepEqual(range({ vaddr: 0n, compat_nr_pages: 1 }), [1n, 4]);
    assert.deepEqual(range({ vaddr: 0n, compat_nr_pages: 1, in_parent: false, flags: 0 }), [1n, 0]);
  });

  it("of a real chain have as many pages present as the pages image holds", async () => {
    for (const layer of ["1", "2", "3"]) {
      const images = await corpusImages("corpus/f-predump-chain", layer, `crit-${layer}`);
      for (const each of images.filter(({ name }) => /^pagemap-\d/.test(name))) {
        const image = await readImage(each);
        const id = (await readEntry(image, "pagemap_head"))?.pages_id;
        const pages = images.find(({ name }) => name === `pages-${id}.img`);
        assert.ok(pages);
        let present = 0;
        for await (const entry of readEntries(image, "pagemap_entry")) {
          const { pages, flags } = pagemapRange(entry);
          if ((flags & 4) !== 0) present += Number(pages);
        }
        assert.equal((await readFile(pages.path)).length, present * 4096, `${layer}/${each.name}`);
      }
    }
  });

  it("are the same from a decoded node as from a plain object", async () => {
    const { image } = await open("corpus/a-single", "pagemap-15492.img");
    let index = 1;
    for await (const entry of readEntries(image, "pagemap_entry"))
      assert.deepEqual(pagemapRange((await image.entry(index++)).message), pagemapRange(entry));
  });
});
