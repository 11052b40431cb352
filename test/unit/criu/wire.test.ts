import assert from "node:assert/strict";
import fc from "fast-check";
import protobuf from "protobufjs";
import { criuSchemas, decodeMessage, indexSchema, isUndecoded } from "../../../src/criu/index.ts";
import type { FieldSchema, FieldValue, MessageNode, ScalarType, Schema } from "../../../src/criu/index.ts";

const SCALARS: readonly ScalarType[] = [
  "int32",
  "int64",
  "uint32",
  "uint64",
  "sint32",
  "sint64",
  "fixed32",
  "fixed64",
  "sfixed32",
  "sfixed64",
  "bool",
  "float",
  "double",
  "string",
  "bytes",
];

function field(name: string, number: number, type: string, rest: Partial<FieldSchema> = {}): FieldSchema {
  return { name, number, type, rule: "optional", kind: "scalar", packed: false, doc: "", ...rest };
}

/** One optional field of each scalar type, a repeated packed and unpacked number, a message of its own kind. */
const schema: Schema = {
  messages: {
    all: {
      name: "all",
      doc: "",
      file: "",
      fields: [
        ...SCALARS.map((type, index) => field(type, index + 1, type)),
        field("packed", 20, "sint32", { rule: "repeated", packed: true }),
        field("unpacked", 21, "fixed64", { rule: "repeated" }),
        field("inner", 22, "all", { kind: "message" }),
      ],
    },
  },
  enums: {},
  flags: {},
};
const schemas = indexSchema(schema);
const all = schemas.message("all");

/** The same message for protobufjs, an implementation that isn't ours. */
const reference = protobuf
  .parse(
    `syntax = "proto2"; message all {
    ${SCALARS.map((type, index) => `optional ${type} ${type}_ = ${index + 1};`).join("\n")}
    repeated sint32 packed = 20 [packed = true];
    repeated fixed64 unpacked = 21 [packed = false];
    optional all inner = 22;
  }`,
    { keepCase: true },
  )
  .root.lookupType("all");

const int32 = fc.integer();
const uint32 = fc.nat(0xffffffff);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const values: Record<ScalarType, fc.Arbitrary<FieldValue>> = {
  int32,
  sint32: int32,
  sfixed32: int32,
  uint32,
  fixed32: uint32,
  int64,
  sint64: int64,
  sfixed64: int64,
  uint64,
  fixed64: uint64,
  bool: fc.boolean(),
  float: fc.float({ noNaN: true }),
  double: fc.double({ noNaN: true }),
  string: fc.string(),
  bytes: fc.uint8Array(),
};

const decode = (bytes: Uint8Array) => decodeMessage(bytes, all, { schemas, at: 100, file: "test.img" });

function plain(message: MessageNode): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const { name, index, value } of message.fields) {
    const shown = typeof value === "object" && "kind" in value ? plain(value) : value;
    if (index === undefined) found[name] = value instanceof Uint8Array ? [...value] : shown;
    else ((found[name] ??= []) as unknown[]).push(shown);
  }
  return found;
}

describe("protobuf's wire format", () => {
  it("is read as protobufjs writes it, for every type of field", () => {
    const one = fc.record(values, { requiredKeys: [] });
    const message = fc.record({ own: one, inner: one, packed: fc.array(int32), unpacked: fc.array(uint64) });
    fc.assert(
      fc.property(message, ({ own, inner, packed, unpacked }) => {
        // protobufjs takes 64-bit numbers as text.
        const text = (value: FieldValue | undefined) => (typeof value === "bigint" ? String(value) : value);
        const theirs = (fields: Record<string, FieldValue | undefined>) =>
          Object.fromEntries(Object.entries(fields).map(([type, value]) => [`${type}_`, text(value)]));
        const bytes = reference
          .encode(
            reference.fromObject({
              ...theirs(own),
              packed,
              unpacked: unpacked.map(text),
              inner: theirs(inner),
            }),
          )
          .finish();
        const decoded = decode(bytes);
        assert.deepEqual(decoded.problems, []);
        const ours = (fields: Record<string, FieldValue | undefined>) =>
          Object.fromEntries(
            Object.entries(fields).map(([type, value]) => [
              type,
              value instanceof Uint8Array ? [...value] : value,
            ]),
          );
        assert.deepEqual(plain(decoded.message), {
          ...ours(own),
          ...(packed.length > 0 && { packed }),
          ...(unpacked.length > 0 && { unpacked }),
          inner: ours(inner),
        });
      }),
    );
  });

  it("gives each field the span of its tag and of its value", () => {
    // field 5 (sint32) = -1 in two bytes of varint, field 14 (string) = "hi"
    const { message } = decode(Uint8Array.from([0x28, 0x81, 0x00, 0x72, 2, 0x68, 0x69]));
    assert.deepEqual(
      message.fields.map(({ span, valueSpan, value }) => [span, valueSpan, value]),
      [
        [{ start: 100, end: 103 }, { start: 101, end: 103 }, -1],
        [{ start: 103, end: 107 }, { start: 105, end: 107 }, "hi"],
      ],
    );
  });

  it("keeps fields the schema doesn't know, with their bytes", () => {
    const { message, problems } = decode(Uint8Array.from([0xf8, 0x07, 0x2a, 0xfa, 0x07, 1, 0xff]));
    assert.deepEqual(problems, []);
    assert.deepEqual(
      message.fields.map(({ name, value, schema: known }) => [name, value, known]),
      [
        ["#127", 42n, undefined],
        ["#127", Uint8Array.of(0xff), undefined],
      ],
    );
  });

  it("shows a value of a wire type its field can't have raw, as a problem", () => {
    const { message, problems } = decode(Uint8Array.from([0x0d, 1, 0, 0, 0]));
    assert.deepEqual(
      problems.map(({ code, offset }) => [code, offset]),
      [["criu.wrongWireType", 100]],
    );
    const [only] = message.fields;
    assert.deepEqual([only?.name, only?.value, only?.schema], ["int32", 1, undefined]);
  });

  it("takes packed elements for unpacked fields and the other way round", () => {
    const packedAsSingle = decode(Uint8Array.from([0xa0, 0x01, 2, 0xa0, 0x01, 4]));
    assert.deepEqual(plain(packedAsSingle.message), { packed: [1, 2] });
    const singleAsPacked = decode(Uint8Array.from([0xaa, 0x01, 8, 1, 0, 0, 0, 0, 0, 0, 0]));
    assert.deepEqual(plain(singleAsPacked.message), { unpacked: [1n] });
  });

  it("turns what is no field into one undecoded field, whatever the bytes, and covers them all", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const { message, problems } = decode(bytes);
        let position = 100;
        for (const { span } of message.fields) {
          assert.equal(span.start, position);
          position = span.end;
        }
        assert.equal(position, 100 + bytes.length);
        if (message.fields.some(isUndecoded)) assert.ok(problems.length > 0);
      }),
      { numRuns: 2000 },
    );
  });

  it("reads CRIU's schema, in which every message a field names is there", () => {
    const core = criuSchemas.message("core_entry");
    assert.ok(core);
    assert.equal(criuSchemas.field(core, 3)?.name, "tc");
  });
});
