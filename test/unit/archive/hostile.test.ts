import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack, type Header } from "tar-stream";
import { openNested, openTree, type FileTree } from "../../../src/archive/index.ts";
import { bufferSource, joinedSource, type ByteSource } from "../../../src/bytes/index.ts";

type Entry = (Partial<Header> & { name: string }) | readonly [Partial<Header> & { name: string }, string];

async function tar(...entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const entry of entries)
    if ("name" in entry) archive.entry(entry);
    else archive.entry(entry[0], entry[1]);
  archive.finalize();
  return buffer(archive);
}

const open = (bytes: Uint8Array): Promise<FileTree> => openNested(bufferSource(bytes), "evil.tar");

async function names(tree: FileTree, folder = ""): Promise<string[]> {
  const entries = await tree.list(folder);
  const below = await Promise.all(
    entries.filter(({ kind }) => kind === "folder").map(({ path }) => names(tree, path)),
  );
  return [...entries.map(({ path }) => path), ...below.flat()].sort();
}

async function content(tree: FileTree, path: string): Promise<string> {
  const source = await tree.open(path);
  return Buffer.from(await source.read(0, source.size)).toString();
}

/** Sets a header's checksum after it was tampered with. */
function resum(header: Buffer): void {
  header.fill(" ", 148, 156);
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}

describe("a hostile tar", () => {
  it("can't name anything outside the tree, and the rest stays usable", async () => {
    const tree = await open(
      await tar(
        [{ name: "../../etc/passwd" }, "evil"],
        [{ name: "/etc/shadow" }, "evil"],
        [{ name: "a/../../b" }, "evil"],
        [{ name: "new\nline\u001b[2J" }, "evil"],
        [{ name: `${"x".repeat(300)}` }, "evil"],
        [{ name: `${"d/".repeat(400)}f` }, "evil"],
        [{ name: "./good//file" }, "fine"],
      ),
    );
    assert.deepEqual(await names(tree), ["good", "good/file"]);
    assert.equal(await content(tree, "good/file"), "fine");
    assert.equal(tree.problems.length, 6);
    for (const problem of tree.problems) assert.doesNotMatch(problem, /[\u0000-\u001f]/);
  });

  it("has its links shown, never followed", async () => {
    const tree = await open(
      await tar(
        { name: "parent", type: "symlink", linkname: "/etc" },
        { name: "loop", type: "symlink", linkname: "loop" },
        [{ name: "parent/passwd" }, "evil"],
        { name: "hard", type: "link", linkname: "../../etc/passwd" },
        { name: "later", type: "link", linkname: "first" },
        [{ name: "first" }, "one file"],
        { name: "second", type: "link", linkname: "first" },
      ),
    );
    assert.deepEqual(await names(tree), ["first", "loop", "parent", "second"]);
    assert.equal(await tree.readLink("parent"), "/etc");
    await assert.rejects(tree.open("parent"), { code: "archive.notAFile" });
    await assert.rejects(tree.open("parent/passwd"), { code: "archive.notFound" });
    assert.equal(await content(tree, "second"), "one file");
    assert.equal(tree.problems.length, 3);
  });

  it("with one name twice shows the last one, as tar leaves it", async () => {
    const tree = await open(
      await tar(
        [{ name: "core-1.img" }, "first"],
        [{ name: "core-1.img" }, "last"],
        [{ name: "a" }, "file"],
        [{ name: "a/b" }, "below a file"],
        [{ name: "d/e" }, "kept"],
        [{ name: "d" }, "over a folder"],
        { name: "d", type: "directory" },
      ),
    );
    assert.deepEqual(await names(tree), ["a", "core-1.img", "d", "d/e"]);
    assert.equal(await content(tree, "core-1.img"), "last");
    assert.equal(tree.problems.length, 3);
  });

  it("that claims more bytes than it has gives those it has", async () => {
    const bytes = await tar([{ name: "pages-1.img" }, "x".repeat(700)]);
    const cut = await open(bytes.subarray(0, 1000));
    assert.equal((await cut.stat("pages-1.img"))?.size, 488);
    assert.equal(await content(cut, "pages-1.img"), "x".repeat(488));
    assert.match(cut.problems.join(), /cut short/);

    bytes.write("77777777777\0", 124, "latin1");
    resum(bytes);
    const huge = await open(bytes);
    assert.equal((await huge.stat("pages-1.img"))?.size, bytes.length - 512);

    // Base 256: 2^88, more than a file can have.
    bytes.fill(0xff, 125, 136)[124] = 0x80;
    resum(bytes);
    const beyond = await open(bytes);
    assert.deepEqual(await names(beyond), []);
    assert.match(beyond.problems.join(), /no readable size/);
  });

  it("is indexed no further than the limit of names", async () => {
    const many = Array.from({ length: 50 }, (_, index) => [{ name: `f${index}` }, ""] as const);
    const tree = await openNested(bufferSource(await tar(...many)), "many.tar", { maxEntries: 10 });
    assert.equal((await names(tree)).length, 10);
    assert.match(tree.problems.join(), /more than 10 names/);
  });

  it("with a pax header of nonsense ends, and soon", async () => {
    for (const records of ["-9 aaa=b\n", "0 a=b\n", "9999 path=x\n", "x", "5 a=\n", "11 path\u0000=x\n"]) {
      const bytes = await tar([{ name: "PaxHeader" }, records], [{ name: "file" }, "fine"]);
      bytes.write("x", 156);
      resum(bytes);
      const tree = await open(bytes);
      assert.deepEqual(await names(tree), ["file"], JSON.stringify(records));
    }
  });

  it("cut anywhere, or with any byte changed, gives a tree or a typed error", async () => {
    const good = await tar(
      [{ name: "n".repeat(150), pax: { path: "p/q" } }, "text"],
      { name: "l", type: "symlink", linkname: "t".repeat(120) },
      [{ name: "b" }, "x".repeat(600)],
    );
    for (let at = 0; at < good.length; at += 37) {
      const changed = Buffer.from(good);
      changed[at] = (changed[at] ?? 0) ^ 0x90;
      for (const bytes of [good.subarray(0, at), changed]) {
        const tree = await open(bytes).catch((error: unknown) => {
          assert.match(String((error as { code?: unknown }).code), /^archive\./);
        });
        if (tree) await names(tree);
      }
    }
  });
});

