import assert from "node:assert/strict";
import { loadedModules } from "../../../src/corefile/index.ts";
import type { Area } from "../../../src/memory/index.ts";
import { areaOf, processOf } from "./core-space.ts";

const PAGE = 4096n;
const COUNT = 100_000;

describe("the module of an address", () => {
  it("is found among 100,000 mappings without looking at all of them", async () => {
    const areas = Array.from({ length: COUNT }, (_, index): Area => {
      const start = BigInt(index) * 2n * PAGE;
      return areaOf(start, start + PAGE, 5, 0n);
    });
    let looks = 0;
    const counted = new Proxy(areas, {
      get(target, key, receiver): unknown {
        if (typeof key === "string" && /^[0-9]+$/.test(key)) looks++;
        return Reflect.get(target, key, receiver);
      },
    });
    const { memory, space } = processOf({ machine: 62, notes: [], segments: [] }, undefined);
    const modules = loadedModules(memory, { ...space, areas: counted });
    for (const index of [0, 1, 4_711, COUNT - 1]) {
      looks = 0;
      // No file is here, and no bytes: there is nothing to be said of the module.
      assert.equal(await modules.at(BigInt(index) * 2n * PAGE + 5n), undefined);
      assert.ok(looks > 0 && looks < 50, `${looks} looks`);
      assert.equal(await modules.at((BigInt(index) * 2n + 1n) * PAGE), undefined);
    }
    await modules.close();
  });
});
