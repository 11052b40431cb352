import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openNested, openTree, originOf, type FileTree } from "../../../src/archive/index.ts";
import { bufferSource } from "../../../src/bytes/index.ts";
import { content, names, sha256, tar, type Entry } from "./helpers.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar";
const CHECKPOINT = { "org.criu.checkpoint.container.name": "c" };

/** A store of container images that is put together by hand. */
class Layout {
  private readonly entries: Entry[] = [
    [{ name: "oci-layout" }, JSON.stringify({ imageLayoutVersion: "1.0.0" })],
  ];

  /** Adds a blob, under its own digest if no other is given, and gives its descriptor. */
  blob(bytes: Buffer | string, mediaType: string, more: object = {}, digest = `sha256:${sha256(bytes)}`) {
    this.entries.push([{ name: `blobs/${digest.replace(":", "/")}` }, bytes]);
    return { mediaType, digest, size: bytes.length, ...more };
  }

  image(layers: readonly object[], annotations: object = {}, more: object = {}) {
    const config = this.blob(JSON.stringify({ os: "linux", architecture: "amd64" }), "");
    return this.blob(JSON.stringify({ config, layers, annotations }), MANIFEST, more);
  }

  async open(manifests: readonly unknown[]): Promise<FileTree> {
    const index: Entry = [{ name: "index.json" }, JSON.stringify({ manifests })];
    const tree = await openNested(bufferSource(await tar(...this.entries, index)), "layout.tar");
    opened.push(tree);
    return tree;
  }
}

/** What a test has opened, to be closed behind it. */
const opened: FileTree[] = [];

const layer = (...files: readonly (readonly [string, string])[]): Promise<Buffer> =>
  tar(...files.map(([name, text]) => [{ name }, text] as const));

