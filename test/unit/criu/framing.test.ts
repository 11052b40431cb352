import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { bufferSource } from "../../../src/bytes/index.ts";
import type { ByteSource } from "../../../src/bytes/index.ts";
import { openImage } from "../../../src/criu/index.ts";
import type { Image } from "../../../src/criu/index.ts";
import { allProblems, corpusImages, critEntries, readImage, tiledSpans } from "./corpus.ts";
import type { CorpusImage } from "./corpus.ts";

const FIXTURES = [
  ["corpus/a-single"],
  ["corpus/c-pipes"],
  ["corpus/c-unix"],
  ["corpus/c-sysv"],
  ["corpus/c-ghost"],
  ["corpus/f-predump-chain", "1", "crit-1"],
  ["corpus/f-predump-chain", "3", "crit-3"],
  ["sealed/tree-restorable-enc", "plain", "none"],
  ["sealed/bpf-partial", "plain", "none"],
] as const;

describe("framing of real images", () => {
  for (const [name, ...folders] of FIXTURES)
    describe([name, folders[0]].join(" "), () => {
      let images: CorpusImage[] = [];
      before(async () => {
        images = await corpusImages(name, ...folders);
        assert.ok(images.length > 4);
      });

      it("accounts for every byte of every image, without a problem", async () => {
        for (const each of images) {
          const image = await readImage(each);
          const spans = await tiledSpans(image);
          assert.deepEqual(await allProblems(image), [], each.name);
          assert.ok(!spans.some(({ kind }) => kind === "unknown"), each.name);
          assert.ok(image.type, each.name);
        }
      });

      it("finds as many entries as crit", async () => {
        for (const each of images) {
          // crit reads bytes that aren't there behind the entries of ipcns-shm.
          if (each.critPath === undefined || each.name.startsWith("ipcns-shm")) continue;
          const image = await readImage(each);
          let chunks = 0;
          for await (const { payloads } of image.entries())
            if (image.type?.name === "GHOST_FILE") chunks += payloads.filter(({ message }) => message).length;
          assert.equal(image.entryCount + chunks, (await critEntries(each.critPath)).length, each.name);
        }
      });
    });
});

describe("payloads of real images", () => {
  const open = async (fixtureName: string, name: string, folder = "img", crit = "crit") => {
    const found = (await corpusImages(fixtureName, folder, crit)).find((each) => each.name === name);
    assert.ok(found?.critPath !== undefined, name);
    return { image: await readImage(found), entries: await critEntries(found.critPath) };
  };

  for (const [fixtureName, name] of [
    ["corpus/c-pipes", "pipes-data.img"],
    ["corpus/c-pipes", "fifo-data.img"],
    ["corpus/c-unix", "sk-queues.img"],
  ] as const)
    it(`are the bytes that crit gives for ${name}`, async () => {
      const { image, entries } = await open(fixtureName, name);
      assert.ok(entries.length > 0);
      for (const [index, { extra }] of entries.entries())
        assert.equal(
          (await payloads(image, index))["data"]?.toString("base64") ?? "",
          String(extra).replaceAll("\n", ""),
        );
    });

  it("are the bytes of ghost files, whole and in chunks", async () => {
    for (const name of ["ghost-file-1.img", "ghost-file-2.img", "ghost-file-3.img", "ghost-file-4.img"]) {
      const { image, entries } = await open("corpus/c-ghost", name);
      const found = Object.values(await payloads(image, 0));
      const expected = entries.flatMap(({ extra }) => (typeof extra === "string" ? [extra] : []));
      assert.deepEqual(
        found.map((bytes) => bytes.toString("base64")),
        expected.map((text) => text.replaceAll("\n", "")).filter((text) => text !== ""),
      );
    }
  });

  it("are semaphore values and messages, without the padding behind them", async () => {
    const semaphores = await open("corpus/c-sysv", "ipcns-sem-9.img");
    for (const [index, { extra }] of semaphores.entries.entries()) {
      const bytes = (await payloads(semaphores.image, index))["data"] ?? Buffer.alloc(0);
      const values = Array.from({ length: bytes.length / 2 }, (_, at) => bytes.readUInt16LE(at * 2));
      assert.deepEqual(values, extra);
    }
    const messages = await open("corpus/c-sysv", "ipcns-msg-9.img");
    for (const [index, { extra }] of messages.entries.entries()) {
      const texts = (extra as readonly unknown[]).filter((item) => typeof item === "string");
      const found = Object.entries(await payloads(messages.image, index));
      assert.deepEqual(
        found.flatMap(([name, bytes]) => (name.endsWith(".data") ? [bytes.toString("base64")] : [])),
        texts.map((text) => text.replaceAll("\n", "")),
      );
    }
  });

  it("are the receive and send queues of a connection", async () => {
    const name = "tcp-stream-84a7b.img";
    const { entries } = await open("sealed/tree-restorable-enc", name, "enc", "expected-json");
    const extra = entries[0]?.["extra"] as { inq: string; outq: string };
    // The plain dump is of the same state, so its queues are as long.
    const [plain] = (await corpusImages("sealed/tree-restorable-enc", "plain")).filter(
      (each) => each.name === name,
    );
    assert.ok(plain);
    const found = await payloads(await readImage(plain), 0);
    assert.deepEqual(
      [found["inq"]?.length ?? 0, found["outq"]?.length ?? 0],
      [Buffer.from(extra.inq, "base64").length, Buffer.from(extra.outq, "base64").length],
    );
  });

  it("are not looked for behind shared memory that lies in pages", async () => {
    const { image, entries } = await open("corpus/c-sysv", "ipcns-shm-9.img");
    assert.ok(image.entryCount >= entries.length);
    for await (const entry of image.entries()) assert.deepEqual(entry.payloads, []);
  });
});

