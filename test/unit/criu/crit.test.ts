import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openFolder } from "../../../src/archive/index.ts";
import { bufferSource } from "../../../src/bytes/index.ts";
import type { ByteSource } from "../../../src/bytes/index.ts";
import { critJson, openImage } from "../../../src/criu/index.ts";
import type { CritOptions, Image, OpenImageOptions } from "../../../src/criu/index.ts";
import { loadKey, openSealedLayer } from "../../../src/seal/index.ts";
import { DUMPS, fixture } from "../fixtures.ts";
import { corpusImages, readImage } from "./corpus.ts";
import type { CorpusImage } from "./corpus.ts";

/** Checkpoints decoded with `crit decode --pretty`, with the folder of the images and that of the JSON. */
const CHECKPOINTS: readonly (readonly [name: string, images: string, json: string])[] = [
  ...[...DUMPS, "g-podman-none"].map((name) => [`corpus/${name}`, "img", "crit"] as const),
  ...["aarch64-16k", "ppc64le-64k", "riscv64", "s390x"].map(
    (name) => [`machines/${name}`, "img", "crit"] as const,
  ),
  ["corpus/g-docker-basic", "checkpoint", "crit"],
  ["odd/odd", "images", "crit"],
  ["corpus/f-lazy", "img", "crit-img"],
  ["corpus/f-incremental", "1", "crit-1"],
  ["corpus/f-incremental", "2", "crit-2"],
  ["corpus/f-incremental", "3", "crit-3"],
  ["corpus/f-predump-chain", "1", "crit-1"],
  ["corpus/f-predump-chain", "2", "crit-2"],
  ["corpus/f-predump-chain", "3", "crit-3"],
];

/** Where our JSON is not crit's: crit's, as it would have to be. */
const DIFFERENCES: readonly {
  readonly why: string;
  readonly images: RegExp;
  readonly mend: (json: string, image: Image) => Promise<string> | string;
}[] = [
  {
    why: "crit up to 4.1 calls field 2 of a pagemap entry nr_pages",
    images: /^pagemap-/,
    mend: (json) =>
      json.includes("compat_nr_pages") ? json : json.replaceAll("nr_pages", "compat_nr_pages"),
  },
  {
    why: "crit takes the entries after a System V segment for its contents, also where those are in pages",
    images: /^ipcns-shm-/,
    mend: withoutEatenEntries,
  },
  {
    why: "crit prints Python's repr of text that is no UTF-8",
    images: /^(?:core-\d+|files|memfd)\.img$/,
    mend: (json) => json.replaceAll(/"b'.*'"/g, escapedBytes),
  },
];

/** `"b'caf\\xe9'"` as `"caf\udce9"`. */
function escapedBytes(repr: string): string {
  const text = String(JSON.parse(repr)).slice(2, -1);
  const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };
  return JSON.stringify(
    text.replaceAll(/\\(?:x([\da-f]{2})|(.))/g, (_, hex: string | undefined, letter: string) => {
      if (hex === undefined) return escapes[letter] ?? letter;
      const byte = Number.parseInt(hex, 16);
      return String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte);
    }),
  );
}

