import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { bufferSource, sampleEntropy } from "../../../src/bytes/index.ts";
import type { ByteSource } from "../../../src/bytes/index.ts";

/** Bytes that look random and are the same in each run. */
function noise(length: number): Buffer {
  const parts = Array.from({ length: Math.ceil(length / 32) }, (_, index) =>
    createHash("sha256").update(String(index)).digest(),
  );
  return Buffer.concat(parts).subarray(0, length);
}

describe("sampleEntropy", () => {
  it("computes what Python computes", async () => {
    const bytes = Buffer.concat([Buffer.from("the quick brown fox ".repeat(60)), noise(1000)]);
    const script =
      "import sys,math,collections as c; b=sys.stdin.buffer.read(); n=len(b); " +
      "print(-sum(v/n*math.log2(v/n) for v in c.Counter(b).values()))";
    const expected = Number(execFileSync("python3", ["-c", script], { input: bytes, encoding: "utf8" }));
    const [part, ...others] = await sampleEntropy(bufferSource(bytes), 1);
    assert.equal(others.length, 0);
    assert.ok(Math.abs((part?.entropy ?? 0) - expected) < 1e-9);
  });

  it("tells zeros, text and noise apart, in small parts too", async () => {
    for (const size of [512, 4096, 65_536]) {
      const source = Buffer.concat([
        Buffer.alloc(size),
        Buffer.alloc(size, "some text, in words. "),
        noise(size),
      ]);
      const textures = (await sampleEntropy(bufferSource(source), 3)).map(({ texture }) => texture);
      assert.deepEqual(textures, ["constant", "mixed", "random"], String(size));
    }
  });

  it("tiles the source and reads little of a big one", async () => {
    let read = 0;
    const source: ByteSource = {
      size: 2 ** 40 + 7,
      read: (_offset, length) => {
        read += length;
        return Promise.resolve(new Uint8Array(length));
      },
    };
    const parts = await sampleEntropy(source, 300);
    assert.ok(parts.length <= 300);
    assert.equal(parts.at(-1)?.end, source.size);
    for (const [index, { start }] of parts.entries()) assert.equal(start, parts[index - 1]?.end ?? 0);
    assert.ok(read <= 300 * 4096);
  });
});
