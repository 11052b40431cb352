import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { sampledEntropy } from "../../../src/memory/index.ts";
import { MADE_PID, message, PAGE, withMade, withMemoryOf } from "./support.ts";

const START = 0x10000n;

/** The entropy of a mapping of `size` pages with `pages` at its begin. */
function entropyOf(pages: Buffer, size: number): Promise<number | undefined> {
  const dump = {
    vmas: [{ start: START, end: START + BigInt(size * PAGE) }],
    pagemap: [message([1, START], [2, 0], [4, 4], [5, pages.length / PAGE])],
    pages,
  };
  return withMade(dump, (folder) =>
    withMemoryOf(folder, async (memory) => {
      const space = await memory.space(MADE_PID);
      const [area] = space.areas;
      assert.ok(area);
      return sampledEntropy(space, area);
    }),
  );
}

describe("the entropy of a mapping", () => {
  it("is what Shannon's formula gives where it can be told by hand", async () => {
    const every = Buffer.from(Array.from({ length: PAGE }, (_, index) => index % 256));
    assert.equal(await entropyOf(every, 1), 8);
    const two = Buffer.from(Array.from({ length: 2 * PAGE }, (_, index) => (index % 2) + 65));
    assert.equal(await entropyOf(two, 8), 1);
    assert.equal(await entropyOf(Buffer.alloc(PAGE, "a"), 1), 0);
  });

  it("is undefined where there are only zeros", async () => {
    assert.equal(await entropyOf(Buffer.alloc(2 * PAGE), 4), undefined);
  });

  it("is of pages from everywhere, not of the first ones only", async () => {
    const pages = Buffer.concat([Buffer.alloc(60 * PAGE, "a"), randomBytes(60 * PAGE)]);
    const entropy = (await entropyOf(pages, 200)) ?? 0;
    // Half of one letter and half of all of them: -(129/256)·log2(129/256) - 255·(1/512)·log2(1/512).
    assert.ok(Math.abs(entropy - 4.98) < 0.05, String(entropy));
  });
});
