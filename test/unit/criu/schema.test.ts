import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageTypes } from "../../../scripts/proto-types.ts";
import { readSchema } from "../../../scripts/proto.ts";
import { criuSchema } from "../../../src/criu/index.ts";
import type { FieldSchema } from "../../../src/criu/index.ts";

describe("the schema", () => {
  it("is what proto/ says now", () => {
    assert.deepEqual(criuSchema, JSON.parse(JSON.stringify(readSchema("proto"))));
  });

  it("has a doc of one short line for every message, field, enum and table", () => {
    const documented = [
      ...Object.values(criuSchema.messages).flatMap((message) => [message, ...message.fields]),
      ...Object.values(criuSchema.enums),
      ...Object.values(criuSchema.flags),
    ];
    for (const { name, doc } of documented) assert.match(doc, /^.{5,220}\.$/, name);
  });

  it("knows no two fields of a message by the same name or number", () => {
    for (const { name, fields } of Object.values(criuSchema.messages))
      for (const key of ["name", "number"] as const)
        assert.equal(new Set(fields.map((field) => field[key])).size, fields.length, name);
  });

  it("uses only kinds of show and crit that proto/show.proto lists", async () => {
    const text = await readFile("proto/show.proto", "utf8");
    const listed = [...text.matchAll(/^ {2}\/\/ {3}([a-z]+(?:, [a-z]+)*)/gm)].flatMap(([, names = ""]) =>
      names.split(", "),
    );
    for (const { name, show, crit } of allFields())
      for (const kind of [show, crit])
        if (kind !== undefined)
          assert.ok([...listed, "number"].includes(kind.replace(/:.*/, "")), `${name}: ${kind}`);
  });

  it("keeps the masks of flags unsigned", () => {
    for (const { name, bits } of Object.values(criuSchema.flags))
      for (const [bit, mask] of bits) assert.ok(mask >= 0 && mask <= 0xffffffff, `${name} ${bit}`);
  });

  it("names numbers, types and defaults as CRIU does", () => {
    const { name, number, rule, type, default: declared } = field("reg_file_entry", "mnt_id");
    assert.deepEqual([name, number, rule, type, declared], ["mnt_id", 7, "optional", "sint32", "-1"]);
    assert.equal(field("core_entry", "mtype").type, "core_entry.march");
    assert.equal(field("core_entry", "mtype").kind, "enum");
  });
});

describe("compiling .proto files", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-proto-"));
  });
  after(() => rm(folder, { recursive: true }));

  const compile = async (text: string) => {
    await writeFile(join(folder, "a.proto"), `syntax = "proto2";\n${text}`);
    return readSchema(folder);
  };

  it("writes an interface with the types of decoded values", async () => {
    const schema = await compile(`
      // A thing.
      message some_thing {
        // Its address.
        required uint64 address = 1;
        // Names.
        repeated string names = 2;
        // Kind.
        optional kind kind = 3;
        // Bytes.
        optional bytes data = 4;
      }
      enum kind { A = 0; }
    `);
    const text = messageTypes(schema);
    assert.match(text, /\/\*\* A thing\. \*\/\nexport interface SomeThing \{/);
    assert.match(text, / {2}readonly address: bigint;/);
    assert.match(text, / {2}readonly names: readonly string\[\];/);
    assert.match(text, / {2}readonly kind\?: number;/);
    assert.match(text, / {2}readonly data\?: Uint8Array;/);
    assert.match(text, / {2}readonly some_thing: SomeThing;/);
  });

  it("refuses a type, a table or a second message that it doesn't know what to do with", async () => {
    await assert.rejects(compile("message a { optional b c = 1; }"), /a\.c: there is no type b/);
    await assert.rejects(
      compile('message a { optional uint32 c = 1 [(show) = "flags:none"]; }'),
      /a\.c: there is no flags table none/,
    );
    await assert.rejects(compile("message a {}\nmessage a {}"), /duplicate name 'a'/);
  });
});

function allFields(): readonly FieldSchema[] {
  return Object.values(criuSchema.messages).flatMap((message) => message.fields);
}

function field(message: string, name: string): FieldSchema {
  const found = criuSchema.messages[message]?.fields.find((candidate) => candidate.name === name);
  assert.ok(found, `${message}.${name}`);
  return found;
}
