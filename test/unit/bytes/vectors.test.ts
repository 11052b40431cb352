import assert from "node:assert/strict";
import fc from "fast-check";
import {
  compileLoop,
  i32,
  labelled,
  linearMemory,
  local,
  plainXorIn,
  plainXorPagesIn,
  withoutLabels,
  XOR_SLACK,
  xorIn,
  xorPagesIn,
} from "../../../src/bytes/index.ts";
import type { Labelled } from "../../../src/bytes/index.ts";

const SIZE = 8192;
const MASK = 4096;

describe("loops over vectors", () => {
  it("are there in this runtime, so that the other tests of them mean something", () => {
    const loop = { parameters: 1, hasResult: true, vectors: 0, integers: 0, code: [0x20, 0] };
    assert.equal(compileLoop(linearMemory(1), loop)?.(7), 7);
  });

  it("are not there for a memory without WebAssembly, or when the runtime refuses them", () => {
    const loop = { parameters: 1, hasResult: true, vectors: 0, integers: 0, code: [0x20, 0] };
    assert.equal(compileLoop({ buffer: new ArrayBuffer(64) }, loop), undefined);
    assert.equal(compileLoop(linearMemory(1), { ...loop, code: [0x20, 9] }), undefined);
  });

  it("combine bytes with a mask as a plain loop does, and leave what follows where the mask ends in zeros", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 2048 }),
        fc.uint8Array({ minLength: 16, maxLength: 2048 }),
        fc.nat(64),
        (data, mask, at) => {
          const length = Math.min(data.length, mask.length) & ~15;
          const place = at * 16;
          for (const make of [xorIn, plainXorIn]) {
            const memory = linearMemory(SIZE + XOR_SLACK);
            const bytes = new Uint8Array(memory.buffer);
            bytes.set(data, place);
            bytes.set(mask.subarray(0, length), MASK);
            make(memory)(place, MASK, place + length);
            const expected = data.map((byte, index) => (index < length ? byte ^ (mask[index] ?? 0) : byte));
            assert.deepEqual(bytes.slice(place, place + data.length), expected, make.name);
          }
        },
      ),
    );
  });

  it("put pages of any size and number under one mask", () => {
    for (const pageSize of [16, 32, 48, 64, 512, 4096])
      for (const count of [0, 1, 3, 4, 5, 11]) {
        const mask = Uint8Array.from({ length: pageSize }, (_, index) => (index * 7 + 1) & 255);
        const data = Uint8Array.from({ length: (count + 1) * pageSize }, (_, index) => (index * 13) & 255);
        const begin = 4096 + XOR_SLACK;
        for (const make of [xorPagesIn, plainXorPagesIn]) {
          const memory = linearMemory(begin + data.length + XOR_SLACK);
          const bytes = new Uint8Array(memory.buffer);
          bytes.set(mask);
          bytes.set(data, begin);
          make(memory)(begin, 0, pageSize, count);
          const expected = data.map((byte, index) =>
            index < count * pageSize ? byte ^ (mask[index % pageSize] ?? 0) : byte,
          );
          assert.deepEqual(
            bytes.slice(begin, begin + data.length),
            expected,
            `${make.name} ${pageSize} ${count}`,
          );
        }
      }
  });

  it("branch to the block or loop of a name, however deep within it", () => {
    const { block, loop, goTo, goToIf, when } = labelled;
    const [limit, rows, columns, count] = [0, 1, 2, 3].map((index) => local.get(index));
    assert.ok(limit && rows && columns && count);
    const grow = (index: number, by: number): Labelled => [
      local.get(index),
      i32.constant(by),
      i32.add,
      local.set(index),
    ];
    // Counts the pairs (row, column) with column < row < limit, in a way that uses every branch there is.
    const code = withoutLabels([
      block("all", [
        loop("rows", [
          goToIf("all", [rows, limit, i32.isAtLeast]),
          [i32.constant(0), local.set(2)],
          block("row", [
            loop("columns", [
              when([columns, rows, i32.isAtLeast], [goTo("row")]),
              grow(3, 1),
              grow(2, 1),
              goTo("columns"),
            ]),
          ]),
          grow(1, 1),
          goTo("rows"),
        ]),
      ]),
      count,
    ]);
    const loops = { parameters: 1, hasResult: true, vectors: 0, integers: 3, code };
    const run = compileLoop(linearMemory(1), loops);
    for (const size of [1, 2, 10, 1000]) assert.equal(run?.(size), (size * (size - 1)) / 2);
  });
});