describe("a hostile store of container images", () => {
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((tree) => tree.close()));
  });

  it("whose blobs are not what their digests say is shown, and it is said", async () => {
    const layout = new Layout();
    const plain = await layer(["f", "changed"]);
    const wrong = `sha256:${"ab".repeat(32)}`;
    const tree = await layout.open([layout.image([layout.blob(plain, LAYER, {}, wrong)])]);
    assert.equal(await content(tree, "f"), "changed");
    assert.match(tree.problems.join(), /abab.* is not what its digest says/);

    const other = new Layout();
    const short = await other.open([other.image([other.blob(gzipSync(plain), LAYER, { size: 7 })])]);
    assert.match(short.problems.join(), /where its descriptor says 7/);
  });

  it("with indexes in a circle, or nested too deep, ends", async () => {
    const circle = new Layout();
    const a = `sha256:${"aa".repeat(32)}`;
    const b = `sha256:${"bb".repeat(32)}`;
    const to = (digest: string) => ({ mediaType: INDEX, digest, size: 1 });
    circle.blob(JSON.stringify({ manifests: [to(b), to(a)] }), INDEX, {}, a);
    circle.blob(JSON.stringify({ manifests: [to(a), to(a)] }), INDEX, {}, b);
    const ring = await circle.open([to(a)]);
    assert.match(ring.problems.join(), /leads back to itself/);
    assert.match(ring.problems.join(), /No image in it can be read/);
    assert.ok(await ring.stat("index.json"));

    const deep = new Layout();
    let inner: object = deep.image([deep.blob(await layer(["f", ""]), LAYER)]);
    for (let depth = 0; depth < 6; depth++)
      inner = deep.blob(JSON.stringify({ depth, manifests: [inner] }), INDEX);
    assert.match((await deep.open([inner])).problems.join(), /indexes deep/);
  });

  it("with JSON that is none, or huge, shows its files and says why", async () => {
    for (const [text, why] of [
      ["{", "it is no JSON"],
      [`"${"x".repeat(5_000_000)}"`, "are read at most"],
      ["[1,2]", "No image in it can be read"],
      ["null", "No image in it can be read"],
      ['{"manifests":{"__proto__":1}}', "No image in it can be read"],
    ] as const) {
      const bytes = await tar([{ name: "oci-layout" }, "{}"], [{ name: "index.json" }, text]);
      const tree = await openNested(bufferSource(bytes), "layout.tar");
      assert.match(tree.problems.join(), new RegExp(why));
      assert.ok(await tree.stat("index.json"));
    }
    const layout = new Layout();
    const tree = await layout.open([layout.blob("{".repeat(100), MANIFEST)]);
    assert.match(tree.problems.join(), /it is no JSON/);
  });

  it("with a manifest of 500 MiB reads none of it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "huge-manifest-"));
    try {
      for (const [name, head] of [
        ["manifest.json", '[{"Config":"'],
        ["index.json", '{"manifests":[{"annotations":{"a":"'],
      ] as const) {
        // A hole after a beginning that is JSON: no disk and no memory holds it.
        const file = join(folder, name);
        await writeFile(file, head);
        await truncate(file, 500 * 2 ** 20);
        // Without it a manifest.json is what `docker save` writes.
        if (name === "index.json")
          await writeFile(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
        const before = process.memoryUsage();
        const tree = await openTree(folder);
        const after = process.memoryUsage();
        assert.equal((await tree.stat(name))?.size, 500 * 2 ** 20);
        assert.match(tree.problems.join(), /are read at most/, name);
        const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
        assert.ok(grown < 64 * 2 ** 20, `${name}: ${grown} bytes`);
        await tree.close();
        await rm(file);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("can't lead out of its blobs", async () => {
    for (const digest of ["sha256:../../../etc/passwd", "../x:00", `sha256:${"/".repeat(64)}`, 7, null]) {
      const layout = new Layout();
      const tree = await layout.open([{ mediaType: MANIFEST, digest, size: 1 }]);
      assert.match(tree.problems.join(), /No image in it/);
    }
    const docker = await tar([
      { name: "manifest.json" },
      JSON.stringify([{ Config: "/etc/passwd", RepoTags: ["a"], Layers: ["../../etc/passwd", "x/../../y"] }]),
    ]);
    const tree = await openNested(bufferSource(docker), "docker.tar");
    assert.match(tree.problems.join(), /can't be opened/);
    assert.ok(await tree.stat("manifest.json"));
  });

  it("of several checkpoints shows each in a folder, with its own annotations", async () => {
    const layout = new Layout();
    const named = (name: string) => ({ annotations: { "org.opencontainers.image.ref.name": name } });
    const images = [];
    for (const name of ["../../evil:1", "b", "b"])
      images.push(
        layout.image(
          [layout.blob(await layer([`in-${name.length}`, name]), LAYER)],
          { "org.criu.checkpoint.container.name": `of ${name}`, [`n${images.length}`]: "" },
          named(name),
        ),
      );
    const tree = await layout.open(images);
    assert.deepEqual(
      tree.parts?.map(({ folder }) => folder),
      ["evil-1-linux-amd64", "b-linux-amd64", "b-linux-amd64-2"],
    );
    assert.equal(await content(tree, "evil-1-linux-amd64/in-12"), "../../evil:1");
    const origin = originOf(tree, "b-linux-amd64/in-1");
    assert.ok(origin?.kind === "containerImage");
    assert.equal(origin.annotations["org.criu.checkpoint.container.name"], "of b");
    assert.equal(originOf(tree, ""), undefined);
    await tree.close();
  });

  it("shows the checkpoint among other images", async () => {
    const layout = new Layout();
    const base = layout.image([layout.blob(await layer(["bin/sh", "base"]), LAYER)]);
    const frozen = layout.image([layout.blob(await layer(["spec.dump", "{}"]), LAYER)], CHECKPOINT);
    const tree = await layout.open([base, frozen]);
    assert.deepEqual(await names(tree), ["spec.dump"]);
    assert.match(tree.problems.join(), /1 more images/);
  });

  it("puts layers on each other as a container engine does", async () => {
    const layout = new Layout();
    const lower = await layer(["a/kept", "1"], ["a/gone", "1"], ["b/hidden", "1"], ["c/x", "1"], ["d", "1"]);
    const middle = await layer(["a/.wh.gone", ""], ["b/.wh..wh..opq", ""], ["b/new", "2"], [".wh.c", ""]);
    const upper = await layer(["a/kept", "3"], ["c/again", "3"], ["d/now-a-folder", "3"]);
    const tree = await layout.open([
      layout.image([lower, gzipSync(middle), upper].map((bytes) => layout.blob(bytes, LAYER))),
    ]);
    assert.deepEqual(await names(tree), ["a", "a/kept", "b", "b/new", "c", "c/again", "d", "d/now-a-folder"]);
    assert.equal(await content(tree, "a/kept"), "3");
    assert.equal(await tree.stat("b/hidden"), undefined);
    await assert.rejects(tree.open("c/x"), { code: "archive.notFound" });
    await tree.close();
  });

  it("with a layer that can't be opened shows the others", async () => {
    const layout = new Layout();
    const good = layout.blob(await layer(["f", "fine"]), LAYER);
    const bad = layout.blob(Buffer.from("nothing of the kind".repeat(50)), `${LAYER}+encrypted`);
    const missing = { mediaType: LAYER, digest: `sha256:${"cd".repeat(32)}`, size: 5 };
    const tree = await layout.open([layout.image([good, bad, missing])]);
    assert.equal(await content(tree, "f"), "fine");
    assert.equal(tree.problems.filter((problem) => /can't be opened/.test(problem)).length, 2);
  });

  it("is none when a file just has its name", async () => {
    const bytes = await tar([{ name: "manifest.json" }, '{"name":"my app"}'], [{ name: "pstree.img" }, "x"]);
    const tree = await openNested(bufferSource(bytes), "any.tar");
    assert.deepEqual(await names(tree), ["manifest.json", "pstree.img"]);
    assert.deepEqual(tree.problems, []);
  });
});
