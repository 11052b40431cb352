import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { inspect } from "../../../webview/image/inspector-values.ts";

/** Readings by name. */
function read(bytes: Uint8Array, little = true): Map<string, { value: string | undefined; length: number }> {
  return new Map(inspect(bytes, little).map(({ name, value, length }) => [name, { value, length }]));
}

function value(name: string, bytes: Uint8Array | readonly number[], little = true): string | undefined {
  return read(Uint8Array.from(bytes), little).get(name)?.value;
}

/** Bytes of many shapes: noise, and the ends of the ranges. */
const SAMPLES: readonly Buffer[] = [
  ...Array.from({ length: 40 }, (_, index) => createHash("sha256").update(String(index)).digest()),
  Buffer.alloc(32),
  Buffer.alloc(32, 0xff),
  Buffer.concat([Buffer.alloc(16, 0x7f), Buffer.alloc(16, 0x80)]),
];

/** What Python's struct and ipaddress make of the samples, name by name. */
const PYTHON = `
import sys, json, struct, ipaddress
def clean(v): return repr(v) if isinstance(v, float) else str(v)
out = []
for line in sys.stdin:
    b = bytes.fromhex(line)
    row = {}
    for order in "<>":
        for name, code in dict(uint8="B", int8="b", uint16="H", int16="h", uint32="I", int32="i", uint64="Q", int64="q").items():
            row[name + order] = clean(struct.unpack_from(order + code, b)[0])
        for name, code in dict(float16="e", float32="f", float64="d").items():
            row[name + order] = struct.unpack_from(order + code, b)[0].hex()
        kind = "little" if order == "<" else "big"
        row["uint24" + order] = str(int.from_bytes(b[:3], kind))
        row["int24" + order] = str(int.from_bytes(b[:3], kind, signed=True))
    row["IPv4"] = str(ipaddress.IPv4Address(b[:4]))
    row["IPv6"] = str(ipaddress.IPv6Address(b[:16]))
    out.append(row)
print(json.dumps(out))
`;

const FLOATS = ["float16", "float32", "float64"];

