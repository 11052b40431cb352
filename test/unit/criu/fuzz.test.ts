// The beginning of what `npm run fuzz` does, always with the same changes: that a check fails here is a reason to run it for long.
import assert from "node:assert/strict";
import { checkCase, makeCase } from "../../fuzz/cases.ts";
import { loadSamples } from "../../fuzz/samples.ts";
import { mutate, MUTATIONS } from "../../fuzz/mutations.ts";
import { randomOf } from "../../fuzz/random.ts";

const SEED = 1;
const CASES = 2500;
/** Enough on a machine that has other things to do. */
const MAX_TIME = 12_000;

describe("files changed at random", () => {
  it("never make the decoder or the archives fail, and tile", async () => {
    const groups = await loadSamples();
    assert.ok(groups.size > 100);
    const started = performance.now();
    for (let number = 0; number < CASES && performance.now() - started < MAX_TIME; number++) {
      const one = makeCase(groups, SEED, number);
      await checkCase(one).catch((error: unknown) => {
        const again = `npm run fuzz -- --seed ${SEED} --from ${number} --runs 1`;
        throw new Error(`${one.sample.origin} as ${one.name} (${one.done.join(", ")}); again: ${again}`, {
          cause: error,
        });
      });
    }
  }).timeout(120_000);

  it("are the same for the same seed and number", () => {
    const sample = { bytes: Buffer.from("a file of some bytes"), marks: [4] };
    const changed = (seed: number, number: number): string =>
      mutate(sample, Buffer.from("another"), randomOf(seed, number)).bytes.toString("hex");
    assert.equal(changed(3, 4), changed(3, 4));
    const all = new Set(Array.from({ length: 100 }, (_, number) => changed(3, number)));
    assert.ok(all.size > 60);
  });

  it("are changed by every mutation there is", () => {
    const bytes = Buffer.alloc(300, "real bytes");
    for (const [name, mutation] of Object.entries(MUTATIONS)) {
      const results = Array.from({ length: 20 }, (_, number) =>
        mutation(bytes, randomOf(5, number), [8, 100], Buffer.from("another file")),
      );
      assert.ok(
        results.some((result) => !result.equals(bytes)),
        name,
      );
    }
    assert.ok(bytes.equals(Buffer.alloc(300, "real bytes")));
  });
});
