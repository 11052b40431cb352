import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pack } from "tar-stream";
import { buffer } from "node:stream/consumers";
import type { LsDocument } from "../../../src/cli/ls.ts";
import { fixture } from "../fixtures.ts";
import { assertFitsSchema, runCommand } from "../run-command.ts";

const cryoscope = (words: readonly string[], toTerminal = false) => runCommand(words, { toTerminal });

const archive = async (): Promise<string> => join(await fixture("corpus/g-podman-none"), "checkpoint.tar");

describe("cryoscope ls", () => {
  it("lists what tar lists, with the same permissions and sizes", async () => {
    const { code, out } = await cryoscope(["ls", "-R", await archive()]);
    assert.equal(code, 0);
    const ours = new Map(
      out
        .toString()
        .split("\n")
        .filter(Boolean)
        .map((line) => {
          const [mode, size, , , path = ""] = line.split(/\s+/);
          return [path, [mode, size]];
        }),
    );
    const lines = execFileSync("tar", ["-tvf", await archive()])
      .toString()
      .split("\n")
      .filter(Boolean);
    for (const line of lines) {
      const [mode, , size, , , path = ""] = line.split(/\s+/);
      assert.deepEqual(ours.get(path), [mode, size], path);
    }
  });

  it("prints JSON that fits its schema, of archives, images and folders", async () => {
    const images = await fixture("archive/container-images");
    for (const path of [
      await archive(),
      join(images, "ckpt-oci.tar"),
      join(images, "ctr-checkpoint.tar"),
      await fixture("corpus/f-predump-chain"),
    ]) {
      const { code, out } = await cryoscope(["ls", "--json", "-R", path]);
      assert.equal(code, 0);
      await assertFitsSchema("ls", JSON.parse(out));
    }
    const chain = await cryoscope(["ls", "--json", "-R", await fixture("corpus/f-predump-chain")]);
    const { entries } = JSON.parse(chain.out) as LsDocument;
    assert.ok(entries.some(({ kind, target }) => kind === "link" && target?.startsWith("../") === true));
  });

  it("goes into archives within the archive", async () => {
    const { out } = await cryoscope(["ls", await archive(), "/rootfs-diff.tar/data/"]);
    assert.match(out, /newfile\n/);
    const file = await cryoscope(["ls", await archive(), "config.dump"]);
    assert.match(file.out, /^-rw------- +24\d{3} .* config\.dump\n$/);
  });

  it("says what isn't there, and what it can't use", async () => {
    for (const [args, code] of [
      [["ls", await archive(), "nowhere"], 3],
      [["ls", await archive(), "../../etc"], 3],
      [["ls"], 2],
      [["ls", "a", "b", "c"], 2],
      [["cat", await archive()], 2],
      [["cat", await archive(), "checkpoint"], 3],
      [["ls", "--max-inflated", "much", await archive()], 2],
      [["ls", "--max-inflated", "1k", join(await fixture("corpus/g-podman-gzip"), "checkpoint.tar.gz")], 3],
    ] as const)
      assert.equal((await cryoscope(args)).code, code, args.join(" "));
  });

  it("escapes what a terminal would obey", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ls-"));
    try {
      const evil = pack();
      evil.entry({ name: "right\u202eto-left" }, "\u001b]0;owned\u0007 text\n");
      evil.entry({ name: "link", type: "symlink", linkname: "a\nfake\u001b[2J" });
      evil.finalize();
      const path = join(folder, "evil.tar");
      await writeFile(path, await buffer(evil));
      const listed = await cryoscope(["ls", path], true);
      assert.equal(listed.out.split("\n").length, 3);
      const shown = await cryoscope(["cat", path, "right\u202eto-left"], true);
      for (const { out } of [listed, shown]) assert.doesNotMatch(out, /[\u001b\u0007\u202e]/);
      const piped = await cryoscope(["cat", path, "right\u202eto-left"]);
      assert.equal(piped.out, "\u001b]0;owned\u0007 text\n");
      const link = await cryoscope(["cat", path, "link"]);
      assert.deepEqual([link.code, /links are not followed/.test(link.err)], [3, true]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("cryoscope cat", () => {
  it("prints the bytes that tar extracts", async () => {
    for (const path of ["checkpoint/pages-1.img", "config.dump"]) {
      const expected = execFileSync("tar", ["-xOf", await archive(), path], { maxBuffer: 1 << 26 });
      const { code, bytes } = await cryoscope(["cat", await archive(), path]);
      assert.equal(code, 0);
      assert.ok(bytes.equals(expected), path);
    }
    const inner = await cryoscope(["cat", await archive(), "rootfs-diff.tar/data/newfile"]);
    assert.equal(inner.out, "new-content\n");
  });
});
