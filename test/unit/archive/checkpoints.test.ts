import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openNested, openTree, type FileTree } from "../../../src/archive/index.ts";
import { readExactly } from "../../../src/bytes/index.ts";
import { fixture } from "../fixtures.ts";

/** Every file and folder of a tree, as `tar -t` would name and size it. */
async function walk(tree: FileTree, folder = ""): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const entry of await tree.list(folder)) {
    found.set(entry.path, entry.size);
    if (entry.kind === "folder")
      for (const [path, size] of await walk(tree, entry.path)) found.set(path, size);
  }
  return found;
}

/** Path and size of each line of `tar -tv`. */
function listing(file: string): Map<string, number> {
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return new Map(
    lines.map((line) => {
      const [, , size, , , path = ""] = line.split(/\s+/);
      return [path.replace(/\/$/, ""), Number(size)];
    }),
  );
}

async function bytesOf(tree: FileTree, path: string): Promise<Buffer> {
  const source = await tree.open(path);
  return Buffer.from(await readExactly(source, 0, source.size));
}

for (const [name, file] of [
  ["g-podman-none", "checkpoint.tar"],
  ["g-podman-gzip", "checkpoint.tar.gz"],
  ["g-podman-zstd", "checkpoint.tar.zst"],
] as const)
  describe(`the archive ${file} that podman wrote`, () => {
    let folder: string;
    let tree: FileTree;
    before(async () => {
      folder = await fixture(`corpus/${name}`);
      tree = await openTree(join(folder, file));
    });
    after(() => tree.close());

    it("lists the names and sizes that tar lists", async () => {
      const expected = listing(join(folder, "list.txt"));
      const found = await walk(tree);
      // tar lists only what has a header of its own.
      for (const path of found.keys()) if (!expected.has(path)) assert.equal(path, "volumes");
      for (const [path, size] of expected) assert.equal(found.get(path), size, path);
      assert.deepEqual(tree.problems, []);
    });

    it("gives the bytes that tar extracts, read whole or in the middle", async () => {
      for (const image of readdirSync(join(folder, "img"))) {
        const expected = readFileSync(join(folder, "img", image));
        const path = `checkpoint/${image}`;
        assert.deepEqual(await bytesOf(tree, path), expected, image);
        const middle = await (await tree.open(path)).read(5, 100);
        assert.deepEqual(Buffer.from(middle), expected.subarray(5, 105), image);
      }
    });

    it("keeps permissions and times", async () => {
      const entry = await tree.stat("checkpoint/cgroup.img");
      assert.equal(entry?.mode, 0o644);
      assert.equal(new Date(entry.mtime ?? 0).toISOString().slice(0, 10), "2026-11-20");
    });

    it("opens the tar inside it", async () => {
      const nested = await openNested(await tree.open("rootfs-diff.tar"), "rootfs-diff.tar");
      assert.ok((await walk(nested)).size > 0);
      assert.deepEqual(nested.problems, []);
      await nested.close();
    });

    it("says what isn't there", async () => {
      await assert.rejects(tree.open("checkpoint/core-99.img"), { code: "archive.notFound" });
      await assert.rejects(tree.open("checkpoint"), { code: "archive.notAFile" });
      await assert.rejects(tree.list("nowhere"), { code: "archive.notFound" });
      await assert.rejects(tree.list("config.dump"), { code: "archive.notFound" });
      await assert.rejects(tree.readLink("config.dump"), { code: "archive.notALink" });
      assert.equal(await tree.stat("checkpoint/../config.dump"), undefined);
    });
  });