describe("opening images", () => {
  it("finds 100,000 entries of a pagemap within a second", async () => {
    const started = performance.now();
    const image = await openImage("pagemap-1.img", bufferSource(manyEntries(100_000)));
    assert.equal(image.entryCount, 100_001);
    assert.ok(performance.now() - started < 1000);
    assert.deepEqual(image.entrySpan(100_000), {
      start: image.source.size - 8,
      end: image.source.size,
    });
    assert.equal(image.entryAt(image.source.size - 1), 100_000);
    assert.equal(image.entryAt(3), undefined);
    assert.equal(image.entryAt(image.source.size), undefined);
  });

  it("does not read a pages image of 1 GiB to open it", async () => {
    let read = 0;
    const source: ByteSource = {
      size: 2 ** 30,
      read: (_, length) => {
        read += length;
        return Promise.resolve(new Uint8Array(length));
      },
    };
    const image = await openImage("pages-1.img", source);
    assert.deepEqual(image.rest, [{ kind: "payload", name: "data", span: { start: 0, end: 2 ** 30 } }]);
    assert.ok(read < 4096);
  });

  it("shows entries of a magic it doesn't know as raw fields", async () => {
    const bytes = Buffer.from("19435654" + "efbeadde" + "04000000" + "0801" + "1207", "hex");
    const image = await openImage("new-1.img", bufferSource(bytes));
    assert.equal(image.type, undefined);
    assert.deepEqual(
      image.problems.map(({ code }) => code),
      ["criu.unknownMagic"],
    );
    const { message } = await image.entry(0);
    assert.deepEqual([message.fields[0]?.name, message.fields[0]?.value], ["#1", 1n]);
  });

  it("reads images of version 1, which have no common magic", async () => {
    const [core] = (await corpusImages("corpus/a-single")).filter(({ name }) => name.startsWith("core-"));
    assert.ok(core);
    const old = await openImage(core.name, bufferSource((await readFile(core.path)).subarray(4)));
    assert.equal(old.type?.name, "CORE");
    assert.deepEqual(
      old.header.map(({ start, end }) => [start, end]),
      [[0, 4]],
    );
    assert.deepEqual(await allProblems(old), []);
  });

  it("reads the images of plugins, which have a 64-bit length and no magic", async () => {
    const kfd = Buffer.from("0400000000000000" + "08071002", "hex");
    const image = await openImage("amdgpu-kfd-1.img", bufferSource(kfd));
    assert.equal(image.entryCount, 1);
    assert.deepEqual(
      (await image.entry(0)).message.fields.map(({ number, value }) => [number, Number(value)]),
      [
        [1, 7],
        [2, 2],
      ],
    );
    await tiledSpans(image);
    const pages = await openImage("amdgpu-pages-1-00f2.img", bufferSource(kfd));
    assert.deepEqual(pages.rest, [{ kind: "payload", name: "data", span: { start: 8, end: 12 } }]);
    await tiledSpans(pages);
  });

  it("finds shared memory of old dumps behind its entry, padded to four bytes", async () => {
    // ipc_shm_entry { size: 5 } (field 2), no in_pagemaps, five bytes and three of padding; then one with in_pagemaps
    const entries = "02000000" + "1005" + "6162636465" + "000000" + "04000000" + "10051801";
    const bytes = Buffer.from("19435654" + "44302846" + entries, "hex");
    const image = await openImage("ipcns-shm-9.img", bufferSource(bytes));
    assert.equal(image.entryCount, 2);
    assert.equal((await payloads(image, 0))["data"]?.toString(), "abcde");
    assert.deepEqual(await payloads(image, 1), {});
    const spans = await tiledSpans(image);
    assert.deepEqual(
      spans.filter(({ kind }) => kind === "padding").map(({ start, end }) => end - start),
      [3],
    );
  });

  it("refuses an entry that isn't there", async () => {
    const [inventory] = (await corpusImages("corpus/a-single")).filter(
      ({ name }) => name === "inventory.img",
    );
    assert.ok(inventory);
    const image = await readImage(inventory);
    await assert.rejects(image.entry(1), { code: "criu.noSuchEntry" });
    assert.throws(() => image.entrySpan(-1), { code: "criu.noSuchEntry" });
  });
});

/** The raw payloads of an entry by name. */
async function payloads(image: Image, index: number): Promise<Record<string, Buffer>> {
  const found: Record<string, Buffer> = {};
  for (const { name, span, message } of (await image.entry(index)).payloads)
    if (!message) found[name] = Buffer.from(await image.plain.read(span.start, span.end - span.start));
  return found;
}

function manyEntries(count: number): Uint8Array {
  const bytes = Buffer.alloc(8 + 6 + count * 8);
  bytes.writeUInt32LE(0x54564319, 0);
  bytes.writeUInt32LE(0x56084025, 4);
  // pagemap_head { pages_id: 1 }, then pagemap_entry { vaddr: 0, nr_pages: 1 }
  bytes.set([2, 0, 0, 0, 0x08, 1], 8);
  for (let index = 0; index < count; index++) bytes.set([4, 0, 0, 0, 0x08, 0, 0x10, 1], 14 + index * 8);
  return bytes;
}
