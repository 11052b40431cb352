import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Uri } from "vscode";
import { bufferSource, openFileSource } from "../../../src/bytes/index.ts";
import type { Edit } from "../../../src/criu/index.ts";
import { backupText, isOfFile, readBackup } from "../../../src/vscode/image-editor/backup.ts";
import { ImageDocument } from "../../../src/vscode/image-editor/document.ts";
import { EditMarks } from "../../../src/vscode/image-editor/marks.ts";
import { stampOf } from "../../../src/vscode/image-editor/stamp.ts";
import { writeImage } from "../../../src/vscode/image-editor/write-image.ts";
import { flagsText, flagsValue, withBit } from "../../../webview/image/flag-bits.ts";
import { fixture } from "../fixtures.ts";

describe("an image that is edited", () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryo-edits-"));
    file = join(folder, "pstree.img");
    await writeFile(file, await readFile(join(await fixture("corpus/a-single"), "img/pstree.img")));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** A document of a file, and the labels of its edits. */
  function open(): { readonly document: ImageDocument; readonly labels: string[] } {
    // Only these parts of a URI are looked at.
    const uri = { scheme: "file", path: file, fsPath: file } as Uri;
    const labels: string[] = [];
    const resolve = async () => ({
      name: "pstree.img",
      source: await openFileSource(file),
      seal: undefined,
    });
    const document = new ImageDocument(uri, resolve, {
      changed: () => undefined,
      edited: (label) => labels.push(label),
      locked: () => undefined,
    });
    return { document, labels };
  }

  it("is shown read-only, and says why, when it is of a big-endian machine", async () => {
    const bytes = await readFile(file);
    // Both magics and the only size word.
    bytes.subarray(0, 12).swap32();
    await writeFile(file, bytes.subarray(0, 12 + bytes.readUInt32BE(8)));
    const { document } = open();
    const { edit, entryCount } = await document.handlers.open({});
    assert.equal(entryCount, 1);
    assert.match(edit.readOnly ?? "", /big-endian/);
    const row = await document.handlers.locate({ path: "entries[0].pgid" });
    assert.equal(row?.row.can, undefined);
    const request = { do: "set", path: "entries[0].pgid", text: "7" } as const;
    await assert.rejects(document.handlers.edit(request), { code: "imageEditor.readOnly" });
    document.dispose();
  });

  it("gives forms with the text to begin with, and refuses messages and what has no type", async () => {
    const { document } = open();
    const { form, check } = document.handlers;
    const { text, control } = await form({ path: "entries[0].pgid", isNew: false });
    assert.match(text, /^\d+$/);
    assert.deepEqual(control, { kind: "number", min: "0", max: "4294967295" });
    await assert.rejects(form({ path: "entries[0]", isNew: false }), { code: "imageEditor.noValue" });
    assert.equal(await check({ path: "entries[0].pgid", text: "0x10" }), "");
    assert.match(await check({ path: "entries[0].pgid", text: "ten" }), /no number/);
    document.dispose();
  });

  it("tells rows what can be done to them and how they differ", async () => {
    const { document, labels } = open();
    const { handlers } = document;
    const row = async (path: string) => (await handlers.locate({ path }))?.row;
    assert.deepEqual((await row("entries[0].pgid"))?.can, ["edit", "remove"]);
    assert.deepEqual((await row("entries[0].threads[0]"))?.can, ["edit", "remove", "duplicate"]);
    assert.deepEqual((await row("magic"))?.can, []);
    const old = (await row("entries[0].pgid"))?.value;
    await handlers.edit({ do: "set", path: "entries[0].pgid", text: "77777" });
    const now = await row("entries[0].pgid");
    assert.equal(now?.value, "77777");
    assert.deepEqual(now?.change, { kind: "changed", words: `entries[0].pgid was ${String(old)}` });
    assert.equal((await row("entries[0]"))?.change?.kind, "inside");
    assert.deepEqual(labels, ["Edit entries[0].pgid"]);
    // In the bytes, the value and nothing else.
    const { edited } = await handlers.bytes({ offset: 0, length: 4096 });
    assert.deepEqual(edited, [now?.valueSpan]);
    document.dispose();
  });

  it("gives after an edit the row to select", async () => {
    const { document } = open();
    const { edit } = document.handlers;
    const after = async (request: Parameters<typeof edit>[0]) => (await edit(request)).path;
    const last = (await document.tree()).image.entryCount;
    assert.equal(await after({ do: "duplicate", path: "entries[0]" }), "entries[1]");
    assert.equal(await after({ do: "add", path: "entries[0].threads", text: "9" }), "entries[0].threads[1]");
    assert.equal(await after({ do: "remove", path: "entries[0].threads[1]" }), "entries[0]");
    assert.equal(await after({ do: "add", path: "entries", text: "" }), `entries[${last + 1}]`);
    assert.equal(await after({ do: "remove", path: "entries[1]" }), "entries[0]");
    document.dispose();
  });

  it("is not undone by what was done before the file was read anew", async () => {
    const { document } = open();
    await document.handlers.edit({ do: "set", path: "entries[0].pgid", text: "5" });
    const { generation } = document;
    const other = await readFile(file);
    await rm(file);
    await writeFile(file, other);
    await document.revert();
    await document.handlers.edit({ do: "set", path: "entries[0].pgid", text: "6" });
    await document.undo(generation);
    assert.equal((await document.state()).log.edits.length, 1);
    document.dispose();
  });

  it("is not saved into a file that something else wrote to meanwhile", async () => {
    const { document } = open();
    await document.handlers.edit({ do: "set", path: "entries[0].pgid", text: "5" });
    const written = Buffer.concat([await readFile(file), Buffer.alloc(4)]);
    await writeFile(file, written);
    await assert.rejects(document.save(true), { code: "imageEditor.writtenMeanwhile" });
    assert.deepEqual(await readFile(file), written);
    document.dispose();
  });

  it("is written in one step, with the mode it had, and leaves nothing when that fails", async () => {
    await chmod(file, 0o604);
    const before = await readFile(file);
    await assert.rejects(writeImage(file, failing()), { code: "imageEditor.notWritten" });
    assert.deepEqual(await readFile(file), before);
    assert.deepEqual(await readdir(folder), ["pstree.img"]);
    await writeImage(file, whole("new"));
    assert.equal(await readFile(file, "utf8"), "new");
    assert.equal((await stat(file)).mode & 0o777, 0o604);
    const link = join(folder, "link.img");
    await symlink(file, link);
    await assert.rejects(writeImage(link, whole("x")), { code: "imageEditor.isLink" });
    await assert.rejects(writeImage(folder, whole("x")), { code: "imageEditor.notAFile" });
  });

  it("is the one whose unsaved edits were kept", async () => {
    const edits: readonly Edit[] = [
      { kind: "set", path: "entries[0].a", value: 18446744073709551615n },
      { kind: "set", path: "entries[0].b", value: new Uint8Array([0, 255]) },
      { kind: "add", path: "entries" },
      { kind: "remove", path: "entries[1]" },
      { kind: "duplicate", path: "entries[0]" },
    ];
    const stamp = await stampOf(file);
    const backup = readBackup(backupText(stamp, edits));
    assert.deepEqual(backup?.edits, edits);
    assert.ok(backup && isOfFile(backup, stamp));
    for (const text of [
      "",
      "{}",
      '{"version":1,"size":"1","mtimeNs":"1","edits":[{"kind":"set","path":"a"}]}',
    ])
      assert.equal(readBackup(text), undefined);
  });
});

