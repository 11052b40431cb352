import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  bufferSource,
  cachedSource,
  CryoscopeError,
  openFileSource,
  readExactly,
  readInto,
  readPieces,
  sliceSource,
  toCryoscopeError,
} from "../../../src/bytes/index.ts";

const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => (index * 31) & 0xff);

describe("byte sources", () => {
  const path = join(mkdtempSync(join(tmpdir(), "bytes-")), "data");
  before(() => {
    writeFileSync(path, bytes);
  });

  it("give the same bytes from memory, a file, a slice and a cache", async () => {
    const file = await openFileSource(path);
    const sources = [bufferSource(bytes), file, sliceSource(file, 0, file.size), cachedSource(file, 2)];
    for (const [offset, length] of [
      [0, 10],
      [65_530, 12],
      [131_071, 2],
      [199_990, 100],
      [250_000, 4],
      [5, 190_000],
    ] as const)
      for (const source of sources)
        assert.deepEqual(
          Buffer.from(await source.read(offset, length)),
          Buffer.from(bytes.subarray(offset, offset + length)),
        );
    await file.close?.();
  });

  it("fill the caller's memory and come in pieces with the same bytes, as far as they go", async () => {
    const file = await openFileSource(path);
    const atOnce = await openFileSource(path, 1 << 20);
    const slice = sliceSource(file, 1000, 100_000);
    for (const [source, whole] of [
      [bufferSource(bytes), bytes],
      [file, bytes],
      [atOnce, bytes],
      [slice, bytes.subarray(1000, 101_000)],
      [cachedSource(slice, 2), bytes.subarray(1000, 101_000)],
    ] as const) {
      for (const [offset, length] of [
        [0, 7],
        [99_990, 20],
        [1, 99_000],
        [300_000, 4],
      ] as const) {
        const into = new Uint8Array(length).fill(255);
        const got = await readInto(source, offset, into);
        const expected = whole.subarray(offset, offset + length);
        assert.equal(got, expected.length);
        // What lies behind the end is left as it was.
        assert.deepEqual(into, Uint8Array.from([...expected, ...new Array<number>(length - got).fill(255)]));
      }
      const pieces: Uint8Array[] = [];
      for await (const piece of readPieces(source, 3, 99_999)) pieces.push(Uint8Array.from(piece));
      assert.ok(Buffer.concat(pieces).equals(whole.subarray(3, 99_999)));
    }
    await atOnce.close?.();
    await file.close?.();
  });

  it("cut a slice at its end, not at its parent's", async () => {
    const slice = sliceSource(bufferSource(bytes), 100, 10);
    assert.deepEqual([...(await slice.read(8, 100))], [...bytes.subarray(108, 110)]);
    assert.equal((await slice.read(10, 1)).length, 0);
  });

  it("say how much is missing when a file ends early", async () => {
    await assert.rejects(readExactly(bufferSource(bytes), 199_999, 4, { file: "core-1.img" }), (error) => {
      assert.ok(error instanceof CryoscopeError);
      assert.deepEqual([error.code, error.file, error.offset], ["bytes.truncated", "core-1.img", 199_999]);
      return true;
    });
  });

  it("refuse what is not a regular file, without waiting for a FIFO's other end", async () => {
    execFileSync("mkfifo", [`${path}-fifo`]);
    await assert.rejects(openFileSource(`${path}-fifo`), { code: "bytes.notAFile" });
    await assert.rejects(openFileSource("/dev/null"), { code: "bytes.notAFile" });
    await assert.rejects(openFileSource(`${path}-missing`), { code: "bytes.unreadable" });
  });
});

describe("a CryoscopeError", () => {
  it("is known by its shape, also when another bundle made it", () => {
    class Copy extends Error {
      override readonly name = "CryoscopeError";
      readonly code = "engine.noSocket";
      readonly sentence = "Nothing answers.";
      readonly next = "Start it.";
    }
    const copy = new Copy("Nothing answers.");
    assert.ok(copy instanceof CryoscopeError);
    assert.equal(toCryoscopeError(copy).next, "Start it.");
    assert.ok(!(new Error("x") instanceof CryoscopeError));
  });
});
