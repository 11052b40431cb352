// Names whose bytes are no UTF-8, as Linux allows them: made and packed by the system itself.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nestedTree, openTree } from "../../../src/archive/index.ts";
import type { FileTree } from "../../../src/archive/index.ts";

const content = async (tree: FileTree, path: string): Promise<string> => {
  const source = await tree.open(path);
  const bytes = await source.read(0, source.size);
  await source.close?.();
  return Buffer.from(bytes).toString();
};

describe("names that are no UTF-8", () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "cryoscope-names-"));
    mkdirSync(join(folder, "in"));
    for (const byte of [0xe8, 0xe9])
      writeFileSync(
        Buffer.concat([Buffer.from(join(folder, "in", "caf")), Buffer.of(byte)]),
        byte.toString(16),
      );
    writeFileSync(join(folder, "in", "tab\tname"), "");
    for (const format of ["gnu", "pax"])
      execFileSync("tar", [`--format=${format}`, "-cf", `${format}.tar`, "in"], { cwd: folder });
    execFileSync("tar", ["-cf", "outer.tar", "gnu.tar"], { cwd: folder });
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  for (const format of ["gnu", "pax"])
    it(`stay two files in a tar of format ${format}, each with its own content`, async () => {
      const tree = await openTree(join(folder, `${format}.tar`));
      try {
        assert.deepEqual(
          (await tree.list("in")).map(({ name }) => name),
          ["caf\\xe8", "caf\\xe9"],
        );
        assert.equal(await content(tree, "in/caf\\xe8"), "e8");
        assert.equal(await content(tree, "in/caf\\xe9"), "e9");
        // As the model of a checkpoint names a file.
        assert.equal(await content(tree, "in/caf\udce9"), "e9");
        assert.deepEqual(tree.problems, [
          'The name "in/tab\\tname" is refused: it holds control characters.',
        ]);
      } finally {
        await tree.close();
      }
    });

  it("and what was refused are told of an archive within an archive too", async () => {
    const base = await openTree(join(folder, "outer.tar"));
    const tree = nestedTree(base);
    try {
      assert.deepEqual(tree.problems, []);
      assert.equal((await tree.list("gnu.tar/in")).length, 2);
      assert.deepEqual(tree.problems, [
        'In "gnu.tar": The name "in/tab\\tname" is refused: it holds control characters.',
      ]);
    } finally {
      await tree.close();
      await base.close();
    }
  });

  it("are told where they can't be read, in a folder", async () => {
    const tree = await openTree(join(folder, "in"));
    try {
      assert.deepEqual(await tree.list(""), []);
      assert.ok(
        tree.problems.some((problem) => problem.includes("is not UTF-8")),
        String(tree.problems),
      );
    } finally {
      await tree.close();
    }
  });
});
