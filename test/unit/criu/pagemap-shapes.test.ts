// Pagemaps of compressed pages, in the forms that development versions of CRIU gave them. What they hold is what protobufjs
// makes of them by the field numbers of those versions.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import protobuf from "protobufjs";
import { bufferSource } from "../../../src/bytes/index.ts";
import {
  critDirect,
  critJson,
  critPieces,
  editImage,
  encodeImage,
  findPages,
  hintOfInventory,
  looksLikeImage,
  openImage,
  pagemapRange,
  showMessage,
} from "../../../src/criu/index.ts";
import type { EntryNode, Image, ImageSet, MessageNode, ShapeHint } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";
import { allProblems, tiledSpans } from "./corpus.ts";

/** `images/pagemap.proto` of each version: what differs behind field 4. */
const FORMS: Readonly<Record<string, string>> = {
  pagemap_entry:
    "required uint32 compat_nr_pages = 2; optional uint64 nr_pages = 5; optional Blocks blocks = 6; message Blocks { repeated uint32 block_sizes = 1 [packed = true]; required uint64 total_payload_size = 2; required uint32 pages_per_block = 3; optional bool payload_padded = 4; }",
  pagemap_entry_with_page_sizes:
    "required uint32 nr_pages = 2; repeated uint32 compressed_size = 5; optional uint32 total_compressed_size = 6;",
  pagemap_entry_with_sizes:
    "required uint32 compat_nr_pages = 2; optional uint64 nr_pages = 5; repeated uint32 compressed_size = 6; optional uint64 total_compressed_size = 7; optional uint32 region_pages = 8;",
  pagemap_entry_with_regions:
    "required uint32 compat_nr_pages = 2; optional uint64 nr_pages = 5; optional Regions regions = 6; message Regions { repeated uint32 region_sizes = 1 [packed = true]; required uint64 total_payload_size = 2; required uint32 pages_per_region = 3; }",
};

function formType(form: string): protobuf.Type {
  const common = "required uint64 vaddr = 1; optional bool in_parent = 3; optional uint32 flags = 4;";
  const text = `syntax = "proto2"; message E { ${common} ${FORMS[form] ?? ""} }`;
  return protobuf.parse(text, { keepCase: true }).root.lookupType("E");
}

/** The form of the compressed entries of each folder of the fixture. */
const FOLDERS: Readonly<Record<string, string>> = {
  "p1-page-noalign": "pagemap_entry_with_sizes",
  "p1-region64k": "pagemap_entry_with_sizes",
  "p1packed-page": "pagemap_entry_with_sizes",
  "p2-region64k": "pagemap_entry_with_regions",
  "p3-page": "pagemap_entry",
  "p3-block256k": "pagemap_entry",
  "p3-block64k-padded": "pagemap_entry",
};

async function pagemaps(folder: string): Promise<{ name: string; bytes: Buffer; hint: ShapeHint }[]> {
  const root = join(await fixture("memory/pages-compressed"), folder);
  const hint = await hintOfInventory(bufferSource(await readFile(join(root, "inventory.img"))));
  const names = (await readdir(root)).filter((name) => name.startsWith("pagemap-"));
  return Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(root, name)), hint })));
}

async function jsonOf(image: Image, byNodes: boolean): Promise<string> {
  let text = "";
  for await (const piece of critJson(image, { byNodes })) text += piece;
  return text;
}

/** As `cryoscope decode` does it: straight from the bytes, and the rest from the opened image. */
async function directJson(image: Image): Promise<string> {
  let text = "";
  const add = (piece: string | Uint8Array): void =>
    void (text += typeof piece === "string" ? piece : Buffer.from(piece).toString("latin1"));
  const direct = critDirect(image.name, image.source, false);
  let step = await direct.next();
  for (; !step.done; step = await direct.next()) add(step.value);
  if (step.value !== "done") for await (const piece of critPieces(image, { from: step.value })) add(piece);
  return text;
}

/** Values as protobufjs gives them; empty lists are no field. */
function expected(type: protobuf.Type, bytes: Uint8Array): unknown {
  return type.toObject(type.decode(bytes), { longs: Number });
}

