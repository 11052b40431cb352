import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { openFolder, openNested, type FileTree } from "../../../src/archive/index.ts";
import { bufferSource, CryoscopeError, readExactly } from "../../../src/bytes/index.ts";
import { imageSpans, openImage } from "../../../src/criu/index.ts";
import { loadKey, openSealedLayer, parseKey, sealState } from "../../../src/seal/index.ts";
import type { LayerSeal, PrivateKey } from "../../../src/seal/index.ts";
import { fixture } from "../fixtures.ts";

const key1 = async (): Promise<PrivateKey> => loadKey(join(await fixture("sealed/keys"), "key1.pkcs8.pem"));

function otherKey(bits: number): PrivateKey {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  return parseKey(Buffer.from(privateKey.export({ type: "pkcs8", format: "pem" })), `other-${bits}.pem`);
}

/** A tree of the files of a folder, some of them changed. */
async function changed(
  folder: string,
  changes: Readonly<Record<string, Buffer | undefined>>,
): Promise<FileTree> {
  const archive = pack();
  for (const name of readdirSync(folder))
    if (!(name in changes)) archive.entry({ name }, readFileSync(join(folder, name)));
  for (const [name, bytes] of Object.entries(changes)) if (bytes) archive.entry({ name }, bytes);
  archive.finalize();
  return openNested(bufferSource(await buffer(archive)), "changed");
}

for (const name of ["simple-enc", "tree-restorable-enc"])
  describe(`the sealed checkpoint ${name}`, () => {
    let folder: string;
    let tree: FileTree;
    let seal: LayerSeal | undefined;
    before(async () => {
      folder = await fixture(`sealed/${name}`);
      tree = await openFolder(join(folder, "enc"));
      seal = await openSealedLayer(tree, "", [await key1()]);
    });
    after(() => tree.close());

    it("has every record authentic, and every file as an independent decoder found it", async () => {
      const lines = readFileSync(join(folder, "decrypted.sha256"), "utf8").trim().split("\n");
      let compared = 0;
      for (const [expected, file = ""] of lines.map((line) => line.split(/\s+/))) {
        if ((await tree.stat(file)) === undefined) continue;
        const image = await openImage(file, await tree.open(file), { seal });
        assert.deepEqual(image.problems, [], file);
        const hash = createHash("sha256");
        for await (const { start, end, kind } of imageSpans(image)) {
          // The expected plaintext has the entries' size words, and neither tags and nonces nor what frames a body.
          const framesBody =
            (kind === "size" && end - start === 8) || (kind === "padding" && image.entryCount === 0);
          if (kind !== "seal" && !framesBody)
            hash.update(await readExactly(image.plain, start, end - start, { file }));
        }
        assert.equal(hash.digest("hex"), expected, file);
        compared++;
      }
      assert.ok(compared >= 13);
    });

    it("has its markers in the pages, where the program put them", async () => {
      const markers = readFileSync(join(folder, "markers.txt"), "utf8")
        .split("\n")
        .map((line) => /^marker (pages-\S+) (0x[0-9a-f]+) (.*)$/.exec(line))
        .filter((found) => found !== null);
      assert.ok(markers.length >= 3);
      for (const [, file = "", offset, marker = ""] of markers) {
        const { plain } = await openImage(file, await tree.open(file), { seal });
        const bytes = await plain.read(Number(offset), Buffer.byteLength(marker));
        assert.equal(Buffer.from(bytes).toString(), marker);
      }
    });
  });

