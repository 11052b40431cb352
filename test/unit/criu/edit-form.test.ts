import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { bufferSource } from "../../../src/bytes/index.ts";
import {
  addableFields,
  criuSchema,
  editImage,
  fieldForm,
  fieldText,
  imageTypeByName,
  looksLikeImage,
  openImage,
  parseFieldText,
  showField,
} from "../../../src/criu/index.ts";
import type { Change, Edit, FieldSchema, Image, MessageNode } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";

describe("the form of a field", () => {
  it("begins with a text that is read back as the value it is, for every field of every message", async () => {
    let compared = 0;
    const seen = new Set<FieldSchema>();
    for (const image of await images("crit/every-message", "corpus/a-single"))
      for await (const { message } of image.entries())
        for (const [field, value] of scalars(message)) {
          const text = fieldText(field, value);
          const read = parseFieldText(field, text);
          if (value instanceof Uint8Array)
            assert.deepEqual(Buffer.from(read as Uint8Array), Buffer.from(value));
          else assert.equal(String(read), String(value), `${field.name}: ${text}`);
          seen.add(field);
          compared++;
        }
    assert.ok(compared > 1000 && seen.size > 300, `${compared} values of ${seen.size} fields`);
  });

  const TEXTS: readonly (readonly [field: string, value: bigint | Uint8Array | boolean, text: string])[] = [
    ["core_entry.mtype", 1n, "X86_64"],
    ["core_entry.mtype", 77n, "77"],
    ["vma_entry.prot", 5n, "PROT_READ | PROT_EXEC"],
    ["vma_entry.prot", 0n, "0x0"],
    ["vma_entry.prot", 0x105n, "PROT_READ | PROT_EXEC | 0x100"],
    ["vma_entry.start", 0x7fff0000n, "0x7fff0000"],
    ["mnt_entry.root_dev", (8n << 20n) | 1n, "8:1"],
    ["pstree_entry.pid", 7n, "7"],
    ["sk_opts_entry.so_passcred", true, "true"],
    ["unix_sk_entry.name", Buffer.from("\0abstract"), String.raw`"\u0000abstract"`],
    ["unix_sk_entry.name", Buffer.from([0xff, 1]), "ff 01"],
  ];
  for (const [name, value, text] of TEXTS)
    it(`shows ${name} ${text} as it is typed`, () => {
      assert.equal(fieldText(fieldNamed(name), value), text);
    });

  it("offers the names of enums and the bits of flags", () => {
    const machine = fieldForm(fieldNamed("core_entry.mtype"));
    assert.ok(machine.kind === "choice");
    assert.deepEqual(
      machine.choices.find(({ name }) => name === "AARCH64"),
      { name: "AARCH64", value: "3" },
    );
    const rights = fieldForm(fieldNamed("vma_entry.prot"));
    assert.ok(rights.kind === "flags");
    assert.deepEqual(rights.bits.slice(0, 3), [
      { name: "PROT_READ", mask: "1" },
      { name: "PROT_WRITE", mask: "2" },
      { name: "PROT_EXEC", mask: "4" },
    ]);
    assert.deepEqual(fieldForm(fieldNamed("pstree_entry.pid")), {
      kind: "number",
      min: "0",
      max: "4294967295",
    });
  });

  it("offers for adding what a message lacks, and its lists", async () => {
    const [image] = await images("corpus/a-single", /^pstree/);
    const { message } = (await image?.entry(0)) ?? {};
    assert.ok(message);
    // crit's JSON of it has pid, ppid, pgid, sid and threads.
    assert.deepEqual(
      addableFields(message).map(({ name }) => name),
      ["threads"],
    );
  });
});

describe("the changes of an edited image", () => {
  const CASES: readonly {
    readonly what: string;
    readonly edits: readonly Edit[];
    readonly changes: readonly string[];
  }[] = [
    {
      what: "a value, with the old one",
      edits: [{ kind: "set", path: "entries[0].fd", value: 77n }],
      changes: ["changed entries[0].fd 0"],
    },
    {
      what: "nothing where the value is the same",
      edits: [{ kind: "set", path: "entries[0].fd", value: 0n }],
      changes: [],
    },
    {
      what: "an entry that is gone, and a value behind it",
      edits: [
        { kind: "remove", path: "entries[0]" },
        { kind: "set", path: "entries[1].flags", value: 1n },
      ],
      changes: ["removed  entry 0", "changed entries[1].flags 0"],
    },
    {
      what: "a copy of an entry, and one that is empty",
      edits: [
        { kind: "duplicate", path: "entries[1]" },
        { kind: "add", path: "entries" },
        { kind: "set", path: "entries[3].fd", value: 9n },
      ],
      changes: ["added entries[2]", "changed entries[3].fd 2", "added entries[4]"],
    },
    {
      what: "a field that is gone",
      edits: [{ kind: "remove", path: "entries[2].type" }],
      changes: ["removed entries[2] type REG (1)"],
    },
  ];
  for (const { what, edits, changes } of CASES)
    it(`tell ${what}`, async () => {
      const [image] = await images("corpus/a-single", /^fdinfo/);
      assert.ok(image);
      assert.deepEqual((await editImage(image, edits)).changes.map(words), changes);
    });

  it("tell the one element of a list that was removed or copied, not those that moved", async () => {
    const [image] = await images("corpus/b-threads50", /^pstree/);
    assert.ok(image);
    const removed = await editImage(image, [{ kind: "remove", path: "entries[0].threads[7]" }]);
    assert.deepEqual(
      removed.changes.map(({ kind, path }) => [kind, path]),
      [["removed", "entries[0]"]],
    );
    const copied = await editImage(image, [{ kind: "duplicate", path: "entries[0].threads[7]" }]);
    assert.deepEqual(
      copied.changes.map(({ kind, path }) => [kind, path]),
      [["added", "entries[0].threads[8]"]],
    );
  });
});

