import assert from "node:assert/strict";
import type { Area } from "../../../webview/memory/area.ts";
import { COLOURS } from "../../../webview/memory/map-colours.ts";

const area = (fields: Pick<Area, "permissions" | "kind" | "bytes">): Area => ({
  ...{ start: 0x1000n, end: 0x3000n, offset: 0n, goTo: 0x1000n, name: "", code: "own", marks: [] },
  ...fields,
});
const HEAP = area({ permissions: "rw-p", kind: "heap", bytes: { dumped: 4096, zero: 8192 } });
const CODE = area({ permissions: "r-xp", kind: "file", bytes: { file: 8192 } });

describe("the stripe beside a mapping", () => {
  it("tells what can be written, what runs, and what is both", () => {
    const by = (permissions: string): string => COLOURS.Protection({ ...HEAP, permissions }, undefined);
    assert.deepEqual(["rwxp", "-wxp", "r-xp", "--xp", "rw-p", "-w-s", "r--p", "---p"].map(by), [
      ...["wx", "wx", "x", "x", "w", "w", "r", "none"],
    ]);
  });

  it("tells its kind", () => {
    assert.equal(COLOURS.Kind(HEAP, undefined), "heap");
  });

  it("tells where most of it comes from", () => {
    assert.equal(COLOURS.Origin(HEAP, undefined), "zero");
    assert.equal(COLOURS.Origin(CODE, undefined), "file");
  });

  it("tells how random it is, once that is known", () => {
    const of = (entropy: number | null | undefined): string => COLOURS.Entropy(HEAP, entropy);
    assert.deepEqual([undefined, null, 8, 7.5, 7.4, 6, 3, 2.9, 0].map(of), [
      ...["none", "e-empty", "e-random", "e-random", "e-dense", "e-dense", "e-mixed", "e-plain", "e-plain"],
    ]);
  });
});
