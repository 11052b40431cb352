import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeText, encodeText, hasEscapes } from "../../../src/bytes/index.ts";

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));

describe("text of names", () => {
  // `bytes.fromhex(HEX).decode("utf-8", "surrogateescape")` in Python 3.
  const cases = [
    ["636166c3a9", "café"],
    ["636166e9", "caf\udce9"],
    ["ff00fe", "\udcff\0\udcfe"],
    ["efbbbf41", "\ufeffA"],
    ["efbfbd", "\ufffd"],
    ["efbfbde9", "\ufffd\udce9"],
    ["edb080", "\udced\udcb0\udc80"],
    ["f09f9880f09f98", "😀\udcf0\udc9f\udc98"],
    ["c080", "\udcc0\udc80"],
    ["f4908080", "\udcf4\udc90\udc80\udc80"],
    ["e0a0", "\udce0\udca0"],
  ] as const;
  for (const [hex, text] of cases)
    it(`reads ${hex} as Python's surrogateescape does, and writes it again`, () => {
      assert.equal(decodeText(bytes(hex)), text);
      assert.equal(Buffer.from(encodeText(text)).toString("hex"), hex);
    });

  it("is lossless for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (input) => {
        assert.deepEqual(new Uint8Array(encodeText(decodeText(input))), input);
      }),
      { numRuns: 2000 },
    );
  });

  it("is any other decoder's where the bytes are UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (input) => {
        assert.equal(decodeText(Buffer.from(input, "utf8")), input);
        assert.equal(hasEscapes(input), false);
      }),
    );
  });

  it("has a replacement for halves of pairs that stand for no byte", () => {
    // A pair is one character, whatever its halves are.
    assert.equal(Buffer.from(encodeText("\ud800\udcff\udcff")).toString("hex"), "f09083bfff");
    assert.equal(Buffer.from(encodeText("a\ud800")).toString("hex"), "61efbfbd");
  });
});