describe("the data inspector", () => {
  it("reads numbers and addresses as Python's struct and ipaddress do", () => {
    const zeros = (text: string) => Buffer.from(text.padEnd(64, "0"), "hex");
    const samples = [
      ...SAMPLES,
      zeros("20010db800000000000100000000000a"),
      zeros("00010000000000020000000000000003"),
    ];
    const input = samples.map((bytes) => bytes.toString("hex")).join("\n");
    const rows = JSON.parse(execFileSync("python3", ["-c", PYTHON], { input, encoding: "utf8" })) as Record<
      string,
      string
    >[];
    const script = "import sys; print('\\n'.join(float(l).hex() for l in sys.stdin.read().split()))";
    for (const [index, row] of rows.entries())
      for (const [key, expected] of Object.entries(row)) {
        const name = key.replace(/[<>]$/, "");
        const got = value(name, samples[index] ?? [], !key.endsWith(">"));
        if (!FLOATS.includes(name)) assert.equal(got, expected, `${key} of sample ${index}`);
      }
    // Floats are written differently; they are the same when Python reads ours as the number it had.
    const floats = rows.flatMap((row, index) =>
      Object.entries(row)
        .filter(([key]) => FLOATS.includes(key.slice(0, -1)))
        .map(([key, expected]) => {
          const text = value(key.slice(0, -1), samples[index] ?? [], key.endsWith("<")) ?? "";
          return { key, expected, text };
        }),
    );
    const back = execFileSync("python3", ["-c", script], {
      input: floats.map(({ text }) => text).join("\n"),
      encoding: "utf8",
    }).split("\n");
    for (const [index, { key, expected, text }] of floats.entries()) {
      const narrowed = key.startsWith("float32")
        ? Math.fround(fromHex(back[index] ?? ""))
        : fromHex(back[index] ?? "");
      assert.ok(Object.is(narrowed, fromHex(expected)), `${key}: ${text} is not ${expected}`);
    }
  });

  it("reads varints as protobuf's encoding guide has them, with their length", () => {
    // 150 is the guide's example; -1 as int64 is ten bytes.
    assert.deepEqual(read(Uint8Array.of(0x96, 0x01, 0xff)).get("varint"), { value: "150", length: 2 });
    const minusOne = [...Array<number>(9).fill(0xff), 0x01];
    assert.deepEqual(read(Uint8Array.from(minusOne)).get("varint"), {
      value: String(2n ** 64n - 1n),
      length: 10,
    });
    for (const [encoded, signed] of [
      [0, "0"],
      [1, "-1"],
      [2, "1"],
      [3, "-2"],
    ] as const)
      assert.equal(value("zigzag", [encoded]), signed);
    assert.equal(value("varint", Array<number>(11).fill(0x80)), undefined);
  });

  it("reads signed LEB128 as DWARF's examples have it", () => {
    // DWARF 5, figure C.3 (examples of SLEB128).
    const examples = [
      [[0x02], "2"],
      [[0x7e], "-2"],
      [[0xff, 0x00], "127"],
      [[0x81, 0x7f], "-127"],
      [[0x80, 0x01], "128"],
      [[0x80, 0x7f], "-128"],
      [[0x81, 0x01], "129"],
      [[0xff, 0x7e], "-129"],
    ] as const;
    for (const [bytes, expected] of examples) assert.equal(value("SLEB128", bytes), expected);
  });

  it("reads times as date(1) writes them", () => {
    for (const seconds of [0, 1, 951_782_400, 1_763_690_000, -1, 2 ** 31 - 1]) {
      const bytes = Buffer.alloc(16);
      bytes.writeBigInt64LE(BigInt(seconds));
      bytes.writeBigInt64LE(123_456_789n, 8);
      const expected = execFileSync("date", ["-u", "-d", `@${seconds}`, "+%Y-%m-%dT%H:%M:%S"], {
        encoding: "utf8",
      }).trim();
      assert.equal(value("time_t 32", bytes), `${expected}Z`);
      assert.equal(value("time_t 64", bytes), `${expected}Z`);
      assert.deepEqual(read(bytes).get("timespec"), { value: `${expected}.123456789Z`, length: 16 });
    }
    const bytes = Buffer.alloc(16, 0xff);
    assert.equal(value("timespec", bytes), undefined);
  });

  it("reads one character and a text in UTF-8 and UTF-16, and hides what would paint over the editor", () => {
    const utf8 = read(Buffer.from("é€\u202e😀\0rest"));
    assert.deepEqual(utf8.get("UTF-8"), { value: "é U+00E9", length: 2 });
    assert.deepEqual(utf8.get("UTF-8 text"), {
      value: '"é€\\u202e😀"',
      length: Buffer.byteLength("é€\u202e😀"),
    });
    const big = Buffer.from("😀ab\0", "utf16le").swap16();
    assert.deepEqual(read(big, false).get("UTF-16"), { value: "😀 U+1F600", length: 4 });
    assert.deepEqual(read(big, false).get("UTF-16 text"), { value: '"😀ab"', length: 8 });
    assert.equal(value("UTF-8", [0x0a]), "U+000A");
    assert.equal(value("UTF-8", [0xff, 0xfe]), undefined);
    assert.equal(value("UTF-16", [0x00, 0xdc]), undefined);
  });

  it("tells addresses of user space, of the kernel and of nobody", () => {
    const at = (address: bigint) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(address);
      return value("pointer 64", bytes);
    };
    assert.equal(at(0x7ffe_58ec_9380n), "0x00007ffe58ec9380 user");
    assert.equal(at(0xffff_8880_0000_0000n), "0xffff888000000000 kernel");
    assert.equal(at(0x1234_5678_9abc_def0n), "0x123456789abcdef0 not canonical");
  });

  it("has nothing to say where too few bytes are left", () => {
    const readings = inspect(Uint8Array.of(0x41), true);
    const names = readings.filter(({ value: text }) => text !== undefined).map(({ name }) => name);
    assert.deepEqual(
      new Set(names),
      new Set(["binary", "octal", "uint8", "int8", "varint", "zigzag", "SLEB128", "UTF-8", "UTF-8 text"]),
    );
    assert.deepEqual(
      inspect(new Uint8Array(0), true).filter(({ value: text }) => text !== undefined),
      [],
    );
  });
});

/** Python's `float.hex`: `0x1.8p+1`. */
function fromHex(text: string): number {
  const parts = /^(-?)0x([01])\.?([0-9a-f]*)p([+-]\d+)$/.exec(text);
  if (!parts) return Number(text.replace("inf", "Infinity"));
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = parts;
  // In two steps: 2 ** -1074 alone would lose the bits of a subnormal's fraction.
  const mantissa = Number.parseInt(`${whole}${fraction}`, 16);
  const power = Number(exponent) - 4 * fraction.length;
  const half = Math.trunc(power / 2);
  return (sign === "-" ? -1 : 1) * mantissa * 2 ** half * 2 ** (power - half);
}