describe("marks of changes", () => {
  it("are cut to the bytes that are asked for", () => {
    const marks = new EditMarks([
      { kind: "added", path: "entries[1]", span: { start: 10, end: 30 } },
      { kind: "added", path: "entries[3].x[2].y", span: { start: 50, end: 51 } },
    ]);
    assert.deepEqual(marks.within({ start: 20, end: 51 }), [
      { start: 20, end: 30 },
      { start: 50, end: 51 },
    ]);
    const above = ["entries[3].x[2]", "entries[3].x", "entries[3]"].map((path) => marks.of(path)?.kind);
    assert.deepEqual(above, ["inside", "inside", "inside"]);
    assert.equal(marks.of("entries[3].x[1]"), undefined);
  });
});

describe("flags that are ticked", () => {
  const bits = [
    { name: "A", mask: "1" },
    { name: "B", mask: "6" },
  ];

  it("are names and numbers, and keep the bits that have no name", () => {
    assert.equal(flagsValue("A | 0x10", bits), 17n);
    assert.equal(flagsText(17n, bits), "A | 0x10");
    assert.equal(flagsText(withBit(17n, { name: "B", mask: "6" }, true), bits), "A | B | 0x10");
    assert.equal(flagsText(withBit(23n, { name: "A", mask: "1" }, false), bits), "B | 0x10");
    assert.equal(flagsText(0n, bits), "0x0");
    assert.equal(flagsValue("C", bits), undefined);
  });
});

async function* whole(text: string): AsyncGenerator<Uint8Array> {
  const source = bufferSource(Buffer.from(text));
  yield await source.read(0, source.size);
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield* whole("part");
  throw new Error("no space left");
}
