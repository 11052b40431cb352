import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import {
  findCheckpoints,
  isArchive,
  nestedTree,
  openFound,
  openNested,
  openTree,
} from "../../../src/archive/index.ts";
import { bufferSource, emptySource } from "../../../src/bytes/index.ts";
import { fixture } from "../fixtures.ts";
import { content, names, tar } from "./helpers.ts";

describe("an archive within an archive", () => {
  it("is walked into as tar lists it", async () => {
    const file = join(await fixture("corpus/g-podman-gzip"), "checkpoint.tar.gz");
    const tree = await openTree(file);
    const nested = nestedTree(tree);
    const inner = execFileSync("sh", ["-c", 'tar -xzOf "$0" rootfs-diff.tar | tar -t', file]).toString();
    for (const line of inner.split("\n").filter(Boolean))
      assert.ok(await nested.stat(`rootfs-diff.tar/${line.replace(/\/$/, "")}`), line);
    assert.equal((await nested.stat("rootfs-diff.tar"))?.kind, "file");
    assert.equal(await content(nested, "rootfs-diff.tar/data/newfile"), "new-content\n");
    assert.equal(
      (await nested.list("rootfs-diff.tar/data"))[0]?.path.startsWith("rootfs-diff.tar/data/"),
      true,
    );
    await nested.close();
    await tree.close();
  });

  it("may be a tmpfs that CRIU packed", async () => {
    const folder = join(await fixture("corpus/g-docker-basic"), "checkpoint");
    const tree = await openTree(folder);
    const nested = nestedTree(tree);
    const images = (await tree.list("")).filter(({ name }) => name.startsWith("tmpfs-"));
    assert.ok(images.length > 0);
    for (const { name } of images) {
      assert.equal(await nested.isArchive(name), true);
      const expected = execFileSync("tar", ["-tzf", join(folder, name)]).toString();
      const tops = new Set(expected.split("\n").map((line) => line.replace(/^\.\//, "").split("/")[0]));
      tops.delete("");
      assert.deepEqual(
        (await nested.list(name)).map((entry) => entry.name),
        [...tops].sort(),
      );
    }
    await nested.close();
    await tree.close();
  });

  it("is told from other files by its content", async () => {
    const folder = await fixture("corpus/g-podman-none");
    const tree = await openTree(join(folder, "checkpoint.tar"));
    const nested = nestedTree(tree);
    const archives = [];
    for (const path of await names(tree)) if (await nested.isArchive(path)) archives.push(path);
    assert.deepEqual(
      archives,
      (await names(tree)).filter((path) => /\.tar(\.gz\.img)?$/.test(path)),
    );
    await nested.close();
    await tree.close();
    for (const bytes of [
      gzipSync("just text ".repeat(500)),
      Buffer.alloc(2048),
      Buffer.from("BZh91AY&SY and no more"),
    ])
      assert.equal(await isArchive(bufferSource(bytes)), false);
    assert.equal(await isArchive(emptySource), false);
  });

  it("is opened only so deep, and so many at a time", async () => {
    let bytes = await tar([{ name: "f" }, "deep"]);
    for (let depth = 0; depth < 5; depth++) bytes = await tar([{ name: "t" }, bytes]);
    const nested = nestedTree(await openNested(bufferSource(bytes), "matryoshka.tar"));
    assert.equal((await nested.list("t/t/t/t"))[0]?.path, "t/t/t/t/t");
    await assert.rejects(nested.list("t/t/t/t/t"), { code: "archive.tooDeep" });
    const many = await openNested(
      bufferSource(await tar(...Array.from({ length: 4 }, (_, at) => [{ name: `${at}` }, bytes] as const))),
      "many.tar",
    );
    const few = nestedTree(many, { maxOpen: 3 });
    for (const path of ["0", "1", "2"]) await few.list(path);
    await assert.rejects(few.list("3"), { code: "archive.tooManyOpen" });
    await assert.rejects(few.list("0/../../x"), { code: "archive.notFound" });
    await assert.rejects(few.open("0/none"), { code: "archive.notFound" });
  });
});

describe("several checkpoints in one place", () => {
  const image = (name: string): readonly [{ name: string }, string] => [{ name }, name];

  it("are the containers of a pod, in folders", async () => {
    const tree = await openNested(
      bufferSource(
        await tar(
          image("pod/web/checkpoint/inventory.img"),
          image("pod/web/checkpoint/pstree.img"),
          image("pod/web/config.dump"),
          image("pod/db/images/pstree.img"),
          image("pod/db/rootfs-diff.tar"),
          image("pod/sidecar/spec.dump"),
          image("pod/pod.json"),
        ),
      ),
      "pod.tar",
    );
    const found = await findCheckpoints(tree);
    assert.deepEqual(
      found.map(({ path, kind }) => [path, kind]),
      [
        ["pod/db/images", "folder"],
        ["pod/sidecar", "folder"],
        ["pod/web", "folder"],
      ],
    );
    const [, , web] = found;
    assert.ok(web);
    const one = await openFound(tree, web);
    assert.deepEqual(await names(one), [
      "checkpoint",
      "checkpoint/inventory.img",
      "checkpoint/pstree.img",
      "config.dump",
    ]);
    await assert.rejects(one.open("../db/rootfs-diff.tar"), { code: "archive.notFound" });
  });

  it("are the containers of a pod, in archives", async () => {
    const folder = await mkdtemp(join(tmpdir(), "pod-"));
    try {
      const archive = readFileSync(join(await fixture("corpus/g-podman-gzip"), "checkpoint.tar.gz"));
      await writeFile(join(folder, "one"), archive);
      await writeFile(join(folder, "two.tar.gz"), archive);
      await writeFile(join(folder, "notes.txt"), "n".repeat(1000));
      const tree = await openTree(folder);
      const found = await findCheckpoints(tree);
      assert.deepEqual(
        found.map(({ path, kind, name }) => [path, kind, name]),
        [
          ["one", "archive", "one"],
          ["two.tar.gz", "archive", "two"],
        ],
      );
      for (const one of found) {
        const opened = await openFound(tree, one);
        assert.ok(await opened.stat("checkpoint/pstree.img"));
        await opened.close();
      }
      await tree.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("are one where layers of a chain, and a pre-dump beside it, belong together", async () => {
    for (const name of ["f-predump-chain", "f-incremental", "g-podman-none", "g-docker-basic"]) {
      const tree = await openTree(await fixture(`corpus/${name}`));
      const found = await findCheckpoints(tree);
      assert.deepEqual(
        found.map(({ path }) => path),
        [""],
        name,
      );
      await tree.close();
    }
    const pair = await openNested(
      bufferSource(
        await tar(
          image("pre-checkpoint/inventory.img"),
          image("checkpoint/pstree.img"),
          { name: "checkpoint/parent", type: "symlink", linkname: "../pre-checkpoint" },
          image("config.dump"),
        ),
      ),
      "pair.tar",
    );
    assert.deepEqual(
      (await findCheckpoints(pair)).map(({ path }) => path),
      [""],
    );
  });
});