describe("copies of entries", () => {
  it("are as crit encodes them, payloads and all", async () => {
    const folder = await fixture("corpus/c-pipes");
    const name = (await readdir(join(folder, "img"))).find((file) => /^pipes-data/.test(file)) ?? "";
    const bytes = await readFile(join(folder, "img", name));
    const image = await openImage(name, bufferSource(bytes));
    const { start, end } = image.entrySpan(0);
    const edited = await editImage(image, [{ kind: "duplicate", path: "entries[0]" }]);
    const expected = Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
    assert.deepEqual(Buffer.from(await edited.source.read(0, edited.source.size)), expected);
    assert.deepEqual(edited.problems, []);
  });

  it("are refused of the head of a pagemap and of a ghost file", async () => {
    const [pagemap] = await images("corpus/a-single", /^pagemap-\d/);
    assert.ok(pagemap);
    await assert.rejects(editImage(pagemap, [{ kind: "duplicate", path: "entries[0]" }]), {
      code: "edit.notEditable",
    });
    const [ghost] = await images("corpus/c-ghost", /^ghost/);
    assert.ok(ghost);
    await assert.rejects(editImage(ghost, [{ kind: "add", path: "entries" }]), { code: "edit.notEditable" });
  });

  it("change one of 100,000 entries without decoding the others", async () => {
    const entry = Buffer.from([7, 0, 0, 0, 0x08, 0x80, 0x20, 0x10, 1, 0x20, 4]);
    const head = Buffer.from([0x19, 0x43, 0x56, 0x54, 0x25, 0x40, 0x08, 0x56, 2, 0, 0, 0, 8, 1]);
    const file = Buffer.concat([head, ...Array.from({ length: 100_000 }, () => entry)]);
    let read = 0;
    const source = bufferSource(file);
    const counting = {
      size: source.size,
      read: (at: number, length: number) => {
        read += length;
        return source.read(at, length);
      },
    };
    const image = await openImage("pagemap-1.img", counting);
    read = 0;
    const { image: edited, changes } = await editImage(image, [
      { kind: "set", path: "entries[70000].vaddr", value: 1n },
      { kind: "duplicate", path: "entries[80000]" },
    ]);
    assert.equal(edited.entryCount, 100_002);
    assert.equal(changes.length, 2);
    // One pass over the size words, which lie in every part of the file.
    assert.ok(read < file.length * 2, `${read} bytes of ${file.length} were read`);
  });
});

function words(change: Change): string {
  if (change.kind === "added") return `added ${change.path}`;
  const { kind, path, old } = change;
  if (old.kind === "entry") return `${kind} ${path} entry ${old.index}`;
  if (old.kind === "payload") return `${kind} ${path}`;
  const value = showField(old.field, 60, old.parent);
  return kind === "removed" ? `removed ${path} ${old.field.name} ${value}` : `${kind} ${path} ${value}`;
}

type Scalar = Parameters<typeof fieldText>[1];

function* scalars({ fields }: MessageNode): Generator<[FieldSchema, Scalar]> {
  for (const { value, schema } of fields)
    if (typeof value === "object" && "kind" in value) yield* scalars(value);
    else if (schema) yield [schema, value];
}

async function images(...archives: (string | RegExp)[]): Promise<Image[]> {
  const pattern = archives.find((each) => each instanceof RegExp) ?? /./;
  const found: Image[] = [];
  for (const archive of archives.filter((each) => typeof each === "string")) {
    const root = await fixture(archive);
    const files = (await readdir(root, { recursive: true })).toSorted();
    for (const file of files) {
      const name = file.slice(file.lastIndexOf("/") + 1);
      if (!looksLikeImage(name) || !imageTypeByName(name)?.message || !pattern.test(name)) continue;
      found.push(await openImage(name, bufferSource(await readFile(join(root, file)))));
    }
  }
  return found;
}

function fieldNamed(path: string): FieldSchema {
  const [message = "", name] = path.split(".");
  const field = criuSchema.messages[message]?.fields.find((candidate) => candidate.name === name);
  assert.ok(field, path);
  return field;
}
