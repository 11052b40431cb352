import assert from "node:assert/strict";
import { chmodSync, copyFileSync, cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as vscode from "vscode";
import { CancellationTokenSource, commands, Uri, window } from "vscode";
import { openFileSource } from "../../src/bytes/index.ts";
import { editImage, encodeImage, openImage } from "../../src/criu/index.ts";
import type { Edit } from "../../src/criu/index.ts";
import type { ImageEditorHandle } from "../../src/vscode/image-editor/index.ts";
import { closeAll, edit, editState, Images, select, until } from "./image-support.ts";

const COMM = "entries[0].tc.comm";

describe("editing in the image editor", () => {
  let images: Images;
  const restores: (() => void)[] = [];

  before(async () => {
    images = await Images.unpack("a-single");
  });

  afterEach(async () => {
    for (const restore of restores.splice(0)) restore();
    await commands.executeCommand("workbench.action.files.revert");
    await closeAll();
  });

  after(() => {
    images.remove();
  });

  /** A copy of an image to work on. */
  function copy(pattern: RegExp, name: string): string {
    const file = join(images.folder, name);
    copyFileSync(images.file(pattern), file);
    return file;
  }

  /** Puts another function in the place of one of `vscode.window` for a test: a person's answer to a dialog. */
  function answer<K extends "showWarningMessage" | "showSaveDialog" | "showQuickPick">(
    name: K,
    reply: (...asked: unknown[]) => unknown,
  ): void {
    const own = window[name];
    const replaced = window as unknown as Record<K, unknown>;
    replaced[name] = (...asked: unknown[]) => Promise.resolve(reply(...asked));
    restores.push(() => {
      replaced[name] = own;
    });
  }

  const tab = (): vscode.Tab | undefined => window.tabGroups.activeTabGroup.activeTab;

  async function dirty(is: boolean): Promise<void> {
    await until(() => tab()?.isDirty === is || undefined, `the tab ${is ? "isn't" : "is"} dirty`);
  }

  const valueOf = async (editor: ImageEditorHandle, path: string): Promise<unknown> => {
    const found = await (await editor.tree()).find(path);
    return found?.node.kind === "field" ? found.node.field.value : undefined;
  };

  async function value(editor: ImageEditorHandle, path: string, wanted: unknown): Promise<void> {
    await until(async () => (await valueOf(editor, path)) === wanted || undefined, `${path} isn't it`);
  }

  /** What the edit model makes of a file. */
  async function edited(file: string, ...edits: Edit[]): Promise<Buffer> {
    const source = await openFileSource(file);
    const { source: made } = await editImage(await openImage(basename(file), source), edits);
    const bytes = Buffer.from(await made.read(0, made.size));
    await source.close?.();
    return bytes;
  }

  /** Backs up what an editor has not saved, and opens its image from that, as the next start of VS Code does. */
  async function closedAndOpened({ uri, document }: ImageEditorHandle) {
    const { provider } = images.api.imageEditor;
    const { token } = new CancellationTokenSource();
    const destination = Uri.file(join(images.folder, "kept", basename(uri.path)));
    const kept = await provider.backupCustomDocument(document, { destination }, token);
    const context = { backupId: kept.id, untitledDocumentData: undefined };
    return [kept, await provider.openCustomDocument(uri, context, token)] as const;
  }

  it("is undone, redone and saved as the edit model says, and as crit encodes it", async () => {
    const file = copy(/^core-/, "core-70.img");
    chmodSync(file, 0o640);
    const before = readFileSync(file);
    const old = images.crit<{ tc: { comm: string } }>(basename(images.file(/^core-/)))[0]?.tc.comm;
    const expected = await edited(file, { kind: "set", path: COMM, value: "thawed" });
    const editor = await images.open(file);
    assert.equal(tab()?.isDirty, false);
    assert.equal(await edit(editor, { do: "set", path: COMM, text: "thawed" }), COMM);
    await dirty(true);
    await value(editor, COMM, "thawed");
    assert.deepEqual((await editState(editor)).changes, [`${COMM} was ${JSON.stringify(old)}`]);

    await commands.executeCommand("undo");
    await value(editor, COMM, old);
    await dirty(false);
    await commands.executeCommand("redo");
    await value(editor, COMM, "thawed");
    await dirty(true);
    assert.deepEqual(readFileSync(file), before);

    await commands.executeCommand("workbench.action.files.save");
    await dirty(false);
    const saved = readFileSync(file);
    assert.deepEqual(saved, expected);
    const json = readFileSync(join(images.folder, "crit", `${basename(images.file(/^core-/))}.json`), "utf8");
    const encoded = encodeImage(json.replace(/"comm": "[^"]*"/, '"comm": "thawed"'));
    assert.deepEqual(saved, Buffer.concat([...encoded]));
    assert.equal(statSync(file).mode & 0o777, 0o640);
    assert.deepEqual(
      readdirSync(dirname(file)).filter((name) => name.endsWith(".tmp")),
      [],
    );

    // What was saved can still be undone.
    await commands.executeCommand("undo");
    await value(editor, COMM, old);
    await dirty(true);
    await commands.executeCommand("workbench.action.files.save");
    await dirty(false);
    assert.deepEqual(readFileSync(file), before);
  });

  it("changes one entry of many and leaves all other bytes", async () => {
    const file = copy(/^fdinfo-/, "fdinfo-70.img");
    const before = readFileSync(file);
    const editor = await images.open(file);
    const { start, end } = (await editor.tree()).image.entrySpan(1);
    await edit(editor, { do: "set", path: "entries[1].fd", text: "0x11" });
    await commands.executeCommand("workbench.action.files.save");
    await dirty(false);
    const saved = readFileSync(file);
    assert.equal(saved.length, before.length);
    assert.deepEqual(saved.subarray(0, start), before.subarray(0, start));
    assert.deepEqual(saved.subarray(end), before.subarray(end));
    const again = await openImage(basename(file), await openFileSource(file));
    assert.equal((await again.entry(1)).message.fields.find(({ name }) => name === "fd")?.value, 17);
    await again.source.close?.();
  });

  it("adds, copies and removes entries and fields", async () => {
    const file = copy(/^fdinfo-/, "fdinfo-71.img");
    const editor = await images.open(file);
    const count = (await editor.tree()).image.entryCount;
    await select(editor, "entries[0]");
    await commands.executeCommand("cryoscope.image.duplicateField");
    await until(() => editor.selection()?.path === "entries[1]" || undefined, "the copy isn't selected");
    assert.equal((await editor.tree()).image.entryCount, count + 1);
    await commands.executeCommand("cryoscope.image.removeField", { path: "entries[0]" });
    assert.equal((await editor.tree()).image.entryCount, count);
    // An optional field of fdinfo_entry that CRIU leaves out.
    await edit(editor, { do: "add", path: "entries[0].xattr_security_selinux", text: "label" });
    await value(editor, "entries[0].xattr_security_selinux", "label");
    await commands.executeCommand("cryoscope.image.removeField", {
      path: "entries[0].xattr_security_selinux",
    });
    await value(editor, "entries[0].xattr_security_selinux", undefined);
    answer("showQuickPick", (items) =>
      (items as readonly { label: string }[]).find(({ label }) => label === "New entry"),
    );
    await commands.executeCommand("cryoscope.image.addField");
    await until(async () => (await editor.tree()).image.entryCount === count + 1 || undefined, "no entry");
  });

  it("is reverted to what is in the file", async () => {
    const file = copy(/^core-/, "core-71.img");
    const before = readFileSync(file);
    const editor = await images.open(file);
    const old = await valueOf(editor, COMM);
    await edit(editor, { do: "set", path: COMM, text: "one" });
    await commands.executeCommand("workbench.action.files.save");
    await dirty(false);
    await edit(editor, { do: "set", path: COMM, text: "two" });
    await dirty(true);
    await commands.executeCommand("workbench.action.files.revert");
    await dirty(false);
    await value(editor, COMM, "one");
    assert.notEqual(old, "one");
    assert.notDeepEqual(readFileSync(file), before);
  });

  it("says what CRIU would refuse, and saves it when that is wanted", async () => {
    const file = copy(/^pstree/, "pstree.img");
    const before = readFileSync(file);
    const editor = await images.open(file);
    await edit(editor, { do: "remove", path: "entries[0].pgid" });
    assert.deepEqual(
      (await editState(editor)).problems.map(({ code }) => code),
      ["edit.missingField"],
    );
    const asked: unknown[] = [];
    let choice: string | undefined = undefined;
    answer("showWarningMessage", (...question) => {
      asked.push(question[1]);
      return choice;
    });
    await commands.executeCommand("workbench.action.files.save");
    await until(() => asked.length === 1 || undefined, "nobody asked");
    assert.deepEqual(readFileSync(file), before);
    choice = "Save Anyway";
    await commands.executeCommand("workbench.action.files.save");
    await dirty(false);
    assert.match(JSON.stringify(asked[1]), /entries\[0\]\.pgid is missing/);
    assert.ok(readFileSync(file).length < before.length);
  });

  it("explains what can't be a value, and what can't be edited", async () => {
    const editor = await images.open(copy(/^core-/, "core-72.img"));
    await assert.rejects(edit(editor, { do: "set", path: "entries[0].mtype", text: "Z80" }), {
      code: "edit.badValue",
    });
    await assert.rejects(edit(editor, { do: "set", path: "entries[0].tc", text: "1" }), {
      code: "edit.notEditable",
    });
    assert.equal(tab()?.isDirty, false);
  });

  it("is kept while VS Code is closed, and goes on from there", async () => {
    const file = copy(/^core-/, "core-73.img");
    const editor = await images.open(file);
    await edit(editor, { do: "set", path: COMM, text: "kept" });
    await edit(editor, { do: "set", path: "entries[0].tc.exit_code", text: "7" });
    const [kept, other] = await closedAndOpened(editor);
    const { tree, log } = await other.state();
    assert.equal(log.edits.length, 2);
    assert.deepEqual(tree.marks.count, 2);
    assert.ok(await other.isDirty());
    const found = await tree.find(COMM);
    assert.equal(found?.node.kind === "field" && found.node.field.value, "kept");
    other.dispose();
    kept.delete();
  });

  it("is kept as a whole image when saved edits were undone", async () => {
    const file = copy(/^core-/, "core-74.img");
    const before = readFileSync(file);
    const editor = await images.open(file);
    await edit(editor, { do: "set", path: COMM, text: "saved" });
    await commands.executeCommand("workbench.action.files.save");
    await dirty(false);
    await commands.executeCommand("undo");
    await dirty(true);
    const [kept, other] = await closedAndOpened(editor);
    const { image } = await other.tree();
    assert.deepEqual(Buffer.from(await image.source.read(0, image.source.size)), before);
    assert.ok(await other.isDirty());
    other.dispose();
    kept.delete();
  });

  it("shows a file that changed on disk, and doesn't write over it unasked", async () => {
    const file = copy(/^core-/, "core-75.img");
    const editor = await images.open(file);
    // Nothing was edited: the new file is shown.
    writeFileSync(file, await edited(file, { kind: "set", path: COMM, value: "elsewhere" }));
    await value(editor, COMM, "elsewhere");
    await edit(editor, { do: "set", path: COMM, text: "here" });
    writeFileSync(file, await edited(file, { kind: "set", path: COMM, value: "again" }));
    await until(async () => (await editState(editor)).stale, "it isn't said");
    const now = readFileSync(file);
    await commands.executeCommand("workbench.action.files.save");
    await until(() => tab()?.isDirty || undefined, "it was saved");
    assert.deepEqual(readFileSync(file), now);
    await commands.executeCommand("workbench.action.files.revert");
    await value(editor, COMM, "again");
  });

  it("is refused of evidence inside a checkpoint, of which a copy can be edited", async () => {
    cpSync(join(images.extension, "media/sample/checkpoint.tar.gz"), join(images.folder, "sample.tar.gz"));
    const source = Uri.file(join(images.folder, "sample.tar.gz"));
    const uri = await images.api.checkpoint.imageUri(source, "pstree.img");
    assert.ok(uri);
    try {
      const editor = await images.open(uri);
      assert.match((await editState(editor)).readOnly ?? "", /evidence/);
      await assert.rejects(edit(editor, { do: "set", path: "entries[0].pid", text: "1" }), {
        code: "imageEditor.readOnly",
      });
      const target = Uri.file(join(images.folder, "copy-of-pstree.img"));
      answer("showSaveDialog", () => target);
      await commands.executeCommand("cryoscope.image.editCopy");
      const opened = await images.shown(target);
      assert.deepEqual(readFileSync(target.fsPath), Buffer.from(await vscode.workspace.fs.readFile(uri)));
      assert.equal((await editState(opened)).readOnly, undefined);
    } finally {
      await closeAll();
      const [row] = (await images.api.checkpoint.view.getChildren()) ?? [];
      await commands.executeCommand("cryoscope.closeCheckpoint", row);
    }
  });

  it("is refused of raw images, with the reason", async () => {
    const pages = join(images.folder, "pages-9.img");
    writeFileSync(pages, Buffer.alloc(4096));
    const editor = await images.open(pages);
    assert.match((await editState(editor)).readOnly ?? "", /entries/);
  });

  it("of one of 100,000 entries is quick, and so is undoing it", async () => {
    const entry = Buffer.from([7, 0, 0, 0, 0x08, 0x80, 0x20, 0x10, 1, 0x20, 4]);
    const head = Buffer.from([0x19, 0x43, 0x56, 0x54, 0x25, 0x40, 0x08, 0x56, 2, 0, 0, 0, 8, 1]);
    const file = join(images.folder, "pagemap-70.img");
    writeFileSync(file, Buffer.concat([head, ...Array.from({ length: 100_000 }, () => entry)]));
    const editor = await images.open(file);
    const started = performance.now();
    await edit(editor, { do: "set", path: "entries[90000].vaddr", text: "0x5000" });
    const took = performance.now() - started;
    await value(editor, "entries[90000].vaddr", 0x5000n);
    await dirty(true);
    await commands.executeCommand("undo");
    await value(editor, "entries[90000].vaddr", 0x1000n);
    // Some tens of milliseconds; a busy machine is given more.
    assert.ok(took < 3000, `${took} ms`);
    console.log(`      an edit of one of 100,000 entries took ${took.toFixed(0)} ms`);
  });

  it("is saved under another name, and leaves the first file", async () => {
    const file = copy(/^core-/, "core-76.img");
    const before = readFileSync(file);
    const target = join(images.folder, "core-77.img");
    const expected = await edited(file, { kind: "set", path: COMM, value: "other" });
    const editor = await images.open(file);
    await edit(editor, { do: "set", path: COMM, text: "other" });
    // The command would ask for the name in a dialog of VS Code's own.
    const { provider } = images.api.imageEditor;
    await provider.saveCustomDocumentAs(
      editor.document,
      Uri.file(target),
      new CancellationTokenSource().token,
    );
    assert.deepEqual(readFileSync(target), expected);
    assert.deepEqual(readFileSync(file), before);
  });
});
