// No dump of the corpus went through criu-image-streamer. The shards here are real images, packed by a writer of its own
// (protobufjs, from the streamer's proto/image.proto).
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openNested, openTree } from "../../../src/archive/index.ts";
import type { FileTree } from "../../../src/archive/index.ts";
import { bufferSource } from "../../../src/bytes/index.ts";
import { encodePart, partsOf } from "../../fuzz/stream.ts";
import type { StreamPart } from "../../fuzz/stream.ts";
import { fixture } from "../fixtures.ts";

interface File {
  readonly name: string;
  readonly bytes: Uint8Array;
}

async function images(): Promise<readonly File[]> {
  const folder = join(await fixture("corpus/a-single"), "img");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".img")).toSorted();
  return Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(folder, name)) })));
}

const shard = (parts: readonly StreamPart[]): Buffer => Buffer.concat(parts.map(encodePart));
const open = (parts: readonly StreamPart[]): Promise<FileTree> =>
  openNested(bufferSource(shard(parts)), "stream");

async function content(tree: FileTree, path: string): Promise<Buffer> {
  const source = await tree.open(path);
  return Buffer.from(await source.read(0, source.size));
}

async function assertHolds(tree: FileTree, files: readonly File[]): Promise<void> {
  assert.deepEqual(
    (await tree.list("")).map(({ name, size }) => [name, size]),
    files.map(({ name, bytes }) => [name, bytes.length]),
  );
  for (const { name, bytes } of files) assert.ok((await content(tree, name)).equals(bytes), name);
  assert.deepEqual(tree.problems, []);
}

describe("a streamed dump", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-stream-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("in one file is a tree of its images", async () => {
    const files = await images();
    const path = join(folder, "stream");
    await writeFile(path, shard(partsOf(files)));
    const tree = await openTree(path);
    await assertHolds(tree, files);
    await tree.close();
  });

  it("in several files is put together again, whichever comes first", async () => {
    const files = await images();
    const parts = partsOf(files, 333);
    for (let index = 0; index < 4; index++)
      await writeFile(join(folder, `shard-${9 - index}`), shard(parts.filter((_, at) => at % 4 === index)));
    await writeFile(join(folder, "dump.log"), "not a shard\n");
    const tree = await openTree(folder);
    await assertHolds(tree, files);
    await tree.close();
  });

  it("packed with gzip opens too", async () => {
    const files = await images();
    const tree = await openNested(bufferSource(gzipSync(shard(partsOf(files)))), "stream.gz");
    await assertHolds(tree, files);
    await tree.close();
  });

  it("may go from one file to another and back", async () => {
    const [a, b] = [Buffer.from("one two"), Buffer.from("three")];
    const tree = await open([
      { marker: { seq: 0, filename: "a.img" } },
      { marker: { seq: 1, fileData: 4 }, data: a.subarray(0, 4) },
      { marker: { seq: 2, filename: "b.img" } },
      { marker: { seq: 3, fileData: 5 }, data: b },
      { marker: { seq: 4, fileEof: true } },
      { marker: { seq: 5, filename: "a.img" } },
      { marker: { seq: 6, fileData: 3 }, data: a.subarray(4) },
      { marker: { seq: 7, fileEof: true } },
      { marker: { seq: 8, imageEof: true } },
    ]);
    await assertHolds(tree, [
      { name: "a.img", bytes: a },
      { name: "b.img", bytes: b },
    ]);
    const source = await tree.open("a.img");
    assert.equal(Buffer.from(await source.read(2, 4)).toString(), "e tw");
  });

  it("of which a shard is missing says so, and shows what is whole", async () => {
    const files = await images();
    const parts = partsOf(files, 333);
    const tree = await open(parts.filter((_, at) => at % 4 !== 2));
    assert.ok(tree.problems.some((text) => /Marker.* missing/.test(text)));
    assert.ok((await tree.list("")).length > 0);
  });

  it("that was cut off says so", async () => {
    const bytes = shard(partsOf(await images()));
    for (const length of [bytes.length - 1, bytes.length - 100, 3000, 30]) {
      const tree = await openNested(bufferSource(bytes.subarray(0, length)), "stream");
      assert.ok(
        tree.problems.some((text) => text.includes("has no end")),
        String(length),
      );
    }
  });

  it("can't name anything outside its tree", async () => {
    const tree = await open([
      { marker: { seq: 0, filename: "../evil" } },
      { marker: { seq: 1, fileEof: true } },
      { marker: { seq: 2, filename: "good.img" } },
      { marker: { seq: 3, fileEof: true } },
      { marker: { seq: 4, imageEof: true } },
    ]);
    assert.deepEqual(
      (await tree.list("")).map(({ name }) => name),
      ["good.img"],
    );
    assert.equal(tree.problems.length, 1);
  });

  it("is not what an image, a text or an archive is taken for", async () => {
    for (const { name, bytes } of await images())
      await assert.rejects(openNested(bufferSource(bytes), name), { code: "archive.notAnArchive" });
    await assert.rejects(openNested(bufferSource(Buffer.from("\x04\0\0\0text")), "x"), {
      code: "archive.notAnArchive",
    });
    const tree = await openTree(join(await fixture("corpus/a-single"), "img"));
    assert.ok("root" in tree);
    await tree.close();
  });
});
