import assert from "node:assert/strict";
import fc from "fast-check";
import { squarify } from "../../../webview/overview/squarify.ts";
import type { Box } from "../../../webview/overview/squarify.ts";

const SPACE: Box = { x: 10, y: 20, width: 600, height: 400 };
const weights = fc
  .array(fc.double({ min: 0.01, max: 1000, noNaN: true }), { minLength: 1, maxLength: 60 })
  .map((list) => list.toSorted((a, b) => b - a));

const overlap = (a: Box, b: Box): number =>
  Math.max(0, Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)) *
  Math.max(0, Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y));

describe("squarify", () => {
  it("gives the boxes of the paper that describes it", () => {
    // Bruls, Huizing, van Wijk, figure 4: 6, 6, 4, 3, 2, 2, 1 in a rectangle of 6 by 4.
    const boxes = squarify([6, 6, 4, 3, 2, 2, 1], { x: 0, y: 0, width: 6, height: 4 });
    const sides = boxes.map(({ width, height }) => [Number(width.toFixed(2)), Number(height.toFixed(2))]);
    assert.deepEqual(sides, [
      [3, 2],
      [3, 2],
      [1.71, 2.33],
      [1.29, 2.33],
      [1.2, 1.67],
      [1.2, 1.67],
      [0.6, 1.67],
    ]);
  });

  it("cuts areas in proportion that fill the space and don't overlap", () => {
    fc.assert(
      fc.property(weights, (list) => {
        const boxes = squarify(list, SPACE);
        const total = list.reduce((sum, each) => sum + each, 0);
        const whole = SPACE.width * SPACE.height;
        boxes.forEach(({ x, y, width, height }, index) => {
          assert.ok(Math.abs(width * height - ((list[index] ?? 0) / total) * whole) < 1e-6 * whole);
          assert.ok(x >= SPACE.x - 1e-6 && x + width <= SPACE.x + SPACE.width + 1e-6);
          assert.ok(y >= SPACE.y - 1e-6 && y + height <= SPACE.y + SPACE.height + 1e-6);
        });
        boxes.forEach((box, index) => {
          for (const other of boxes.slice(index + 1)) assert.ok(overlap(box, other) < 1e-6 * whole);
        });
      }),
      { numRuns: 100 },
    );
  });

  it("gives empty boxes where there is no space", () => {
    assert.deepEqual(squarify([1], { x: 1, y: 2, width: 0, height: 5 }), [
      { x: 1, y: 2, width: 0, height: 0 },
    ]);
  });
});
