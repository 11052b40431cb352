import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { openFolder } from "../../../src/archive/index.ts";
import { bufferSource } from "../../../src/bytes/index.ts";
import { imageSpans, openImage } from "../../../src/criu/index.ts";
import type { ImageSeal } from "../../../src/criu/index.ts";
import { loadKey, openSealedLayer } from "../../../src/seal/index.ts";
import { fixture } from "../fixtures.ts";
import { allProblems, corpusImages, readImage, tiledSpans } from "./corpus.ts";

async function sealOf(name: string, folder = "enc"): Promise<ImageSeal> {
  const key = await loadKey(join(await fixture("sealed/keys"), "key1.pkcs8.pem"));
  const seal = await openSealedLayer(await openFolder(join(await fixture(name), folder)), "", [key]);
  assert.ok(seal);
  return seal;
}

describe("sealed images", () => {
  it("account for every byte with their key, without a problem", async () => {
    for (const name of ["sealed/tree-restorable-enc", "sealed/bpf-partial"]) {
      const seal = await sealOf(name);
      for (const each of await corpusImages(name, "enc")) {
        const image = await readImage(each, { seal });
        const spans = await tiledSpans(image);
        assert.deepEqual(await allProblems(image), [], each.name);
        assert.ok(!spans.some(({ kind }) => kind === "unknown"), each.name);
      }
    }
  });

  it("give the same plain bytes however they are read", async () => {
    const seal = await sealOf("sealed/tree-restorable-enc");
    const images = await corpusImages("sealed/tree-restorable-enc", "enc");
    for (const name of ["files.img", "pagemap-1.img", "pages-1.img", "ghost-file-1.img", "iptables-10.img"]) {
      const found = images.find((each) => each.name === name);
      assert.ok(found, name);
      const { plain } = await readImage(found, { seal });
      const whole = Buffer.from(await plain.read(0, plain.size));
      assert.equal(whole.length, plain.size);
      await fc.assert(
        fc.asyncProperty(fc.nat(plain.size), fc.nat(9000), async (offset, length) => {
          assert.deepEqual(
            Buffer.from(await plain.read(offset, length)),
            whole.subarray(offset, offset + length),
          );
        }),
        { numRuns: 30 },
      );
    }
  });

  it("hold the table of a BPF map of which not all rows are used", async () => {
    const seal = await sealOf("sealed/bpf-partial");
    for (const [folder, options] of [
      ["enc", { seal }],
      ["plain", {}],
    ] as const) {
      const images = await corpusImages("sealed/bpf-partial", folder);
      const found = images.find(({ name }) => name === "bpfmap-data.img");
      assert.ok(found);
      const image = await readImage(found, options);
      const [payload] = (await image.entry(0)).payloads;
      assert.ok(payload);
      // The program made a map of 8 rows with keys of 4 and values of 64 bytes, and wrote three.
      const { start, end } = payload.span;
      assert.equal(end - start, (4 + 64) * 8);
      const values = Buffer.from(await image.plain.read(start + 4 * 8, 64 * 3)).toString("latin1");
      for (const marker of ["MARKER-BPFPART0", "MARKER-BPFPART1", "MARKER-BPFPART2"])
        assert.ok(values.includes(marker), marker);
    }
  });

  it("say that they are sealed when no key is given", async () => {
    for (const each of await corpusImages("sealed/simple-enc", "enc")) {
      const image = await readImage(each, { sealedHint: true });
      await tiledSpans(image);
      const clear = /^cipher\.img$|^stats-/.test(each.name);
      const codes = (await allProblems(image)).map(({ code }) => code);
      assert.deepEqual(codes, clear ? [] : ["criu.sealed"], each.name);
    }
  });

  it("are told from damaged ones without any hint, by the room each record needs", async () => {
    for (const each of await corpusImages("sealed/enc-no-cipher", ".")) {
      const image = await readImage(each);
      await tiledSpans(image);
      if (/^(core|files|fdinfo|fs|ids|mm|pagemap|pstree|timens)/.test(each.name))
        assert.ok(
          image.problems.some(({ code }) => code === "criu.sealed"),
          each.name,
        );
    }
  });

  it("with a changed byte keep all other records", async () => {
    const seal = await sealOf("sealed/tree-restorable-enc");
    const path = join(await fixture("sealed/tree-restorable-enc"), "enc/files.img");
    const bytes = Buffer.from(await readFile(path));
    const whole = await openImage("files.img", bufferSource(bytes), { seal });
    const broken = Buffer.from(bytes);
    const at = whole.entrySpan(2).start + 6;
    broken.writeUInt8(broken.readUInt8(at) ^ 1, at);
    const image = await openImage("files.img", bufferSource(broken), { seal });
    await tiledSpans(image);
    assert.equal(image.entryCount, whole.entryCount);
    for await (const { index, problems } of image.entries())
      assert.deepEqual(
        problems.map(({ code }) => code),
        index === 2 ? ["criu.recordBroken"] : [],
      );
  });

  it("cut off or changed anywhere tile all the same", async () => {
    const seal = await sealOf("sealed/tree-restorable-enc");
    const images = (await corpusImages("sealed/tree-restorable-enc", "enc")).filter(({ name }) =>
      /^(sk-queues|ghost-file-[14]|ipcns-msg|iptables|netns-ct|tcp-stream-84a7b|pagemap-1\.|pages-2)/.test(
        name,
      ),
    );
    assert.ok(images.length >= 7);
    const files = await Promise.all(
      images.map(async ({ name, path }) => ({ name, bytes: await readFile(path) })),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.nat(files.length - 1),
        fc.nat(),
        fc.nat(),
        fc.nat(255),
        async (which, cut, at, byte) => {
          const file = files[which];
          assert.ok(file);
          const bytes = Buffer.from(file.bytes.subarray(0, cut % (file.bytes.length + 1)));
          if (bytes.length > 0) bytes[at % bytes.length] = byte;
          const image = await openImage(file.name, bufferSource(bytes), { seal });
          await tiledSpans(image);
          for await (const { start, end } of imageSpans(image))
            assert.equal((await image.plain.read(start, end - start)).length, end - start);
        },
      ),
      { numRuns: 150 },
    );
  });
});
