import assert from "node:assert/strict";
import { moveCursor, RowMap } from "../../../webview/memory/row-map.ts";
import { Trail } from "../../../webview/memory/trail.ts";

/** A program, a library far above it with another mapping right behind, and the vsyscall page at the very top. */
const AREAS = [
  { start: 0x400000n, end: 0x401000n },
  { start: 0x7f0000000000n, end: 0x7f0000002000n },
  { start: 0x7f0000002000n, end: 0x7f0000003000n },
  { start: 0xffffffffff600000n, end: 0xffffffffff601000n },
];

describe("the lines of an address space", () => {
  const rows = new RowMap(AREAS, 16);

  it("fold what is not mapped into one line, and give each mapping a head", () => {
    assert.deepEqual(rows.line(0), { kind: "gap", from: 0n, to: 0x400000n });
    assert.deepEqual(rows.line(1), { kind: "head", area: 0 });
    assert.deepEqual(rows.line(2), { kind: "bytes", area: 0, address: 0x400000n, length: 16 });
    assert.deepEqual(rows.line(2 + 256), { kind: "gap", from: 0x401000n, to: 0x7f0000000000n });
    // No gap between mappings that touch: 4 KiB are 256 lines.
    const second = rows.headRow(1);
    assert.deepEqual(rows.line(second + 1 + 512), { kind: "head", area: 2 });
  });

  it("end with what is not mapped above the last mapping", () => {
    assert.deepEqual(rows.line(rows.count - 1), {
      kind: "gap",
      from: 0xffffffffff601000n,
      to: 1n << 64n,
    });
    assert.equal(rows.line(rows.count), undefined);
  });

  it("are found by their address and back, without rounding", () => {
    for (const address of [0x400000n, 0x400ff0n, 0x7f0000001230n, 0x7f0000002000n, 0xffffffffff600ff0n]) {
      const line = rows.line(rows.rowOf(address));
      assert.deepEqual(line?.kind === "bytes" && line.address, address);
    }
    assert.equal(rows.line(rows.rowOf(0x5000000n))?.kind, "gap");
  });

  it("stay exact over 47 bits of mapped memory", () => {
    const large = new RowMap([{ start: 0x1000n, end: 1n << 47n }], 16);
    const last = (1n << 47n) - 16n;
    const line = large.line(large.rowOf(last));
    assert.equal(line?.kind === "bytes" && line.address, last);
  });
});

describe("the cursor in an address space", () => {
  const rows = new RowMap(AREAS, 16);
  const move = (key: string, cursor: bigint, whole = false): bigint | undefined =>
    moveCursor(key, whole, cursor, rows, AREAS, 10);

  it("jumps over what is not mapped", () => {
    assert.equal(move("ArrowRight", 0x400fffn), 0x7f0000000000n);
    assert.equal(move("ArrowLeft", 0x7f0000000000n), 0x400fffn);
    assert.equal(move("ArrowDown", 0x400ff8n), 0x7f0000000000n);
  });

  it("stays within the first and the last mapping", () => {
    assert.equal(move("ArrowUp", 0x400000n), 0x400000n);
    assert.equal(move("ArrowRight", 0xffffffffff600fffn), 0xffffffffff600fffn);
    assert.equal(move("Home", 0x7f0000001234n, true), 0x400000n);
    assert.equal(move("End", 0x7f0000001234n, true), 0xffffffffff600fffn);
    assert.equal(move("Home", 0x7f0000001234n), 0x7f0000001230n);
  });
});

describe("the trail through memory", () => {
  it("goes back and forward as a browser does", () => {
    const trail = new Trail();
    trail.leave(1n);
    trail.leave(2n);
    assert.equal(trail.back(3n), 2n);
    assert.equal(trail.back(2n), 1n);
    assert.equal(trail.back(1n), undefined);
    assert.equal(trail.forward(1n), 2n);
    trail.leave(2n);
    assert.equal(trail.forward(9n), undefined);
  });
});
