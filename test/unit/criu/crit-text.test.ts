import assert from "node:assert/strict";
import { ipAddress } from "../../../src/criu/crit/address.ts";
import { jsonParts } from "../../../src/criu/crit/json.ts";
import type { CritValue } from "../../../src/criu/crit/json.ts";
import { quotedPrintable } from "../../../src/criu/crit/quoted-printable.ts";

// Expected texts are what Python 3.11 gives.

describe("JSON as Python writes it", () => {
  const text = (value: CritValue, pretty = false): string => jsonParts(value, pretty).join("");

  it("writes integers beyond 2^53 in full", () => {
    assert.equal(
      text([18446744073709551615n, -9223372036854775808n]),
      "[18446744073709551615, -9223372036854775808]",
    );
  });

  it("escapes all that is not printable ASCII", () => {
    assert.equal(
      text('a"\\\n\t\x01\x7fé€😀/'),
      '"a\\"\\\\\\n\\t\\u0001\\u007f\\u00e9\\u20ac\\ud83d\\ude00/"',
    );
  });

  it("indents by four, and leaves empty lists and objects closed", () => {
    const value = { a: [], b: {}, c: [1, { d: true }] };
    assert.equal(text(value), '{"a": [], "b": {}, "c": [1, {"d": true}]}');
    assert.equal(
      text(value, true),
      '{\n    "a": [],\n    "b": {},\n    "c": [\n        1,\n        {\n            "d": true\n        }\n    ]\n}',
    );
  });
});

describe("IP addresses as Python writes them", () => {
  const words = (hex: string): number[] => {
    const bytes = Buffer.from(hex, "hex");
    return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32LE(index * 4));
  };
  const cases = [
    ["7f000001", "127.0.0.1"],
    ["00000000000000000000000000000000", "::"],
    ["00000000000000000000000000000001", "::1"],
    ["00000000000000000000ffff01020304", "::ffff:1.2.3.4"],
    ["00010000000000020000000000000003", "1:0:0:2::3"],
    ["00010000000200030004000500060007", "1:0:2:3:4:5:6:7"],
    ["00000000000100010001000100000000", "::1:1:1:1:0:0"],
    ["fe800000000000000000000000000000", "fe80::"],
  ] as const;
  for (const [hex, address] of cases)
    it(`writes ${address}`, () => {
      assert.equal(ipAddress(words(hex)), address);
    });

  it("has none for two words", () => {
    assert.equal(ipAddress([1, 2]), undefined);
  });
});

describe("quoted-printable as Python writes it", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["\0abc", "=00abc"],
    ["a b ", "a b=20"],
    ["a \nb", "a=20\nb"],
    ["\r\na", "\r\na"],
    [".\n", "=2E\n"],
    [".a", ".a"],
    ["a\rb", "a\rb"],
    ["x".repeat(76), "x".repeat(76)],
    ["x".repeat(80), `${"x".repeat(75)}=\n${"x".repeat(5)}`],
    [`${"x".repeat(74)}\xff`, `${"x".repeat(74)}=\n=FF`],
  ];
  for (const [bytes, text] of cases)
    it(`writes ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.equal(quotedPrintable(Buffer.from(bytes, "latin1")), text);
    });
});
