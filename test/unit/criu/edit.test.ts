import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openFolder } from "../../../src/archive/index.ts";
import { bufferSource } from "../../../src/bytes/index.ts";
import {
  editImage,
  encodeImage,
  imageTypeByName,
  looksLikeImage,
  openImage,
} from "../../../src/criu/index.ts";
import type { Edit, EditedImage, Image } from "../../../src/criu/index.ts";
import { loadKey, openSealedLayer } from "../../../src/seal/index.ts";
import { fixture } from "../fixtures.ts";

describe("editing an image", () => {
  it("without an edit leaves every byte of every image", async () => {
    for (const archive of ["corpus/a-single", "corpus/c-pipes", "corpus/c-ghost", "crit/every-message"])
      for (const [name, bytes] of await imagesOf(archive)) {
        const image = await openImage(name, bufferSource(bytes));
        if (image.type?.message === undefined) continue;
        assert.deepEqual(await saved(await editImage(image, [])), bytes, name);
      }
  });

  /** Edits, and the same change in the JSON that crit printed: encoded, both are the same image. */
  const SAME: readonly {
    readonly what: string;
    readonly image: readonly [archive: string, name: RegExp];
    readonly edits: readonly Edit[];
    readonly json: (json: string) => string;
  }[] = [
    {
      what: "a text becomes longer, deep inside",
      image: ["a-single", /core-\d+/],
      edits: [{ kind: "set", path: "entries[0].tc.comm", value: "frozen-for-ever" }],
      json: (json) => json.replace(/"comm": "[^"]*"/, '"comm": "frozen-for-ever"'),
    },
    {
      what: "a number becomes wider",
      image: ["a-single", /pstree/],
      edits: [{ kind: "set", path: "entries[0].pgid", value: 4_000_000_000n }],
      json: (json) => json.replace(/"pgid": \d+/, '"pgid": 4000000000'),
    },
    {
      what: "an element of a list changes, another is removed, one is added",
      image: ["b-threads50", /pstree/],
      edits: [
        { kind: "set", path: "entries[0].threads[1]", value: 7n },
        { kind: "remove", path: "entries[0].threads[0]" },
        { kind: "add", path: "entries[0].threads", value: 300n },
      ],
      json: (json) =>
        json.replace(
          /"threads": \[\s*\d+,\s*\d+,([^\]]*)\]/,
          (_, rest: string) => `"threads": [7,${rest}, 300]`,
        ),
    },
    {
      what: "an entry is removed, and one behind it changes",
      image: ["c-unix", /fdinfo/],
      edits: [
        { kind: "remove", path: "entries[0]" },
        { kind: "set", path: "entries[0].fd", value: 9n },
      ],
      json: (json) => {
        const image = JSON.parse(json) as { entries: { fd: number }[] };
        image.entries.shift();
        if (image.entries[0]) image.entries[0].fd = 9;
        return JSON.stringify(image);
      },
    },
    {
      what: "an optional field is removed, and a message added",
      image: ["a-single", /inventory/],
      edits: [
        { kind: "remove", path: "entries[0].root_ids.cgroup_ns_id" },
        { kind: "set", path: "entries[0].pre_dump_mode", value: 2n },
      ],
      json: (json) => {
        const image = JSON.parse(json) as {
          entries: { root_ids: { cgroup_ns_id?: string }; pre_dump_mode?: number }[];
        };
        delete image.entries[0]?.root_ids.cgroup_ns_id;
        if (image.entries[0]) image.entries[0].pre_dump_mode = 2;
        return JSON.stringify(image);
      },
    },
    {
      what: "a payload changes, and its length with it",
      image: ["c-pipes", /pipes-data/],
      edits: [{ kind: "set", path: "entries[0].payload", value: Buffer.from("other words") }],
      json: (json) =>
        json
          .replace(/"bytes": \d+/, '"bytes": 11')
          .replace(/"extra": "[^"]*"/, `"extra": "${Buffer.from("other words").toString("base64")}"`),
    },
    {
      what: "semaphores change, with their padding",
      image: ["c-sysv", /ipcns-sem/],
      edits: [
        { kind: "set", path: "entries[0].payload", value: Buffer.from([1, 0, 2, 0, 3, 0, 4, 0, 5, 0]) },
      ],
      json: (json) => {
        const image = JSON.parse(json) as { entries: { nsems: number; extra: number[] }[] };
        if (image.entries[0]) Object.assign(image.entries[0], { nsems: 5, extra: [1, 2, 3, 4, 5] });
        return JSON.stringify(image);
      },
    },
  ];
  for (const { what, image: at, edits, json } of SAME)
    it(`is the same as crit's JSON edited and encoded: ${what}`, async () => {
      const { image, crit } = await corpusImage(...at);
      const edited = await editImage(image, edits);
      assert.deepEqual(edited.problems, []);
      const expected = Buffer.concat([...encodeImage(json(crit))]);
      assert.deepEqual(await saved(edited), expected);
      assert.equal(edited.source.size, expected.length);
    });

  it("keeps unknown fields in their place, inside the message that changes too", async () => {
    // utsns_entry: #99 varint, nodename, #98 bytes, domainname, #97 fixed32
    const parts = [
      [0x98, 0x06, 0x05],
      [0x0a, 0x01, 0x61],
      [0x92, 0x06, 0x02, 0xff, 0xfe],
    ];
    const behind = [
      [0x12, 0x01, 0x62],
      [0x8d, 0x06, 1, 2, 3, 4],
    ];
    const image = await openImage("utsns-1.img", bufferSource(utsns([...parts, ...behind])));
    const edited = await editImage(image, [{ kind: "set", path: "entries[0].nodename", value: "xyz" }]);
    const [first = [], , third = []] = parts;
    const expected = utsns([first, [0x0a, 0x03, 0x78, 0x79, 0x7a], third, ...behind]);
    assert.deepEqual(await saved(edited), expected);
  });

  it("changes one element of a packed list and leaves it packed", async () => {
    // pagemap_entry: vaddr = 0, compat_nr_pages = 0, compressed_size = [1, 300, 3]
    const entry = (...packed: number[]): number[] => [0x08, 0, 0x10, 0, 0x32, packed.length, ...packed];
    const file = (packed: number[]): Buffer => imageFile(0x56084025, [[0x08, 1], entry(...packed)]);
    const image = await openImage("pagemap-1.img", bufferSource(file([1, 0xac, 0x02, 3])));
    const set: Edit = { kind: "set", path: "entries[1].compressed_size[1]", value: 4n };
    assert.deepEqual(await saved(await editImage(image, [set])), file([1, 4, 3]));
    const add: Edit = { kind: "add", path: "entries[1].compressed_size", value: 300n };
    assert.deepEqual(await saved(await editImage(image, [set, add])), file([1, 4, 3, 0xac, 0x02]));
    const removals = [2, 1, 0].map((index): Edit => ({
      kind: "remove",
      path: `entries[1].compressed_size[${index}]`,
    }));
    const none = imageFile(0x56084025, [
      [0x08, 1],
      [0x08, 0, 0x10, 0],
    ]);
    assert.deepEqual(await saved(await editImage(image, removals)), none);
  });

  it("reads the edited file anywhere, old and new parts alike", async () => {
    const { image } = await corpusImage("c-unix", /files/);
    const edited = await editImage(image, [
      { kind: "set", path: "entries[3].id", value: 77777n },
      { kind: "remove", path: "entries[1]" },
    ]);
    const whole = await saved(edited);
    for (let at = 0; at < whole.length; at += 7)
      assert.deepEqual(Buffer.from(await edited.source.read(at, 50)), whole.subarray(at, at + 50));
    assert.equal(edited.image.entryCount, image.entryCount - 1);
  });

  it("says before saving what CRIU would refuse", async () => {
    const { image } = await corpusImage("a-single", /pstree/);
    const { problems } = await editImage(image, [{ kind: "remove", path: "entries[0].pgid" }]);
    assert.deepEqual(
      problems.map(({ code, message }) => [code, message.includes("entries[0].pgid")]),
      [["edit.missingField", true]],
    );
    const pipes = (await corpusImage("c-pipes", /pipes-data/)).image;
    const cut = await editImage(pipes, [{ kind: "set", path: "entries[0].bytes", value: 4_000_000n }]);
    assert.ok(cut.problems.some(({ code }) => code === "edit.unreadable"));
    const other = await openImage("fs-1.img", bufferSource(utsns([[0x0a, 1, 0x61, 0x12, 1, 0x62]])));
    assert.deepEqual(
      (await editImage(other, [])).problems.map(({ code }) => code),
      ["edit.wrongMagic"],
    );
  });

  const REFUSED: readonly (readonly [what: string, edit: Edit, code: string])[] = [
    ["a path that is none", { kind: "remove", path: "pid" }, "edit.badPath"],
    ["an entry that isn't there", { kind: "remove", path: "entries[99]" }, "edit.noSuchField"],
    ["a field that isn't there", { kind: "remove", path: "entries[0].x" }, "edit.noSuchField"],
    ["a field below a number", { kind: "set", path: "entries[0].pid.x", value: 1n }, "edit.noSuchField"],
    [
      "an element past the list",
      { kind: "set", path: "entries[0].threads[9999]", value: 1n },
      "edit.noSuchField",
    ],
    ["an unknown type", { kind: "set", path: "entries[0].x", value: 1n }, "edit.notEditable"],
    ["text for a number", { kind: "set", path: "entries[0].pid", value: "x" }, "edit.wrongKind"],
    ["a number out of range", { kind: "set", path: "entries[0].pid", value: 1n << 32n }, "edit.outOfRange"],
    ["a second value", { kind: "add", path: "entries[0].pid", value: 1n }, "edit.notEditable"],
    ["a value for an entry", { kind: "set", path: "entries[0]", value: 1n }, "edit.notEditable"],
  ];
  for (const [what, edit, code] of REFUSED)
    it(`refuses ${what}`, async () => {
      const { image } = await corpusImage("a-single", /pstree/);
      await assert.rejects(editImage(image, [edit]), { code });
    });

  it("refuses sealed and raw images", async () => {
    const folder = join(await fixture("sealed/simple-enc"), "enc");
    const tree = await openFolder(folder);
    const key = await loadKey(join(await fixture("sealed/keys"), "key1.pkcs8.pem"));
    const seal = await openSealedLayer(tree, "", [key]);
    const bytes = await readFile(join(folder, "pstree.img"));
    const sealed = await openImage("pstree.img", bufferSource(bytes), { seal });
    await assert.rejects(editImage(sealed, []), { code: "edit.sealed" });
    const locked = await openImage("pstree.img", bufferSource(bytes), { sealedHint: true });
    await assert.rejects(editImage(locked, []), { code: "edit.sealed" });
    seal?.dispose();
    await tree.close();
    const pages = await openImage("pages-1.img", bufferSource(new Uint8Array(4096)));
    await assert.rejects(editImage(pages, []), { code: "edit.noEntries" });
  });
});

