// Sealed input that lies: what is wrong is said once and clearly, and never shown as if it were right.
import assert from "node:assert/strict";
import { constants, createPublicKey, privateDecrypt, publicEncrypt, randomBytes } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { openFolder } from "../../../src/archive/index.ts";
import { bufferSource, CryoscopeError } from "../../../src/bytes/index.ts";
import { openSealedLayer, parseKey, unsealImage, verifyLayer } from "../../../src/seal/index.ts";
import type { LayerSeal, RsaKey } from "../../../src/seal/index.ts";
import { fixture } from "../fixtures.ts";

describe("sealed images that were tampered with", () => {
  let scratch: string;
  let tree: string;
  let key: RsaKey;
  let pem: Buffer;
  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), "bad-"));
    tree = join(await fixture("sealed/tree-restorable-enc"), "enc");
    pem = readFileSync(join(await fixture("sealed/keys"), "key1.pkcs8.pem"));
    const parsed = parseKey(pem, "key1.pem");
    assert.ok(parsed.kind === "rsa");
    key = parsed;
  });
  after(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  async function withSeal<T>(folder: string, use: (seal: LayerSeal) => Promise<T>): Promise<T> {
    const opened = await openFolder(folder);
    try {
      const seal = await openSealedLayer(opened, "", [key]);
      assert.ok(seal);
      return await use(seal).finally(() => {
        seal.dispose();
      });
    } finally {
      await opened.close();
    }
  }

  async function unsealed(name: string, bytes: Buffer, seal: LayerSeal): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for await (const piece of unsealImage(name, bufferSource(bytes), seal)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** What CRIU doesn't seal, or seals with what notices no change: pages have their digest, see verify.test.ts. */
  const NOT_BY_RECORDS =
    /^(pages-|cipher\.img|stats-|nftables|ifaddr|route|rule|dump\.log|tmpfs-dev|.*iptables|.*\.txt)/;

  it("by any bit give an error, or the very bytes, and never others", () =>
    withSeal(tree, async (seal) => {
      const files = readdirSync(tree)
        .filter((name) => name.endsWith(".img") && !NOT_BY_RECORDS.test(name))
        .map((name) => ({ name, bytes: readFileSync(join(tree, name)) }))
        .filter(({ bytes }) => bytes.length > 8 && bytes.length < 100_000);
      const plain = new Map<string, Buffer>();
      for (const { name, bytes } of files) plain.set(name, await unsealed(name, bytes, seal));
      let refused = 0;
      await fc.assert(
        fc.asyncProperty(fc.nat(), fc.nat(), fc.nat(7), async (which, where, bit) => {
          const { name, bytes } = files[which % files.length] ?? { name: "", bytes: Buffer.alloc(9) };
          // Magics are plain, and told as what they are: another magic is another kind of file.
          const at = 8 + (where % (bytes.length - 8));
          const changed = Buffer.from(bytes);
          changed[at] = (changed[at] ?? 0) ^ (1 << bit);
          try {
            const read = await unsealed(name, changed, seal);
            // Chunks of sparse ghost files, which CRIU leaves plain, are the only content without a seal.
            if (!name.startsWith("ghost-file-4"))
              assert.ok(read.equals(plain.get(name) ?? read), `${name} ${at}`);
          } catch (error) {
            assert.ok(error instanceof CryoscopeError, String(error));
            refused++;
          }
        }),
        { numRuns: 400 },
      );
      assert.ok(refused > 300, String(refused));
    }));

  it("by a cut anywhere give an error, or what is whole, and never more", () =>
    withSeal(tree, async (seal) => {
      for (const name of ["inventory.img", "pipes-data.img", "ghost-file-1.img", "files.img"]) {
        const bytes = readFileSync(join(tree, name));
        const plain = await unsealed(name, bytes, seal);
        for (let end = 8; end < bytes.length; end += 1 + Math.floor(bytes.length / 60)) {
          const read = await unsealed(name, bytes.subarray(0, end), seal).catch((error: unknown) => {
            assert.ok(error instanceof CryoscopeError, String(error));
            return undefined;
          });
          // Entries that are whole may stand alone; a half one may not.
          if (read) assert.ok(plain.subarray(0, read.length).equals(read), `${name} cut at ${end}`);
        }
      }
    }));

  it("by lengths of 10 GiB, or below zero, are refused without that much memory", async () => {
    const folder = join(scratch, "lengths");
    cpSync(tree, folder, { recursive: true });
    const ghost = join(folder, "ghost-file-1.img");
    const bytes = readFileSync(ghost);
    // Magics, the entry (length, ciphertext, tag, nonce), then the tag and nonce of the first piece and its length.
    const at = 8 + 4 + bytes.readUInt32LE(8) + 28 + 28;
    assert.equal(bytes.readBigInt64LE(at), 4096n);
    const before = process.memoryUsage().rss;
    for (const length of [10n * 2n ** 30n, -1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      bytes.writeBigInt64LE(length, at);
      writeFileSync(ghost, bytes);
      const opened = await openFolder(folder);
      const seal = await openSealedLayer(opened, "", [key]);
      assert.ok(seal);
      const { broken } = await verifyLayer(opened, "", seal);
      assert.ok(
        broken.some(({ file }) => file.endsWith("ghost-file-1.img")),
        `${length}: ${JSON.stringify(broken)}`,
      );
      await assert.rejects(
        unsealed("ghost-file-1.img", bytes, seal),
        (error) => error instanceof CryoscopeError,
      );
      seal.dispose();
      await opened.close();
    }
    // The same of an entry.
    const files = readFileSync(join(tree, "files.img"));
    files.writeUInt32LE(0xffffffff, 8);
    await withSeal(tree, async (seal) => {
      await assert.rejects(unsealed("files.img", files, seal), (error) => error instanceof CryoscopeError);
    });
    assert.ok(process.memoryUsage().rss - before < 300 * 2 ** 20);
  });

  it("by keys of another layer, or wrapped in odd lengths, are one error each", async () => {
    const chain = await fixture("sealed/incr-enc");
    const folder = join(scratch, "other-layer");
    cpSync(join(chain, "1"), folder, { recursive: true });
    writeFileSync(join(folder, "cipher.img"), readFileSync(join(chain, "2/cipher.img")));
    const open = async (): Promise<unknown> => {
      const opened = await openFolder(folder);
      return openSealedLayer(opened, "", [key]).finally(() => opened.close());
    };
    await assert.rejects(open(), { code: "seal.recordBroken" });
    // The first field of the message: its length is a varint of two bytes (256).
    const cipher = readFileSync(join(chain, "1/cipher.img"));
    assert.deepEqual([...cipher.subarray(12, 15)], [0x0a, 0x80, 0x02]);
    for (const length of [0, 1, 127, 255, 257, 300]) {
      const token = randomBytes(length);
      const head = Buffer.from(cipher.subarray(0, 12));
      const rest = cipher.subarray(15 + 256);
      const field = Buffer.of(0x0a, (length & 0x7f) | 0x80, length >> 7);
      head.writeUInt32LE(field.length + length + rest.length, 8);
      writeFileSync(join(folder, "cipher.img"), Buffer.concat([head, field, token, rest]));
      await assert.rejects(open(), (error) => {
        assert.ok(error instanceof CryoscopeError, String(error));
        assert.ok(["seal.wrongKey", "seal.noCipher"].includes(error.code), `${length}: ${error.code}`);
        return true;
      });
    }
  });

  describe("in the padding of their wrapped keys", () => {
    /** A block of the modulus' length, made as it is wanted, enciphered without any padding of its own. */
    function wrapped(block: (length: number) => Buffer): Buffer {
      const publicKey = createPublicKey(pem);
      return publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block(256));
    }
    const filled = (length: number): Buffer =>
      Buffer.concat([Buffer.of(0, 2), Buffer.alloc(length - 35, 0x55), Buffer.of(0), Buffer.alloc(32, 7)]);
    const WRONG: Readonly<Record<string, (length: number) => Buffer>> = {
      "the first byte": (length) => change(filled(length), 0, 1),
      "the type of the block": (length) => change(filled(length), 1, 1),
      "a zero among the first eight": (length) => change(filled(length), 5, 0),
      "a zero in the midst": (length) => change(filled(length), 100, 0),
      "no zero at its end": (length) => change(filled(length), length - 33, 9),
      "a message that is shorter": (length) => change(filled(length), length - 20, 0),
    };
    function change(bytes: Buffer, at: number, value: number): Buffer {
      bytes[at] = value;
      return bytes;
    }

    it("tell nobody what was wrong: neither by what is said nor by how long it takes", async () => {
      assert.deepEqual([...(key.unwrap(wrapped(filled), 32) ?? [])], new Array(32).fill(7));
      const folder = join(scratch, "padding");
      cpSync(join(await fixture("sealed/simple-enc"), "enc"), folder, { recursive: true });
      const cipher = readFileSync(join(folder, "cipher.img"));
      const stranger = wrapped(() => Buffer.concat([Buffer.of(0), randomBytes(255)]));
      const tokens = Object.entries(WRONG)
        .filter(([what]) => what !== "a message that is shorter")
        .map(([what, block]) => [what, wrapped(block)] as const);
      const said = new Set<string>();
      for (const [, token] of [...tokens, ["for another key", stranger] as const]) {
        token.copy(cipher, 15);
        writeFileSync(join(folder, "cipher.img"), cipher);
        const opened = await openFolder(folder);
        await assert.rejects(openSealedLayer(opened, "", [key]), (error) => {
          assert.ok(error instanceof CryoscopeError);
          said.add(JSON.stringify([error.code, error.message, error.next]));
          return true;
        });
        await opened.close();
      }
      assert.equal(said.size, 1, [...said].join("\n"));

      // Interleaved, so that what slows the machine slows all of them.
      const times = new Map<string, number[]>();
      for (let round = 0; round < 150; round++)
        for (const [what, token] of tokens) {
          const began = process.hrtime.bigint();
          assert.equal(key.unwrap(token, 32), undefined);
          const list = times.get(what) ?? [];
          list.push(Number(process.hrtime.bigint() - began));
          times.set(what, list);
        }
      const medians = [...times.values()].map((list) => list.sort((a, b) => a - b)[75] ?? 0);
      assert.ok(Math.max(...medians) / Math.min(...medians) < 1.5, medians.join());
    });

    it("are what OpenSSL takes for wrong too", () => {
      for (const [what, block] of Object.entries(WRONG)) {
        const plain = privateDecrypt({ key: pem, padding: constants.RSA_NO_PADDING }, wrapped(block));
        assert.ok(plain.equals(block(256)), what);
      }
      assert.equal(key.unwrap(wrapped(WRONG["the type of the block"] ?? filled), 32), undefined);
    });
  });
});