describe("crit's JSON", () => {
  for (const [name, images, json] of CHECKPOINTS)
    it(`is what crit decode --pretty prints of ${name}/${images}`, async () => {
      const files = (await corpusImages(name, images, json)).filter(({ critPath }) => critPath);
      assert.ok(files.length >= 3);
      for (const file of files) await compare(file);
    });

  for (const name of ["simple-enc", "tree-restorable-enc"])
    it(`is of a sealed image what crit prints of its plaintext: ${name}`, async () => {
      const tree = await openFolder(join(await fixture(`sealed/${name}`), "enc"));
      const key = await loadKey(join(await fixture("sealed/keys"), "key1.pkcs8.pem"));
      const seal = await openSealedLayer(tree, "", [key]);
      assert.ok(seal);
      for (const file of await corpusImages(`sealed/${name}`, "enc", "expected-json"))
        if (file.critPath !== undefined) await compare(file, { seal });
      seal.dispose();
      await tree.close();
    });

  // Images of every kind, each field at its limits: written and decoded by CRIU's own Python library.
  for (const form of ["plain", "pretty"])
    it(`is what crit prints of every kind of message, ${form}`, async () => {
      const root = await fixture("crit/every-message");
      const names = await readdir(join(root, "img"));
      assert.equal(names.length, 66);
      for (const name of names) {
        const image = await openImage(name, bufferSource(await readFile(join(root, "img", name))));
        const crit = await readFile(join(root, form, `${name}.json`), "utf8");
        assert.equal(await textOf(image, { pretty: form === "pretty" }), crit, name);
      }
    });

  it("has no form for an image without entries", async () => {
    const image = await openImage("pages-1.img", bufferSource(new Uint8Array(4096)));
    await assert.rejects(textOf(image), { code: "criu.rawImage" });
  });

  it("prints the fields of an unknown kind of image by their numbers", async () => {
    const entry = [0x08, 0x05, 0x12, 0x01, 0xff, 0x08, 0x06];
    const image = await openImage("odd.img", imageBytes(0x12345678, entry));
    const expected = '{"magic": "0x12345678", "entries": [{"#1": [5, 6], "#2": ["/w==\\n"]}]}';
    assert.equal(await textOf(image), expected);
  });

  it("takes the last of a field that may not repeat, and merges messages", async () => {
    // stats_entry: pages_restored = 1; restore { pages_compared = 1, pages_restored = 2 }; restore { pages_compared = 3 }
    const entry = [0x12, 0x04, 0x08, 0x01, 0x28, 0x02, 0x12, 0x02, 0x08, 0x03];
    const image = await openImage("stats-restore", imageBytes(0x57093306, entry, 0x55105940));
    const expected =
      '{"magic": "STATS", "entries": [{"restore": {"pages_compared": 3, "pages_restored": 2}}]}';
    assert.equal(await textOf(image), expected);
  });

  it("prints a large ghost file in pieces, reading no more than it prints", async () => {
    const size = 8 << 20;
    const head = [0x08, 0x00, 0x10, 0x00, 0x18, 0x00];
    const bytes = Buffer.concat([wholeBytes(0x52583605, head), Buffer.alloc(size, "ice")]);
    const { source, largest } = watched(bufferSource(bytes));
    let longest = 0;
    let base64 = "";
    for await (const piece of critJson(await openImage("ghost-file-1.img", source))) {
      longest = Math.max(longest, piece.length);
      base64 += piece;
    }
    const extra = /"extra": "([^"]*)"/.exec(base64)?.[1]?.replaceAll("\\n", "") ?? "";
    assert.deepEqual(Buffer.from(extra, "base64"), bytes.subarray(bytes.length - size));
    assert.ok(longest < 1 << 20, `a piece of ${longest} characters`);
    assert.ok(largest() <= 1 << 20, `a read of ${largest()} bytes`);
  });
});

async function compare(file: CorpusImage, options?: OpenImageOptions): Promise<void> {
  const image = await readImage(file, options);
  const crit = (await readFile(file.critPath ?? "", "utf8")).trimEnd();
  const { mend } = DIFFERENCES.find((difference) => difference.images.test(file.name)) ?? {};
  assert.equal(await textOf(image, { pretty: true }), mend ? await mend(crit, image) : crit, file.name);
}

/** crit's entries without the entries that it took for contents; checks that those are the entries we have. */
async function withoutEatenEntries(json: string, image: Image): Promise<string> {
  const eaten = [...json.matchAll(/,\n {12}"extra": "([^"]*)"/g)].map(([, base64 = ""]) =>
    Buffer.from(base64.replaceAll("\\n", ""), "base64"),
  );
  const { end } = image.entrySpan(0);
  assert.deepEqual(Buffer.concat(eaten), Buffer.from(await image.source.read(end, image.source.size)));
  const ours = await textOf(image, { pretty: true });
  const first = json.replace(/,\n {12}"extra": "[^"]*"/, "").replace(/\n {4}\]\n\}$/, "");
  assert.ok(ours.startsWith(first), "the first entry");
  return ours;
}

async function textOf(image: Image, options?: CritOptions): Promise<string> {
  const pieces: string[] = [];
  for await (const piece of critJson(image, options)) pieces.push(piece);
  return pieces.join("");
}

function imageBytes(magic: number, entry: readonly number[], common?: number): ByteSource {
  return bufferSource(wholeBytes(magic, entry, common));
}

/** An image of one entry. */
function wholeBytes(magic: number, entry: readonly number[], common = 0x54564319): Buffer {
  const head = Buffer.alloc(12);
  [common, magic, entry.length].forEach((word, index) => head.writeUInt32LE(word, index * 4));
  return Buffer.concat([head, Buffer.from(entry)]);
}

/** The source, and the most bytes that were read of it at once. */
function watched(inner: ByteSource): { source: ByteSource; largest: () => number } {
  let most = 0;
  const source: ByteSource = {
    size: inner.size,
    read(offset, length) {
      most = Math.max(most, length);
      return inner.read(offset, length);
    },
  };
  return { source, largest: () => most };
}