describe("a sealed layer", () => {
  let folder: string;
  let tree: FileTree;
  before(async () => {
    folder = join(await fixture("sealed/simple-enc"), "enc");
    tree = await openFolder(folder);
  });
  after(() => tree.close());

  it("is told from a plain one, and from one whose keys were never written", async () => {
    assert.equal(await sealState(tree, ""), "sealed");
    const plain = await openFolder(join(await fixture("sealed/simple-enc"), "plain"));
    assert.equal(await sealState(plain, ""), "plain");
    assert.equal(await openSealedLayer(plain, "", []), undefined);
    const lost = await openFolder(await fixture("sealed/enc-no-cipher"));
    assert.equal(await sealState(lost, ""), "keysLost");
    await assert.rejects(openSealedLayer(lost, "", [await key1()]), { code: "seal.keysLost" });
    await Promise.all([plain.close(), lost.close()]);
  });

  it("asks for a key when none is given", () =>
    assert.rejects(openSealedLayer(tree, "", []), { code: "seal.keyNeeded" }));

  it("gives one error for keys that don't fit, with their names and no more", async () => {
    const wrong = [otherKey(2048), otherKey(1024)];
    await assert.rejects(openSealedLayer(tree, "", wrong), (error) => {
      assert.ok(error instanceof CryoscopeError);
      assert.equal(error.code, "seal.wrongKey");
      assert.equal(
        error.message,
        "None of the keys other-2048.pem, other-1024.pem opens this checkpoint. (cipher.img)",
      );
      return true;
    });
    const seal = await openSealedLayer(tree, "", [...wrong, await key1()]);
    assert.equal(seal?.keyFingerprint, (await key1()).fingerprint);
  });

  it("opens with any image when there is no inventory, and says when no image is authentic", async () => {
    const key = await key1();
    const headless = await changed(folder, { "inventory.img": undefined });
    assert.ok(await openSealedLayer(headless, "", [key]));

    const broken: Record<string, Buffer> = {};
    for (const name of readdirSync(folder).filter((name) => /^(?!cipher|pages).*\.img$/.test(name))) {
      const bytes = readFileSync(join(folder, name));
      // In the ciphertext of the first record, of whichever header.
      bytes[14] = (bytes[14] ?? 0) ^ 1;
      broken[name] = bytes;
    }
    await assert.rejects(openSealedLayer(await changed(folder, broken), "", [key]), {
      code: "seal.recordBroken",
      file: "inventory.img",
    });
  });

  it("with a broken cipher.img says what is wrong with it", async () => {
    const cipher = readFileSync(join(folder, "cipher.img"));
    const key = await key1();
    const cases: readonly (readonly [string, Buffer, string])[] = [
      ["empty", Buffer.alloc(0), "seal.noCipher"],
      ["text", Buffer.from("hello, this is no image"), "seal.noCipher"],
      ["another image", readFileSync(join(folder, "pstree.img")), "seal.noCipher"],
      ["cut in the header", cipher.subarray(0, 6), "seal.noCipher"],
      ["cut in the entry", cipher.subarray(0, 300), "seal.noCipher"],
      ["of zeros", Buffer.concat([cipher.subarray(0, 12), Buffer.alloc(570)]), "seal.noCipher"],
      ["too large", Buffer.alloc(2 << 20), "seal.noCipher"],
    ];
    for (const [what, bytes, code] of cases)
      await assert.rejects(
        openSealedLayer(await changed(folder, { "cipher.img": bytes }), "", [key]),
        { code },
        what,
      );
    const flipped = Buffer.from(cipher);
    flipped[100] = (flipped[100] ?? 0) ^ 1;
    const tampered = await changed(folder, { "cipher.img": flipped });
    await assert.rejects(openSealedLayer(tampered, "", [key]), { code: "seal.wrongKey" });
  });

  it("leaves punched pages zero, and deciphers those beside them", async () => {
    const seal = await openSealedLayer(tree, "", [await key1()]);
    assert.ok(seal);
    const pages = readFileSync(join(folder, "pages-1.img")).subarray(0, 3 * 4096);
    const whole = Buffer.from(seal.openPages(pages, 4096));
    const punched = Buffer.from(pages).fill(0, 4096, 8192);
    const opened = Buffer.from(seal.openPages(punched, 4096));
    assert.ok(opened.subarray(4096, 8192).equals(Buffer.alloc(4096)));
    assert.ok(opened.subarray(8192).equals(whole.subarray(8192)));
    assert.equal(whole.subarray(0x2080, 0x2080 + 18).toString(), "MARKER-DATA-simple");
  });

  it("opens nothing more once it is disposed", async () => {
    const seal = await openSealedLayer(tree, "", [await key1()]);
    seal?.dispose();
    assert.throws(() => seal?.openPages(Buffer.alloc(4096), 4096), { code: "seal.disposed" });
    assert.throws(() => seal?.openRecord(Buffer.alloc(1), Buffer.alloc(16), Buffer.alloc(12), {}), {
      code: "seal.disposed",
    });
  });

  it("refuses a changed record", async () => {
    const seal = await openSealedLayer(tree, "", [await key1()]);
    const bytes = readFileSync(join(folder, "inventory.img"));
    const size = bytes.readUInt32LE(4);
    const record = [
      bytes.subarray(8, 8 + size),
      bytes.subarray(8 + size, 24 + size),
      bytes.subarray(24 + size),
    ];
    const [ciphertext, tag, nonce] = record.map((part) => Buffer.from(part));
    assert.ok(seal && ciphertext && tag && nonce);
    assert.ok(seal.openRecord(ciphertext, tag, nonce, {}));
    for (const part of [ciphertext, tag, nonce]) {
      part[0] = (part[0] ?? 0) ^ 1;
      assert.throws(() => seal.openRecord(ciphertext, tag, nonce, { file: "inventory.img", offset: 8 }), {
        code: "seal.recordBroken",
        offset: 8,
      });
      part[0] ^= 1;
    }
    assert.throws(() => seal.openRecord(ciphertext, tag.subarray(0, 4), nonce, {}), {
      code: "seal.recordBroken",
    });
  });
});
