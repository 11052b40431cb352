import assert from "node:assert/strict";
import {
  criuSchema,
  NO_EDITS,
  parseFieldText,
  redoEdit,
  undoEdit,
  withEdit,
} from "../../../src/criu/index.ts";
import type { Edit, FieldSchema } from "../../../src/criu/index.ts";

describe("the log of edits", () => {
  const [first, second]: Edit[] = ["entries[0]", "entries[1]"].map((path) => ({ kind: "remove", path }));
  assert.ok(first && second);

  it("undoes and redoes, and forgets what was undone when something else is done", () => {
    const log = withEdit(withEdit(NO_EDITS, first), second);
    const undone = undoEdit(log);
    assert.deepEqual(undone, { edits: [first], undone: [second] });
    assert.deepEqual(redoEdit(undone), log);
    assert.deepEqual(withEdit(undone, first), { edits: [first, first], undone: [] });
    assert.deepEqual(undoEdit(undoEdit(undone)), { edits: [], undone: [second, first] });
    assert.equal(undoEdit(NO_EDITS), NO_EDITS);
    assert.equal(redoEdit(NO_EDITS), NO_EDITS);
  });
});

describe("what a person types for a field", () => {
  const CASES: readonly (readonly [field: string, text: string, value: unknown])[] = [
    ["pstree_entry.pid", " 0x10 ", 16n],
    ["pstree_entry.pid", "0b101", 5n],
    ["pstree_entry.pid", "0o17", 15n],
    ["core_entry.mtype", "X86_64", 1n],
    ["vma_entry.prot", "PROT_READ | PROT_EXEC", 5n],
    ["vma_entry.prot", "PROT_READ|0x10", 17n],
    ["vma_entry.prot", "7", 7n],
    ["mnt_entry.root_dev", "8:1", (8n << 20n) | 1n],
    ["vma_entry.pgoff", "18446744073709551615", 18446744073709551615n],
    ["sk_opts_entry.so_passcred", "true", true],
    ["utsns_entry.nodename", " as it is ", " as it is "],
    ["pipe_entry.flags", "-1", { code: "edit.outOfRange" }],
    ["pstree_entry.pid", "4294967296", { code: "edit.outOfRange" }],
    ["pstree_entry.pid", "ten", { code: "edit.badValue" }],
    ["pstree_entry.pid", "", { code: "edit.badValue" }],
    ["vma_entry.prot", "PROT_NONSENSE", { code: "edit.badValue" }],
    ["core_entry.mtype", "Z80", { code: "edit.badValue" }],
    ["sk_opts_entry.so_passcred", "maybe", { code: "edit.badValue" }],
    ["unix_sk_entry.name", "00 ff:0A", Buffer.from([0, 255, 10])],
    ["unix_sk_entry.name", "base64:AP8K", Buffer.from([0, 255, 10])],
    ["unix_sk_entry.name", "0f0", { code: "edit.badValue" }],
  ];
  for (const [name, text, value] of CASES)
    it(`${name}: "${text}"`, () => {
      const field = fieldNamed(name);
      if (typeof value === "object" && value !== null && "code" in value)
        assert.throws(() => parseFieldText(field, text), value);
      else assert.deepEqual(parseFieldText(field, text), value);
    });
});

function fieldNamed(path: string): FieldSchema {
  const [message = "", name] = path.split(".");
  const field = criuSchema.messages[message]?.fields.find((candidate) => candidate.name === name);
  assert.ok(field, path);
  return field;
}