function imageOf(entries: readonly Uint8Array[]): Buffer {
  const parts = [Buffer.from("1943565425400856", "hex")];
  for (const entry of [Buffer.from([8, 1]), ...entries]) {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(entry.length);
    parts.push(size, Buffer.from(entry));
  }
  return Buffer.concat(parts);
}

/** Entries as `page-xfer.c` of CRIU 4.3 writes them, a pages file of their bytes, and what lies where. */
function storedPages(
  page: number,
): readonly [
  files: { readonly entries: readonly object[]; readonly pages: Buffer },
  places: readonly (readonly [path: string, stored: Buffer])[],
] {
  const [first, second, raw, padded, last] = [100, page, 2 * page, 300, 500].map((size, index) =>
    Buffer.alloc(size, 0x61 + index),
  );
  assert.ok(first && second && raw && padded && last);
  const upToPage = (length: number): Buffer => Buffer.alloc((page - (length % page)) % page);
  const run = (
    vaddr: number,
    pages: number,
    flags: number,
    sizes?: readonly number[],
    isPadded = false,
  ): object => ({
    vaddr,
    compat_nr_pages: 0,
    flags,
    nr_pages: pages,
    ...(sizes && {
      blocks: {
        block_sizes: sizes,
        total_payload_size: sizes.reduce(
          (sum, size) => sum + (isPadded ? Math.ceil(size / page) * page : size),
          0,
        ),
        pages_per_block: 1,
        payload_padded: isPadded,
      },
    }),
  });
  const entries = [
    // Packed and unpacked blocks and one of zeros; then a run of unpacked ones alone, at the next page; then padded blocks.
    run(0x100000, 3, 4, [first.length, 0, second.length]),
    run(0x200000, 2, 12),
    run(0x300000, 2, 12, [padded.length, last.length], true),
  ];
  const pages = Buffer.concat([
    ...[first, second, upToPage(first.length + second.length), raw],
    ...[padded, upToPage(padded.length), last, upToPage(last.length)],
  ]);
  const places: readonly (readonly [string, Buffer])[] = [
    ["entries[1]", Buffer.concat([first, second])],
    ["entries[1].blocks.block_sizes[0]", first],
    ["entries[1].blocks.block_sizes[2]", second],
    ["entries[2]", raw],
    ["entries[3].blocks.block_sizes[0]", padded],
    ["entries[3].blocks.block_sizes[1]", last],
  ];
  return [{ entries, pages }, places];
}

/** An mm image whose auxiliary vector tells the page size (`AT_PAGESZ`, 6, in field 13). */
function mmImage(pageSize: number): Buffer {
  const type = protobuf
    .parse(
      `syntax = "proto2"; message M { ${Array.from({ length: 12 }, (_, index) => `required uint64 f${index + 1} = ${index + 1};`).join(" ")} repeated uint64 auxv = 13; }`,
    )
    .root.lookupType("M");
  const fields = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`f${index + 1}`, 0]));
  const entry = type.encode(type.fromObject({ ...fields, auxv: [6, pageSize, 0, 0] })).finish();
  const head = Buffer.alloc(12);
  head.writeUInt32LE(0x54564319, 0);
  head.writeUInt32LE(0x57492820, 4);
  head.writeUInt32LE(entry.length, 8);
  return Buffer.concat([head, entry]);
}

