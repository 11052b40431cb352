import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  FilePermission,
  FileSystemError,
  FileType,
  RelativePattern,
  Uri,
  commands,
  extensions,
  window,
  workspace,
} from "vscode";
import type { TestApi } from "../../src/vscode/extension.ts";

describe("the frozen /proc in VS Code", () => {
  let explorer: TestApi["checkpoint"];
  let scratch: string;
  let root: Uri;

  before(async () => {
    const extension = extensions.getExtension<TestApi>("cryoscope.cryoscope");
    assert(extension, "VS Code doesn't know the extension");
    explorer = (await extension.activate()).checkpoint;
    scratch = await mkdtemp(join(tmpdir(), "cryo-frozen-"));
    const sample = Uri.file(join(scratch, "sample.tar.gz"));
    await cp(join(extension.extensionPath, "media/sample/checkpoint.tar.gz"), sample.fsPath);
    root = await open(sample);
  });
  after(async () => {
    await commands.executeCommand("workbench.action.closeAllEditors");
    for (const { id } of explorer.openCheckpoints) await close(id);
    await rm(scratch, { recursive: true, force: true });
  });

  async function open(source: Uri): Promise<Uri> {
    assert(await explorer.open(source));
    const entry = explorer.openCheckpoints.find((each) => each.source.toString() === source.toString());
    assert(entry);
    return Uri.from({ scheme: "cryoscope", path: `/${entry.id}` });
  }

  async function close(id: string): Promise<void> {
    const entry = explorer.openCheckpoints.find((each) => each.id === id);
    if (entry) await commands.executeCommand("cryoscope.closeCheckpoint", { kind: "checkpoint", entry });
  }

  const at = (...path: readonly string[]): Uri => Uri.joinPath(root, ...path);
  const read = async (...path: readonly string[]): Promise<string> =>
    Buffer.from(await workspace.fs.readFile(at(...path))).toString();
  const names = async (...path: readonly string[]): Promise<readonly string[]> =>
    (await workspace.fs.readDirectory(at(...path))).map(([name]) => name);

  it("shows a checkpoint as folders for what is in it", async () => {
    const entries = new Map(await workspace.fs.readDirectory(root));
    for (const name of ["proc", "images", "rootfs-diff", "config", "archive"])
      assert.equal(entries.get(name), FileType.Directory, name);
    assert.ok((await names("images")).includes("pstree.img"));
    assert.ok((await names("config")).includes("spec.dump"));
    assert.ok((await names("archive")).includes("checkpoint"));
  });

  it("gives maps, status, environ and limits as the kernel writes them", async () => {
    assert.match(await read("proc/1/maps"), /^[0-9a-f]{8,}-[0-9a-f]{8,} r[w-][x-]p .*\[stack\]$/m);
    assert.match(await read("proc/1/status"), /^Name:\tsample\n(?:.*\n)*Pid:\t1\nPPid:\t0\n/);
    assert.match(await read("proc/1/environ"), /(?:^|\0)PATH=[^\0]+\0/);
    assert.match(await read("proc/1/limits"), /^Max open files {12}\d+/m);
  });

  it("tells the size of a file that is made, and when the dump was written", async () => {
    for (const name of ["maps", "status", "environ", "stat"]) {
      const stat = await workspace.fs.stat(at("proc/1", name));
      assert.equal(stat.type, FileType.File);
      assert.equal(stat.size, (await workspace.fs.readFile(at("proc/1", name))).length, name);
    }
    assert.ok((await workspace.fs.stat(at("proc/1/maps"))).mtime > Date.UTC(2020));
  });

  it("shows links as links that read as where they lead", async () => {
    const stat = await workspace.fs.stat(at("proc/1/exe"));
    assert.equal(stat.type, FileType.File | FileType.SymbolicLink);
    assert.match(await read("proc/1/exe"), /^\/\S+$/);
    assert.equal(await read("proc/1/cwd"), "/data");
  });

  it("opens a text of the frozen /proc in an editor that can't be written in", async () => {
    const document = await workspace.openTextDocument(at("proc/1/status"));
    const editor = await window.showTextDocument(document);
    assert.match(document.lineAt(0).text, /^Name:\tsample$/);
    await commands.executeCommand("type", { text: "x" });
    assert.equal(document.isDirty, false, "what was typed is refused");
    assert.equal(editor.document, document);
  });

  it("opens the archives inside of a checkpoint as folders", async () => {
    const found = await names("rootfs-diff");
    assert.ok(found.length > 0);
  });

  it("refuses to write, to delete and to rename", async () => {
    const target = at("proc/1/status");
    await assert.rejects(async () => workspace.fs.writeFile(target, new Uint8Array(1)), isRefused);
    await assert.rejects(async () => workspace.fs.delete(target), isRefused);
    await assert.rejects(async () => workspace.fs.rename(target, at("proc/1/other")), isRefused);
    await assert.rejects(async () => workspace.fs.createDirectory(at("new")), isRefused);
    assert.equal(workspace.fs.isWritableFileSystem("cryoscope"), false);
  });

  it("keeps the contract of a file system that can't be written in", async () => {
    for (const path of ["", "proc", "proc/1", "proc/1/status", "proc/1/exe", "images/pstree.img"]) {
      const stat = await workspace.fs.stat(at(path));
      assert.equal(stat.permissions, FilePermission.Readonly, path);
      assert.ok(Number.isInteger(stat.mtime) && stat.size >= 0, path);
    }
    // A folder is no file and a file no folder, in VS Code's own words.
    await assert.rejects(async () => workspace.fs.readFile(at("proc/1")), { code: "FileIsADirectory" });
    await assert.rejects(
      async () => workspace.fs.readDirectory(at("proc/1/status")),
      (error) => ["FileNotADirectory", "FileNotFound"].includes((error as FileSystemError).code),
    );
    // Whoever watches is told nothing, and nothing breaks: a checkpoint doesn't change.
    const watcher = workspace.createFileSystemWatcher(new RelativePattern(at("proc"), "**"));
    watcher.dispose();
    // Every name that a folder lists is there, with the kind that was said.
    for (const [name, type] of await workspace.fs.readDirectory(at("proc/1")))
      assert.equal((await workspace.fs.stat(at("proc/1", name))).type, type, name);
  });

  it("reads no file as a whole that is larger than memory should have to hold", async () => {
    const folder = await mkdtemp(join(scratch, "large-"));
    const images = join(folder, "images");
    await promisify(execFile)("tar", ["-xzf", join(scratch, "sample.tar.gz"), "-C", folder]);
    await cp(join(folder, "checkpoint"), images, { recursive: true });
    await rm(join(folder, "checkpoint"), { recursive: true });
    // Holes: 40 GiB that no disk has.
    await writeFile(join(images, "pages-4711.img"), "");
    await truncate(join(images, "pages-4711.img"), 40 * 2 ** 30);
    const other = await open(Uri.file(images));
    const file = Uri.joinPath(other, "images/pages-4711.img");
    assert.equal((await workspace.fs.stat(file)).size, 40 * 2 ** 30);
    await assert.rejects(async () => workspace.fs.readFile(file), /bytes|MiB/);
    await close(other.path.slice(1));
  });

  it("says of what isn't there that it isn't", async () => {
    for (const path of ["proc/4711", "proc/1/nothing", "images/../../x", "nothing"])
      await assert.rejects(async () => workspace.fs.stat(at(path)), isNotFound, path);
  });

  it("ends all access when the checkpoint is closed", async () => {
    const copy = Uri.file(join(scratch, "other.tar.gz"));
    await cp(join(scratch, "sample.tar.gz"), copy.fsPath);
    const other = await open(copy);
    const file = Uri.joinPath(other, "proc/1/status");
    assert.ok((await workspace.fs.readFile(file)).length > 0);
    await close(other.path.slice(1));
    for (const uri of [file, other, Uri.joinPath(other, "images/pstree.img")])
      await assert.rejects(async () => workspace.fs.stat(uri), isNotFound, uri.path);
    assert.ok((await workspace.fs.readFile(at("proc/1/status"))).length > 0, "others stay open");
  });

  it("finds its files, and opens the one that is chosen", async () => {
    await commands.executeCommand("workbench.action.closeAllEditors");
    const entry = explorer.openCheckpoints.find(({ id }) => root.path === `/${id}`);
    assert(entry);
    const found = commands.executeCommand("cryoscope.checkpoint.findFile", { kind: "checkpoint", entry });
    const opened = new Promise<string>((resolve) => {
      const subscription = window.onDidChangeActiveTextEditor((editor) => {
        if (editor?.document.uri.scheme !== "cryoscope") return;
        subscription.dispose();
        resolve(editor.document.uri.path);
      });
    });
    // The list is there once all files are known; until then accepting does nothing.
    const accept = setInterval(
      () => void commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem"),
      300,
    );
    try {
      assert.ok((await opened).startsWith(`${root.path}/`));
      await found;
    } finally {
      clearInterval(accept);
    }
  });

  it("still knows the URIs of older versions", async () => {
    const image = await workspace.fs.readFile(at("images/pstree.img"));
    assert.deepEqual(await workspace.fs.readFile(at("checkpoint/pstree.img")), image);
  });
});

// Errors of a provider arrive as FileSystemErrors with a code.
const isNotFound = (error: unknown): boolean =>
  error instanceof FileSystemError && error.code === "FileNotFound";
const isRefused = (error: unknown): boolean => error instanceof Error;
