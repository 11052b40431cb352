// No gVisor or Firecracker ran for these: their heads are put together from the formats' own definitions (gVisor: pkg/state/statefile/
// statefile.go; Firecracker: src/vmm/src/snapshot/mod.rs).
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openNested, openTree, recogniseSnapshot } from "../../../src/archive/index.ts";
import { bufferSource } from "../../../src/bytes/index.ts";
import { bytesOf, tar } from "./helpers.ts";

function gvisor(metadata: string, length = Buffer.byteLength(metadata)): Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(length));
  return Buffer.concat([Buffer.from("gVisorSF"), size, Buffer.from(metadata), Buffer.alloc(64, 7)]);
}

function firecracker(magic: bigint, version: string): Buffer {
  const head = Buffer.alloc(16);
  head.writeBigUInt64LE(magic);
  head.writeBigUInt64LE(BigInt(version.length), 8);
  return Buffer.concat([head, Buffer.from(version), Buffer.alloc(100, 1)]);
}

const META = JSON.stringify({ compression: "flate-best-speed", _timestamp: "2026-01-02 03:04:05" });

describe("a snapshot that CRIU didn't make", () => {
  it("of gVisor is recognised by its head, whose words are shown", async () => {
    const found = await recogniseSnapshot(bufferSource(gvisor(META)));
    assert.equal(found?.kind, "gvisor");
    assert.deepEqual(Object.fromEntries(found.facts)["compression"], "flate-best-speed");
    assert.deepEqual(Object.fromEntries(found.facts)["_timestamp"], "2026-01-02 03:04:05");
  });

  it("of Firecracker says its architecture and version", async () => {
    for (const [magic, version, architecture, shown] of [
      [0x0710_1984_8664_0000n, "2.0.0", "x86_64", "2.0.0"],
      [0x0710_1984_aaaa_0000n, "1.5.0", "aarch64", "1.5.0"],
      [0x0710_1984_8664_0001n, "", "x86_64", "1"],
    ] as const) {
      const found = await recogniseSnapshot(bufferSource(firecracker(magic, version)));
      assert.equal(found?.kind, "firecracker");
      const facts = Object.fromEntries(found.facts);
      assert.deepEqual([facts["Architecture"], facts["Format version"]], [architecture, shown]);
    }
  });

  it("opens as plain files: a folder of it, a tar of it, the file alone", async () => {
    const folder = await mkdtemp(join(tmpdir(), "runsc-"));
    try {
      await writeFile(join(folder, "checkpoint.img"), gvisor(META));
      await writeFile(join(folder, "pages.img"), Buffer.alloc(4096, 3));
      const trees = [
        await openTree(folder),
        await openTree(join(folder, "checkpoint.img")),
        await openNested(bufferSource(await tar([{ name: "state" }, gvisor(META)])), "x.tar"),
      ];
      for (const tree of trees) {
        assert.equal(tree.origin?.kind, "gvisor");
        const [first] = await tree.list("");
        assert.deepEqual(await bytesOf(tree, first?.path ?? ""), gvisor(META));
        await tree.close();
      }
      assert.deepEqual(trees[0]?.origin?.kind === "gvisor" && trees[0].origin.facts.at(-1), [
        "pages.img",
        "4096 bytes",
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("with a broken head is still recognised, and nothing is believed of it", async () => {
    for (const bytes of [gvisor("{"), gvisor(META, 2 ** 40), gvisor("[1]", 3), gvisor("null")]) {
      const found = await recogniseSnapshot(bufferSource(bytes));
      assert.equal(found?.kind, "gvisor");
    }
    for (const bytes of [Buffer.from("gVisorSF"), Buffer.alloc(3), Buffer.from("gVisorSX........")])
      assert.equal(await recogniseSnapshot(bufferSource(bytes)), undefined);
  });
});
