import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openFolder, type FileTree } from "../../../src/archive/index.ts";
import { bufferSource } from "../../../src/bytes/index.ts";
import { numberField, openImage } from "../../../src/criu/index.ts";
import {
  loadKey,
  openSealedLayer,
  parseRecipient,
  readCipher,
  sealLayer,
  unsealImage,
} from "../../../src/seal/index.ts";
import type { LayerSeal, RsaKey, SealRandom } from "../../../src/seal/index.ts";
import { fixture } from "../fixtures.ts";

async function key1(): Promise<RsaKey> {
  const key = await loadKey(join(await fixture("sealed/keys"), "key1.pkcs8.pem"));
  assert(key.kind === "rsa");
  return key;
}

async function bytesOf(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The plain files of a sealed layer, as a tree. */
async function unsealed(tree: FileTree, seal: LayerSeal): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const { name, kind } of await tree.list(""))
    if (kind === "file" && name !== "cipher.img")
      files.set(name, await bytesOf(unsealImage(name, await tree.open(name), seal)));
  return files;
}

function treeOf(files: ReadonlyMap<string, Buffer>): FileTree {
  const entry = (name: string, bytes: Buffer) =>
    ({ name, path: name, kind: "file", size: bytes.length }) as const;
  return {
    name: "memory",
    problems: [],
    list: () => Promise.resolve([...files].map(([name, bytes]) => entry(name, bytes))),
    stat(path) {
      const bytes = files.get(path);
      return Promise.resolve(bytes && entry(path, bytes));
    },
    open: (path) => Promise.resolve(bufferSource(files.get(path) ?? Buffer.alloc(0))),
    readLink: () => Promise.reject(new Error("no links")),
    close: () => Promise.resolve(),
  };
}

/** The keys of a real dump, and the nonces of its records in the order in which they lie in each file. */
async function randomOf(tree: FileTree, key: RsaKey): Promise<SealRandom> {
  const { tokens, pageKey, tweak } = await readCipher(await tree.open("cipher.img"));
  const keys: Record<number, Uint8Array | undefined> = {
    32: key.unwrap(tokens[0] ?? Buffer.alloc(0), 32),
    64: key.unwrap(pageKey ?? Buffer.alloc(0), 64),
    16: tweak,
  };
  const nonces = new Map<string, Uint8Array[]>();
  const seal = await openSealedLayer(tree, "", [key]);
  assert(seal);
  for (const { name, kind } of await tree.list("")) {
    if (kind !== "file") continue;
    const places = new Map<number, Uint8Array>();
    const source = await tree.open(name);
    const image = await openImage(name, source, {
      seal: {
        ...seal,
        openRecord(ciphertext, tag, nonce, place) {
          const plaintext = seal.openRecord(ciphertext, tag, nonce, place);
          places.set(place.offset ?? -1, Buffer.from(nonce));
          return plaintext;
        },
      },
    });
    if (!name.startsWith("pages-")) await image.plain.read(0, image.plain.size);
    await source.close?.();
    nonces.set(
      name,
      [...places].sort(([a], [b]) => a - b).map(([, nonce]) => nonce),
    );
  }
  return {
    key: (length) => Uint8Array.from(keys[length] ?? []),
    nonce(file) {
      const next = nonces.get(file)?.shift();
      // Of a ghost file with holes all content is sealed, and not only the headers of its chunks.
      if (next === undefined && file.startsWith("ghost-file-")) return randomBytes(12);
      return next ?? assert.fail(`more records than the dump has: ${file}`);
    },
  };
}

