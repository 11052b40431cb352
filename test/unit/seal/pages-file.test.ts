import assert from "node:assert/strict";
import { createCipheriv, randomBytes } from "node:crypto";
import { bufferSource, readInto, readPieces } from "../../../src/bytes/index.ts";
import type { ByteSource } from "../../../src/bytes/index.ts";
import { openImage } from "../../../src/criu/index.ts";
import { layerSeal } from "../../../src/seal/criusec/layer-seal.ts";
import type { LayerSeal } from "../../../src/seal/criusec/layer-seal.ts";

const PAGE = 4096;
const KEY = randomBytes(64);
const TWEAK = randomBytes(16);
/** More than two pieces, and the end is cut off inside a page. */
const PAGES = 700;
const CUT = 100;
/** Punched out: zero on both sides. */
const PUNCHED = [0, 1, 255, 256, 699];

const newSeal = (): LayerSeal =>
  layerSeal(
    { record: randomBytes(32), pages: { key: Uint8Array.from(KEY), tweak: TWEAK } },
    "",
    "cipher.img",
  );

describe("a sealed pages file", () => {
  const plain = randomBytes(PAGES * PAGE + CUT);
  for (const page of PUNCHED) plain.fill(0, page * PAGE, (page + 1) * PAGE);
  const sealed = Buffer.from(plain);
  for (let page = 0; page < PAGES; page++)
    if (!PUNCHED.includes(page))
      // By OpenSSL, a page each.
      sealed.set(
        createCipheriv("aes-256-xts", KEY, TWEAK).update(plain.subarray(page * PAGE, (page + 1) * PAGE)),
        page * PAGE,
      );

  async function plainOf(seal: LayerSeal): Promise<ByteSource> {
    const image = await openImage("pages-1.img", bufferSource(sealed), { seal, pageSize: PAGE });
    return image.plain;
  }

  it("reads the same in small parts, in large ones, into the caller's memory and in pieces", async () => {
    const source = await plainOf(newSeal());
    for (const [offset, length] of [
      [0, PAGE],
      [10, 20],
      [PAGE - 1, 2],
      [5, 100_000],
      [254 * PAGE + 17, 300 * PAGE],
      [1, plain.length],
      [PAGES * PAGE - 3, 1000],
      [plain.length, 5],
    ] as const) {
      const expected = plain.subarray(offset, offset + length);
      assert.ok(Buffer.from(await source.read(offset, length)).equals(expected), `read ${offset} ${length}`);
      const into = Buffer.alloc(length, 7);
      assert.equal(await readInto(source, offset, into), expected.length);
      assert.ok(into.subarray(0, expected.length).equals(expected), `readInto ${offset} ${length}`);
      const pieces: Uint8Array[] = [];
      for await (const piece of readPieces(source, offset, Math.min(plain.length, offset + length)))
        pieces.push(Uint8Array.from(piece));
      assert.ok(Buffer.concat(pieces).equals(expected), `pieces ${offset} ${length}`);
    }
  });

  it("may have several readers at once", async () => {
    const source = await plainOf(newSeal());
    const reads = Array.from({ length: 8 }, async (_, index) => {
      const offset = index * 80 * PAGE + index;
      const bytes = Buffer.from(await source.read(offset, 60 * PAGE));
      assert.ok(bytes.equals(plain.subarray(offset, offset + 60 * PAGE)), `reader ${index}`);
    });
    await Promise.all(reads);
  });

  it("gives no more pieces once its seal is disposed, and what was given is overwritten", async () => {
    const seal = newSeal();
    const pieces = readPieces(await plainOf(seal));
    const { value } = await pieces.next();
    assert.ok(value instanceof Uint8Array && value.some((byte) => byte !== 0));
    seal.dispose();
    assert.ok(value.every((byte) => byte === 0));
    await assert.rejects(pieces.next(), { code: "seal.disposed" });
  });

  it("leaves no piece behind for a reader that stops", async () => {
    let last: Uint8Array | undefined;
    for await (const piece of readPieces(await plainOf(newSeal()))) {
      last = piece;
      break;
    }
    assert.ok(last?.length);
    assert.ok(last.every((byte) => byte === 0));
  });
});