describe("pagemaps of compressed pages", () => {
  for (const [folder, form] of Object.entries(FOLDERS))
    it(`have the fields of the version that wrote them: ${folder}`, async () => {
      const type = formType(form);
      let compressed = 0;
      for (const { name, bytes, hint } of await pagemaps(folder)) {
        const image = await openImage(name, bufferSource(bytes), { hint });
        await tiledSpans(image);
        assert.deepEqual(await allProblems(image), []);
        const json = await jsonOf(image, true);
        assert.equal(await directJson(image), json, name);
        assert.equal(await jsonOf(image, false), json, name);
        const rows = (JSON.parse(json) as { entries: readonly unknown[] }).entries;
        for await (const entry of image.entries(1)) {
          const { start, end } = entry.message.span;
          const values = expected(type, bytes.subarray(start, end)) as Record<string, unknown>;
          // The first version of July 2026 had a tag for each size, which its crit's JSON doesn't tell.
          const unpacked = folder.startsWith("p1-") && "compressed_size" in values;
          const row = unpacked ? { ...values, unpacked: true } : values;
          assert.deepEqual(rows[entry.index], row, `${name} ${entry.index}`);
          assert.equal(pagemapRange(entry.message).pages, BigInt(values["nr_pages"] as number));
          if (!("blocks" in values || "regions" in values || "compressed_size" in values)) continue;
          compressed++;
          assert.equal(entry.message.schema?.name, form);
          assert.match(showMessage(entry.message), / in \d+ (page|block|region)s?\b/);
        }
        assert.ok(Buffer.concat([...encodeImage(json)]).equals(bytes), name);
      }
      assert.ok(compressed > 0);
    });

  it("have their sizes packed when the JSON doesn't say otherwise, as the version after the first has them", () => {
    const entry = (more: string): string =>
      `{"magic": "PAGEMAP", "entries": [{"pages_id": 1}, {"vaddr": 4096, "compat_nr_pages": 0, "nr_pages": 2, "compressed_size": [7, 300], "total_compressed_size": 307${more}}]}`;
    const sizes = (more: string): string =>
      Buffer.concat([...encodeImage(entry(more))])
        .toString("hex")
        .slice(-2 * 11);
    assert.ok(sizes("").endsWith("3203" + "07ac02" + "38b302"));
    assert.ok(sizes(', "unpacked": true').endsWith("3007" + "30ac02" + "38b302"));
    assert.throws(() => sizes(', "unpacked": 1'), /unpacked.*true/);
  });

  it("of the prototype have a size for each page in field 5", async () => {
    const type = formType("pagemap_entry_with_page_sizes");
    const values = [
      { vaddr: 0x10000, nr_pages: 3, flags: 4, compressed_size: [20, 0, 4096], total_compressed_size: 4116 },
      { vaddr: 0x20000, nr_pages: 1, flags: 4, compressed_size: [0], total_compressed_size: 0 },
    ];
    const bytes = imageOf(values.map((value) => type.encode(type.fromObject(value)).finish()));
    const image = await openImage("pagemap-1.img", bufferSource(bytes));
    assert.deepEqual(await allProblems(image), []);
    const json = await jsonOf(image, true);
    assert.equal(await directJson(image), json);
    assert.deepEqual((JSON.parse(json) as { entries: unknown[] }).entries.slice(1), values);
    assert.ok(Buffer.concat([...encodeImage(json)]).equals(bytes));
    const { message } = await image.entry(1);
    assert.equal(
      showMessage(message),
      "0x10000  3 pages  PE_PRESENT  4116 bytes in 3 pages, 1 of them all zero",
    );
    assert.deepEqual(pagemapRange(message), { vaddr: 0x10000n, pages: 3n, flags: 4 });
  });

  it("are told apart by the inventory alone where they have the same numbers", async () => {
    const type = formType("pagemap_entry_with_regions");
    const regions = { region_sizes: [7, 0], total_payload_size: 7, pages_per_region: 4 };
    const value = { vaddr: 4096, compat_nr_pages: 0, flags: 4, nr_pages: 8, regions };
    const bytes = imageOf([type.encode(type.fromObject(value)).finish()]);
    const schemaWith = async (hint?: ShapeHint): Promise<string | undefined> =>
      (await (await openImage("pagemap-1.img", bufferSource(bytes), { hint })).entry(1)).message.schema?.name;
    assert.equal(await schemaWith({ compress: 2 }), "pagemap_entry_with_regions");
    assert.equal(await schemaWith({ compress: 1 }), "pagemap_entry");
    assert.equal(await schemaWith(), "pagemap_entry");
  });

  for (const folder of [...Object.keys(FOLDERS), "plain"])
    it(`lead to bytes that are all of the pages file, entry by entry and block by block: ${folder}`, async () => {
      const root = join(await fixture("memory/pages-compressed"), folder);
      const files = (await readdir(root)).filter(looksLikeImage);
      const images: ImageSet = {
        names: files,
        use: async (file, work) =>
          work(await openImage(file, bufferSource(await readFile(join(root, file))))),
      };
      let blocks = 0;
      for (const { name, bytes, hint } of await pagemaps(folder)) {
        const image = await openImage(name, bufferSource(bytes), { hint });
        const id = Number((await image.entry(0)).message.fields[0]?.value);
        const stored = await readFile(join(root, `pages-${id}.img`));
        let end = 0;
        for await (const { index, message } of image.entries(1)) {
          const path = `entries[${index}]`;
          const place = await findPages(image, path, images);
          // Only zeros have no bytes.
          if (!place) continue;
          assert.equal(place.file, `pages-${id}.img`);
          // What lies between is the padding up to a page.
          const gap = stored.subarray(end, place.start);
          assert.ok(place.start >= end && gap.length < 4096 && gap.every((byte) => byte === 0), path);
          const lists = message.fields.flatMap((field) =>
            field.name === "blocks" || field.name === "regions"
              ? (field.value as MessageNode).fields.map((inner) => ({ inner, at: `${path}.${field.name}` }))
              : [{ inner: field, at: path }],
          );
          let blockEnd = place.start;
          for (const { inner, at } of lists) {
            if (!/^(block_sizes|region_sizes|compressed_size)$/.test(inner.name)) continue;
            const block = await findPages(image, `${at}.${inner.name}[${inner.index}]`, images);
            assert.equal(block === undefined ? 0 : block.end - block.start, inner.value);
            if (!block) continue;
            assert.ok(block.start >= blockEnd && block.end <= place.end);
            blockEnd = block.end;
            blocks++;
          }
          ({ end } = place);
        }
        assert.equal(end, stored.length, name);
      }
      assert.equal(blocks > 0, folder !== "plain");
    });

  for (const page of [4096, 16384, 65536])
    it(`lead to their bytes on a machine with pages of ${page} bytes`, async () => {
      const type = formType("pagemap_entry");
      const [files, places] = storedPages(page);
      const bytes = imageOf(files.entries.map((value) => type.encode(type.fromObject(value)).finish()));
      const contents: Readonly<Record<string, Uint8Array>> = {
        "pagemap-7.img": bytes,
        "mm-7.img": mmImage(page),
        "pages-1.img": files.pages,
      };
      const images: ImageSet = {
        names: Object.keys(contents),
        use: async (file, work) =>
          work(await openImage(file, bufferSource(contents[file] ?? new Uint8Array()))),
      };
      const image = await openImage("pagemap-7.img", bufferSource(bytes), { hint: { compress: 1 } });
      assert.deepEqual(await allProblems(image), []);
      for (const [path, stored] of places) {
        const place = await findPages(image, path, images);
        assert.ok(place, path);
        assert.deepEqual(Buffer.from(files.pages.subarray(place.start, place.end)), stored, path);
      }
    });

  it("keep their form when they are edited", async () => {
    const [first] = await pagemaps("p2-region64k");
    assert.ok(first);
    const { name, bytes, hint } = first;
    const image = await openImage(name, bufferSource(bytes), { hint });
    const entries: EntryNode[] = [];
    for await (const entry of image.entries()) entries.push(entry);
    const at = entries.findIndex(({ message }) => message.schema?.name === "pagemap_entry_with_regions");
    const path = `entries[${at}].regions.region_sizes[0]`;
    const edited = await editImage(image, [{ kind: "set", path, value: 1n }]);
    assert.deepEqual(await allProblems(edited.image), []);
    const rows = JSON.parse(await jsonOf(edited.image, true)) as {
      entries: readonly { regions?: { region_sizes: readonly number[] } }[];
    };
    assert.equal(rows.entries[at]?.regions?.region_sizes[0], 1);
  });
});
