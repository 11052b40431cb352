// The fixture gvisor.tar.gz was made by a real runsc. No newer runsc and no Firecracker ran for the others: their heads are put together
// from the formats' own definitions (gVisor: pkg/state/statefile/statefile.go, runsc/boot/restore.go; Firecracker: src/vmm/src/snapshot/
// mod.rs).
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { foreignOrigin, openNested, openTree, recogniseSnapshot } from "../../../src/archive/index.ts";
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
    const facts = Object.fromEntries(found.facts);
    assert.equal(facts["Compression"], "flate-best-speed");
    assert.equal(facts["Written"], "2026-01-02 03:04:05");
    assert.equal(facts["State"], "64 bytes behind the metadata");
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
        "memory pages, 4096 bytes",
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("lies in the folder where engines put what their runtime froze, too; CRIU's images never do", async () => {
    const sidecar = [{ name: "config.dump" }, Buffer.from("{}")] as const;
    const engine = await openNested(
      bufferSource(await tar([{ name: "checkpoint/checkpoint.img" }, gvisor(META)], [...sidecar])),
      "x.tar",
    );
    assert.equal(engine.origin?.kind, "gvisor");
    assert.equal(foreignOrigin(engine)?.folder, "checkpoint");
    const criu = await openNested(
      bufferSource(
        await tar(
          [{ name: "checkpoint/checkpoint.img" }, gvisor(META)],
          [{ name: "checkpoint/pstree.img" }, Buffer.alloc(8)],
        ),
      ),
      "x.tar",
    );
    assert.equal(criu.origin, undefined);
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
