import assert from "node:assert/strict";
import { AddressScale } from "../../../webview/memory/address-scale.ts";

const KIB = 1024n;
const GIB = 1024n * 1024n * KIB;

/** A page of a program, a heap of 4 GiB far above it, a stack right behind that, and the vsyscall page at the very top. */
const AREAS = [
  { start: 0x400000n, end: 0x401000n },
  { start: 0x7f0000000000n, end: 0x7f0000000000n + 4n * GIB },
  { start: 0x7f0000000000n + 4n * GIB, end: 0x7f0000000000n + 4n * GIB + 128n * KIB },
  { start: 0xffffffffff600000n, end: 0xffffffffff601000n },
];

describe("the strip of the address space", () => {
  const scale = new AddressScale(AREAS);
  const lengthOf = (area: number): number => {
    const part = scale.parts.find((each) => each.area === area);
    return (part?.to ?? 0) - (part?.from ?? 0);
  };

  it("goes from end to end without a hole, with a break for each gap between mappings and none between neighbours", () => {
    assert.deepEqual(
      scale.parts.map(({ area }) => area),
      [0, undefined, 1, 2, undefined, 3],
    );
    assert.deepEqual([scale.parts[0]?.from, scale.parts.at(-1)?.to], [0, 1]);
    scale.parts.reduce((end, { from, to }) => {
      assert.equal(from, end);
      assert.ok(to > from);
      return to;
    }, 0);
  });

  it("grows by one step with each doubling, so that a page can be seen beside gigabytes", () => {
    const step = lengthOf(0);
    // 4 GiB are 2^20 pages, 128 KiB are 2^5.
    assert.ok(Math.abs(lengthOf(1) - 21 * step) < 1e-9);
    assert.ok(Math.abs(lengthOf(2) - 6 * step) < 1e-9);
    // The gaps differ by many orders of magnitude, and take no more room for that.
    const [first, second] = scale.parts.filter(({ area }) => area === undefined);
    assert.ok(first && second);
    assert.ok(Math.abs(first.to - first.from - (second.to - second.from)) < 1e-9);
  });

  it("leads from an address to its place and back", () => {
    for (const address of [0x400000n, 0x400800n, 0x7f0080000000n, 0x7f0100000000n, 0xffffffffff600800n]) {
      const found = scale.at(scale.shareOf(address));
      assert.ok(found?.part.area !== undefined, address.toString(16));
      const { start, end } = found.part;
      assert.ok(address >= start && address < end, address.toString(16));
      const off = found.address > address ? found.address - address : address - found.address;
      assert.ok(off <= (end - start) / (1n << 40n) + 1n, `${found.address.toString(16)}`);
    }
  });

  it("stays within the mappings at its ends, and tells what isn't mapped between", () => {
    assert.equal(scale.at(-1)?.address, 0x400000n);
    assert.equal(scale.at(2)?.address, 0xffffffffff600fffn);
    assert.equal(scale.shareOf(0n), 0);
    assert.equal(scale.shareOf((1n << 64n) - 1n), 1);
    assert.equal(scale.at(scale.shareOf(0x500000n))?.part.area, undefined);
    assert.equal(new AddressScale([]).at(0.5), undefined);
    assert.equal(new AddressScale([]).shareOf(5n), 0);
  });
});