async function imagesOf(archive: string): Promise<(readonly [name: string, bytes: Buffer])[]> {
  const root = await fixture(archive);
  const names = (await readdir(root, { recursive: true })).filter(
    (name) => looksLikeImage(name) && imageTypeByName(name)?.magic !== 0,
  );
  return Promise.all(names.map(async (name) => [name, await readFile(join(root, name))] as const));
}

/** The first image of an archive with this name, and crit's JSON of it. */
async function corpusImage(archive: string, name: RegExp): Promise<{ image: Image; crit: string }> {
  const root = await fixture(`corpus/${archive}`);
  const file = (await readdir(join(root, "img"))).toSorted().find((candidate) => name.test(candidate));
  assert.ok(file, `${archive}: ${String(name)}`);
  const bytes = await readFile(join(root, "img", file));
  const crit = await readFile(join(root, "crit", `${file}.json`), "utf8");
  return { image: await openImage(file, bufferSource(bytes)), crit };
}

async function saved({ pieces }: EditedImage): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of pieces()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function utsns(fields: readonly (readonly number[])[]): Buffer {
  return imageFile(0x54473203, [fields.flat()]);
}

function imageFile(magic: number, entries: readonly (readonly number[])[]): Buffer {
  const word = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  return Buffer.concat([
    word(0x54564319),
    word(magic),
    ...entries.flatMap((entry) => [word(entry.length), Buffer.from(entry)]),
  ]);
}
