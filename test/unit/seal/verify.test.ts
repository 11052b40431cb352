import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { openFolder, openNested, type FileTree } from "../../../src/archive/index.ts";
import { bufferSource } from "../../../src/bytes/index.ts";
import { openImage } from "../../../src/criu/index.ts";
import { loadKey, openSealedLayer, verifyLayer, verifyPages } from "../../../src/seal/index.ts";
import type { LayerSeal, PrivateKey } from "../../../src/seal/index.ts";
import { fixture } from "../fixtures.ts";

const key1 = async (): Promise<PrivateKey> => loadKey(join(await fixture("sealed/keys"), "key1.pkcs8.pem"));

async function open(tree: FileTree): Promise<LayerSeal> {
  return (await openSealedLayer(tree, "", [await key1()])) ?? assert.fail();
}

/** A tree of a folder's files, some changed or, undefined, gone. */
async function changed(
  folder: string,
  changes: Readonly<Record<string, ((bytes: Buffer) => Buffer) | undefined>>,
): Promise<FileTree> {
  const archive = pack();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isFile() || (entry.name in changes && !changes[entry.name])) continue;
    const bytes = readFileSync(join(folder, entry.name));
    archive.entry({ name: entry.name }, changes[entry.name]?.(bytes) ?? bytes);
  }
  archive.finalize();
  return openNested(bufferSource(await buffer(archive)), "changed");
}

const flip =
  (at: number) =>
  (bytes: Buffer): Buffer => {
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes;
  };

describe("a sealed layer that is verified", () => {
  // What CRIU's own digest covers was found out with the dumps' own program, see the corpus.
  for (const [name, folder, pages, uncovered] of [
    ["simple-enc", "enc", 44, 0],
    ["tree-restorable-enc", "enc", 195, 0],
    // The pages of SysV shared memory never reach CRIU's digest.
    ["tree-sysv-enc", "enc", 202, 2],
    ["incr-enc", "1", 45, 0],
    ["incr-enc", "3", 48, 0],
  ] as const)
    it(`is authentic in every record and page: ${name}/${folder}`, async () => {
      const tree = await openFolder(join(await fixture(`sealed/${name}`), folder));
      try {
        const seal = await open(tree);
        assert.equal(seal.pageSize, 4096);
        const done: number[] = [];
        const verdict = await verifyLayer(tree, "", seal, { progress: (bytes) => done.push(bytes) });
        assert.deepEqual(verdict.broken, []);
        assert.ok(verdict.records > 30);
        assert.deepEqual(verdict.pages, { state: "verified", pages, uncovered });
        assert.ok(done.length > 0);
      } finally {
        await tree.close();
      }
    });

  it("names the file and the entry of every record that was changed", async () => {
    const folder = join(await fixture("sealed/tree-restorable-enc"), "enc");
    const whole = await openFolder(folder);
    const seal = await open(whole);
    const spans = new Map<string, number>();
    for (const [name, entry] of [
      ["files.img", 3],
      ["pipes-data.img", 0],
      ["ghost-file-1.img", 0],
      ["tcp-stream-84a7e.img", 0],
    ] as const) {
      const image = await openImage(name, await whole.open(name), { seal });
      // The last byte of its ciphertext: in the message, or in the payload behind it.
      const node = await image.entry(entry);
      spans.set(name, (node.payloads.at(-1)?.span.end ?? node.message.span.end) - 1);
    }
    await whole.close();
    const tree = await changed(folder, {
      ...Object.fromEntries([...spans].map(([name, at]) => [name, flip(at)])),
      "tmpfs-dev-87.tar.gz.img": flip(50),
    });
    const { broken, pages } = await verifyLayer(tree, "", seal);
    const found = broken.map(({ file, entry }) => `${file} ${entry ?? "-"}`).sort();
    assert.deepEqual(
      [...new Set(found)],
      [
        "files.img 3",
        "ghost-file-1.img 0",
        "pipes-data.img 0",
        "tcp-stream-84a7e.img 0",
        "tmpfs-dev-87.tar.gz.img -",
      ],
    );
    assert.equal(pages.state, "verified");
    await tree.close();
  });

  it("is broken when one bit of one page was changed, or a page is missing, or pages changed places", async () => {
    const folder = join(await fixture("sealed/simple-enc"), "enc");
    for (const change of [
      flip(20_000),
      (bytes: Buffer) => bytes.subarray(0, bytes.length - 4096),
      (bytes: Buffer) =>
        Buffer.concat([bytes.subarray(4096, 8192), bytes.subarray(0, 4096), bytes.subarray(8192)]),
    ]) {
      const tree = await changed(folder, { "pages-1.img": change });
      assert.equal((await verifyPages(tree, "", await open(tree))).state, "broken");
      await tree.close();
    }
  });

  it("is not verifiable, with the reason, as a pre-dump and when pages were punched out", async () => {
    const folder = join(await fixture("sealed/simple-enc"), "enc");
    const predump = await changed(folder, { "pstree.img": undefined });
    const verdict = await verifyPages(predump, "", await open(predump));
    assert.equal(verdict.state, "notVerifiable");
    assert.match(JSON.stringify(verdict), /pre-dump/);
    await predump.close();
    const punched = await changed(folder, { "pages-1.img": (bytes) => bytes.fill(0, 4096, 8192) });
    assert.match(JSON.stringify(await verifyPages(punched, "", await open(punched))), /1 page was punched/);
    await punched.close();
  });

  it("can be cancelled", async () => {
    const tree = await openFolder(join(await fixture("sealed/simple-enc"), "enc"));
    const seal = await open(tree);
    await assert.rejects(verifyLayer(tree, "", seal, { signal: AbortSignal.abort() }), {
      name: "AbortError",
    });
    await tree.close();
  });
});
