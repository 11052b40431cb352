import assert from "node:assert/strict";
import fc from "fast-check";
import { bisect, verdictOf } from "../../../src/debug/index.ts";
import type { Verdict } from "../../../src/debug/index.ts";

describe("a bisection", () => {
  it("finds where any row turns, in as few tries as the logarithm says", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 3000 }), fc.nat(), async (count, seed) => {
        const turn = 1 + (seed % (count - 1));
        const { first, last, tries } = await bisect(count, (index) =>
          Promise.resolve(index < turn ? "old" : "new"),
        );
        assert.deepEqual([first, last], [turn, turn - 1]);
        assert.ok(tries <= 2 + Math.ceil(Math.log2(count)), `${tries} tries for ${count}`);
      }),
    );
  });

  it("goes around snapshots that can't be told, and names what is left between", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { minLength: 2, maxLength: 60 }),
        fc.nat(),
        async (dark, seed) => {
          const turn = 1 + (seed % (dark.length - 1));
          const told = (index: number): Verdict => (index < turn ? "old" : "new");
          const isEnd = (index: number): boolean => index === 0 || index === dark.length - 1;
          const { first, last } = await bisect(dark.length, (index) =>
            Promise.resolve(dark[index] === true && !isEnd(index) ? "skip" : told(index)),
          );
          assert.equal(told(first), "new");
          assert.equal(told(last), "old");
          for (let index = last + 1; index < first; index++) assert.ok(dark[index] && !isEnd(index));
        },
      ),
    );
  });

  it("tells which snapshot is tried and how many tries are left at most", async () => {
    const told: [number, number][] = [];
    await bisect(9, (index) => Promise.resolve(index < 6 ? "old" : "new"), {
      onTry: (index, left) => told.push([index, left]),
    });
    assert.deepEqual(told[0], [0, 4]);
    assert.ok(told.every(([, left], round) => told.length - round - 1 <= left));
  });

  it("says so when nothing turns, or an end can't be told", async () => {
    const always = (verdict: Verdict) => bisect(5, () => Promise.resolve(verdict));
    await assert.rejects(always("old"), { code: "debug.bisectNever", next: /later/ });
    await assert.rejects(always("new"), { code: "debug.bisectAlways", next: /earlier/ });
    await assert.rejects(always("skip"), { code: "debug.bisectUnknown" });
    await assert.rejects(
      bisect(1, () => Promise.resolve("old")),
      { code: "debug.bisectShort" },
    );
  });

  it("ends when it is cancelled, before the next try", async () => {
    const leave = new AbortController();
    let tries = 0;
    const work = bisect(
      100,
      (index) => {
        if (++tries === 3) leave.abort(new Error("enough"));
        return Promise.resolve(index < 50 ? "old" : "new");
      },
      { signal: leave.signal },
    );
    await assert.rejects(work, { message: "enough" });
    assert.equal(tries, 3);
  });

  it("reads a command's exit status as git bisect run does", () => {
    assert.deepEqual([0, 1, 124, 125, 126, 127].map(verdictOf), ["old", "new", "new", "skip", "new", "new"]);
    for (const status of [128, 137, 255, -1])
      assert.throws(() => verdictOf(status), { code: "debug.bisectBroken" });
  });
});
