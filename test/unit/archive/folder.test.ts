import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { folderId, openFolder, openLinkedFolder, openNested, openTree } from "../../../src/archive/index.ts";
import { bufferSource } from "../../../src/bytes/index.ts";

describe("a folder", () => {
  const outer = realpathSync(mkdtempSync(join(tmpdir(), "folder-")));
  const root = join(outer, "chain/3");
  before(() => {
    for (const layer of ["chain/1", "chain/2", "chain/3/sub"])
      mkdirSync(join(outer, layer), { recursive: true });
    writeFileSync(join(outer, "secret"), "secret");
    writeFileSync(join(outer, "chain/2/inventory.img"), "layer 2");
    writeFileSync(join(root, "inventory.img"), "layer 3");
    writeFileSync(join(root, "bad\nname"), "");
    const links = {
      parent: "../2",
      inside: "sub",
      "sub/up": "..",
      secret: "../../secret",
      outside: "../..",
      etc: "/etc",
      self: "self",
      over: "inside/up",
      nowhere: "../9",
      around: "../../chain/2",
    };
    for (const [path, target] of Object.entries(links)) symlinkSync(target, join(root, path));
    execFileSync("mkfifo", [join(root, "pipe")]);
  });
  after(() => {
    rmSync(outer, { recursive: true });
  });

  it("lists what is in it and opens files only", async () => {
    const tree = await openTree(root);
    const kinds = new Map((await tree.list("")).map(({ name, kind }) => [name, kind]));
    assert.equal(kinds.get("inventory.img"), "file");
    assert.equal(kinds.get("sub"), "folder");
    assert.equal(kinds.get("parent"), "link");
    assert.equal(kinds.get("pipe"), "other");
    assert.equal(kinds.has("bad\nname"), false);
    await tree.list("");
    assert.equal(tree.problems.length, 1);

    const source = await tree.open("inventory.img");
    assert.equal(Buffer.from(await source.read(0, 100)).toString(), "layer 3");
    await assert.rejects(tree.open("pipe"), { code: "archive.notAFile" });
    await assert.rejects(tree.open("sub"), { code: "archive.notAFile" });
    await tree.close();
    await source.close?.();
  });

  it("follows no link to open, list or look", async () => {
    const tree = await openFolder(root);
    await assert.rejects(tree.open("secret"), { code: "archive.notAFile" });
    await assert.rejects(tree.open("parent/inventory.img"), { code: "archive.notFound" });
    await assert.rejects(tree.open("../2/inventory.img"), { code: "archive.notFound" });
    await assert.rejects(tree.open("/etc/passwd"), { code: "archive.notFound" });
    await assert.rejects(tree.list("parent"), { code: "archive.notFound" });
    assert.equal(await tree.stat("etc/passwd"), undefined);
    assert.equal(await tree.readLink("secret"), "../../secret");
    await tree.close();
  });

  it("reaches its parent layer by name, and nothing further away", async () => {
    const tree = await openFolder(root);
    const parent = await openLinkedFolder(tree, "parent");
    const source = await parent.tree.open("inventory.img");
    assert.equal(Buffer.from(await source.read(0, 100)).toString(), "layer 2");
    assert.equal(parent.id, join(outer, "chain/2"));
    await parent.tree.close();

    assert.deepEqual(await openLinkedFolder(tree, "inside"), { tree, folder: "sub", id: join(root, "sub") });
    // A link back to where it started has the id it started with.
    assert.equal((await openLinkedFolder(tree, "sub/up")).id, folderId(tree, ""));
    for (const link of ["secret", "outside", "etc", "self", "over", "nowhere"])
      await assert.rejects(openLinkedFolder(tree, link), { code: "archive.linkRefused" }, link);
    const roundabout = await openLinkedFolder(tree, "around");
    assert.equal(roundabout.id, parent.id);
    await roundabout.tree.close();
    await assert.rejects(openLinkedFolder(tree, "inventory.img"), { code: "archive.notALink" });
    await tree.close();
  });

  it("at the top of the machine reaches nothing around it", async () => {
    const [top = ""] = readdirSync("/", { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `/${name}`);
    const tree = await openFolder(top);
    assert.equal(tree.reach, tree.root);
  });

  it("gives an archive the same reach inside itself only", async () => {
    const archive = pack();
    archive.entry({ name: "pre-checkpoint/inventory.img" }, "pre");
    archive.entry({ name: "checkpoint/parent", type: "symlink", linkname: "../pre-checkpoint" });
    archive.entry({ name: "checkpoint/out", type: "symlink", linkname: "../../etc" });
    archive.entry({ name: "checkpoint/root", type: "symlink", linkname: "/pre-checkpoint" });
    archive.finalize();
    const tree = await openNested(bufferSource(await buffer(archive)), "checkpoint.tar");
    const { folder, id } = await openLinkedFolder(tree, "checkpoint/parent");
    assert.deepEqual([folder, id], ["pre-checkpoint", folderId(tree, "pre-checkpoint")]);
    await assert.rejects(openLinkedFolder(tree, "checkpoint/out"), { code: "archive.linkRefused" });
    await assert.rejects(openLinkedFolder(tree, "checkpoint/root"), { code: "archive.linkRefused" });
  });

  it("of too many names lists the images that every dump has, wherever they come", async () => {
    const crowd = join(outer, "crowded");
    mkdirSync(crowd);
    for (let index = 0; index < 500; index++) writeFileSync(join(crowd, `core-${index}.img`), "");
    for (const name of ["pstree.img", "inventory.img", "files.img"]) writeFileSync(join(crowd, name), name);
    const tree = await openFolder(crowd, { maxListed: 10 });
    const listed = (await tree.list("")).map(({ name }) => name);
    assert.deepEqual(
      listed.filter((name) => !name.startsWith("core-")),
      ["files.img", "inventory.img", "pstree.img"],
    );
    assert.ok(listed.length >= 10 && listed.length <= 13);
    assert.equal(new Set(listed).size, listed.length);
    assert.deepEqual(
      await tree.list(""),
      await openFolder(crowd, { maxListed: 10 }).then((again) => again.list("")),
    );
    assert.equal(tree.problems.length, 1);
  });

  it("of too many names lists the first ones in order, says so once, and opens all", async () => {
    const crowd = join(outer, "crowd");
    mkdirSync(crowd);
    for (let index = 0; index < 3000; index++) writeFileSync(join(crowd, `file-${index}`), "");
    const whole = await openFolder(crowd);
    const names = (await whole.list("")).map(({ name }) => name);
    assert.deepEqual(names, readdirSync(crowd).sort());
    assert.deepEqual(whole.problems, []);
    const tree = await openFolder(crowd, { maxListed: 2500 });
    const listed = (await tree.list("")).map(({ name }) => name);
    assert.equal(listed.length, 2500);
    assert.deepEqual(listed, listed.toSorted());
    await tree.list("");
    assert.deepEqual(tree.problems, ["The root holds more than 2500 names; the first ones are listed."]);
    for (const name of names) assert.equal((await tree.stat(name))?.kind, "file");
  });

  it("must be one", async () => {
    await assert.rejects(openFolder(join(outer, "secret")), { code: "archive.notAFolder" });
    await assert.rejects(openTree(join(outer, "missing")), { code: "archive.unreadable" });
  });
});