for (const [name, images, sums] of [
  ["simple-enc", "enc", "decrypted.sha256"],
  ["tree-restorable-enc", "enc", "decrypted.sha256"],
  ["incr-enc", "3", "decrypted-3.sha256"],
] as const)
  describe(`the checkpoint ${name}/${images} that CRIU sealed`, () => {
    let folder: string;
    let tree: FileTree;
    let key: RsaKey;
    let seal: LayerSeal;
    before(async () => {
      folder = await fixture(`sealed/${name}`);
      tree = await openFolder(join(folder, images));
      key = await key1();
      seal = (await openSealedLayer(tree, "", [key])) ?? assert.fail();
    });
    after(() => tree.close());

    it("is unsealed to the bytes that an independent decoder found", async () => {
      const files = await unsealed(tree, seal);
      const lines = readFileSync(join(folder, sums), "utf8").trim().split("\n");
      let compared = 0;
      for (const [expected, file = ""] of lines.map((line) => line.split(/\s+/))) {
        const bytes = files.get(file);
        if (!bytes) continue;
        assert.equal(createHash("sha256").update(bytes).digest("hex"), expected, file);
        compared++;
      }
      assert.ok(compared >= 13);
    });

    it("is sealed by us, with its keys and nonces, to the very bytes that CRIU wrote", async () => {
      const random = await randomOf(tree, key);
      const certificate = await readFile(join(await fixture("sealed/keys"), "key1.cert.pem"), "utf8");
      const recipient = parseRecipient(certificate, "key1.cert.pem");
      const plain = treeOf(await unsealed(tree, seal));
      const written = new Set<string>();
      const notes: string[] = [];
      const report = (note: string): void => void notes.push(note);
      for await (const { name: file, content } of sealLayer(plain, "", recipient, { random, report })) {
        const ours = await bytesOf(content);
        const theirs = await readFile(join(folder, images, file));
        written.add(file);
        if (file === "cipher.img") {
          // Wrapped keys are different each time; the rest is not, the digest of all pages among it.
          const [a, b] = [await readCipher(bufferSource(ours)), await readCipher(bufferSource(theirs))];
          assert.equal(ours.length, theirs.length);
          assert.deepEqual(Buffer.from(a.tweak ?? []), Buffer.from(b.tweak ?? []));
          assert.deepEqual(Buffer.from(a.pagesDigest ?? []), Buffer.from(b.pagesDigest ?? []));
          assert.deepEqual(
            Buffer.from(key.unwrap(a.tokens[0] ?? ours, 32) ?? []),
            Buffer.from(random.key(32)),
          );
          assert.deepEqual(Buffer.from(key.unwrap(a.pageKey ?? ours, 64) ?? []), Buffer.from(random.key(64)));
          continue;
        }
        // Of a ghost file with holes CRIU leaves the content in clear; we don't.
        if (file.startsWith("ghost-file-") && theirs.includes("MARKER-")) {
          assert.ok(!ours.includes("MARKER-"), file);
          const [before, after] = await Promise.all(
            [theirs, ours].map((sealed) => contentOf(file, sealed, seal)),
          );
          assert.ok(before?.includes("MARKER-") && after?.equals(before), file);
          continue;
        }
        // Behind a tool's output CRIU leaves what its stack held.
        if (/^(tmpfs-|ip6?tables-)/.test(file)) withoutGarbage(theirs);
        assert.ok(ours.equals(theirs), `${file}: ${ours.length} bytes, ${theirs.length} of CRIU's`);
      }
      const all = (await tree.list("")).filter(({ kind }) => kind === "file").map((entry) => entry.name);
      assert.deepEqual([...written].sort(), all.sort());
      // What stays readable is said.
      assert.equal(notes.length, 1);
      assert.match(notes.join(), /stay readable by anybody: .*stats-dump/);
      assert.doesNotMatch(notes.join(), /ghost-file/);
    });
  });

/** The deleted file that a sealed ghost image stands for, by what its messages say. */
async function contentOf(name: string, sealed: Uint8Array, seal: LayerSeal): Promise<Buffer> {
  const plain = await bytesOf(unsealImage(name, bufferSource(sealed), seal));
  const { message, payloads, problems } = await (await openImage(name, bufferSource(plain))).entry(0);
  assert.deepEqual(problems, []);
  const size = numberField(message, 10);
  // One that isn't sparse is the rest of its image.
  if (size === undefined) return plain.subarray(message.span.end);
  const file = Buffer.alloc(size);
  for (const [index, { message: header }] of payloads.entries()) {
    const data = payloads[index + 1]?.span;
    if (header && data) file.set(plain.subarray(data.start, data.end), numberField(header, 2));
  }
  return file;
}

function withoutGarbage(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += 4136) {
    bytes.fill(0, at + 28, at + 32);
    bytes.fill(0, at + 40 + Number(bytes.readBigInt64LE(at + 32)), at + 4136);
  }
}