describe("a tar made by GNU tar", () => {
  const folder = mkdtempSync(join(tmpdir(), "tar-"));
  const long = `${"folder-with-a-name/".repeat(8)}${"file".repeat(40)}`;
  before(() => {
    execFileSync("mkdir", ["-p", join(folder, "in", long, "..")]);
    writeFileSync(join(folder, "in", long), "deep");
    const holes = join(folder, "in/holes");
    writeFileSync(holes, "start");
    truncateSync(holes, 5_000_000);
    execFileSync("sh", [
      "-c",
      `for i in 1 2 3 4 5 6 7 8; do printf "at $i" | dd of="$0" bs=1 seek=\${i}00000 conv=notrunc status=none; done`,
      holes,
    ]);
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  for (const format of [
    ["--format=gnu"],
    ["--format=posix"],
    ["--format=posix", "--sparse-version=0.0"],
    ["--format=posix", "--sparse-version=0.1"],
    ["--format=oldgnu"],
  ])
    it(`(${format.join(" ")}) has long names and sparse files as they were`, async () => {
      const archive = join(folder, "out.tar");
      execFileSync("tar", ["--sparse", ...format, "-cf", archive, "-C", join(folder, "in"), "."]);
      const tree = await openTree(archive);
      assert.deepEqual(tree.problems, []);
      assert.equal(await content(tree, long), "deep");
      const source = await tree.open("holes");
      const plain = await openTree(join(folder, "in"));
      const disk = await plain.open("holes");
      assert.equal(source.size, disk.size);
      assert.ok(Buffer.from(await source.read(0, source.size)).equals(await disk.read(0, disk.size)));
      assert.equal(Buffer.from(await source.read(300_001, 3)).toString(), "t 3");
      await Promise.all([tree.close(), plain.close()]);
    });
});

describe("a member of more than 8 GiB", () => {
  const size = 9 * 2 ** 30;
  const folder = mkdtempSync(join(tmpdir(), "tar-64-"));
  after(() => {
    rmSync(folder, { recursive: true });
  });

  // GNU's own formats put the size in 64 bits, POSIX's into a pax record.
  for (const format of ["gnu", "oldgnu", "posix"])
    it(`(--format=${format}) has its size, and what comes behind it`, async () => {
      const file = join(folder, "pages-1.img");
      writeFileSync(file, "");
      truncateSync(file, size);
      // The headers are tar's; the zeros behind them need nobody to write them.
      const headers = execFileSync("sh", [
        ...["-c", 'tar --format="$0" -cf - -C "$1" pages-1.img 2>/dev/null | head -c 4096', format, folder],
      ]);
      const start = headers.findIndex(
        (_, at) =>
          at % 512 === 0 &&
          headers.toString("latin1", at, at + 12) === "pages-1.img\0" &&
          headers[at + 156] === 48,
      );
      assert.ok(start >= 0);
      const zeros: ByteSource = { size, read: (_, length) => Promise.resolve(new Uint8Array(length)) };
      const archive = joinedSource([
        bufferSource(headers.subarray(0, start + 512)),
        zeros,
        bufferSource(await tar([{ name: "pstree.img" }, "behind"])),
      ]);
      const tree = await openNested(archive, "big.tar");
      assert.deepEqual(tree.problems, []);
      assert.equal((await tree.stat("pages-1.img"))?.size, size);
      assert.equal(await content(tree, "pstree.img"), "behind");
    });
});

describe("what is no tar", () => {
  const cases: readonly (readonly [string, ByteSource, string])[] = [
    ["text", bufferSource(Buffer.from("not an image\n".repeat(100))), "archive.notAnArchive"],
    ["nothing", bufferSource(Buffer.alloc(0)), "archive.notAnArchive"],
    ["gzip of text", bufferSource(gzipSync("hello ".repeat(1000))), "archive.notAnArchive"],
    ["zip", bufferSource(Buffer.from("PK\x03\x04 and so on", "latin1")), "archive.unsupported"],
    ["OpenPGP, for a passphrase", bufferSource(Buffer.from("8c0d04090302", "hex")), "archive.unsupported"],
    ["OpenPGP, for a key", bufferSource(Buffer.from("85010c03aabb", "hex")), "archive.unsupported"],
    ["age", bufferSource(Buffer.from("age-encryption.org/v1\n-> X25519")), "archive.unsupported"],
  ];
  for (const [what, source, code] of cases)
    it(`(${what}) gives one typed error`, () => assert.rejects(openNested(source, what), { code }));
});
