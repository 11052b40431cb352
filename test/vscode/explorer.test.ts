import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { FileType, TabInputCustom, Uri, commands, extensions, window, workspace } from "vscode";
import type { TreeItem } from "vscode";
import type { TestApi } from "../../src/vscode/extension.ts";

type Explorer = TestApi["checkpoint"];
type Row = Parameters<Explorer["view"]["getTreeItem"]>[0];

describe("the checkpoint explorer", () => {
  let explorer: Explorer;
  let project: string;
  let scratch: string;
  let sample: Uri;

  before(async () => {
    const extension = extensions.getExtension<TestApi>("cryoscope.cryoscope");
    assert(extension, "VS Code doesn't know the extension");
    explorer = (await extension.activate()).checkpoint;
    project = extension.extensionPath;
    scratch = await mkdtemp(join(tmpdir(), "cryo-explorer-"));
    sample = Uri.file(join(scratch, "sample.tar.gz"));
    await cp(join(project, "media/sample/checkpoint.tar.gz"), sample.fsPath);
  });
  after(async () => {
    await closeAll();
    await rm(scratch, { recursive: true, force: true });
  });
  beforeEach(closeAll);

  async function closeAll(): Promise<void> {
    await commands.executeCommand("workbench.action.closeAllEditors");
    for (const row of await children()) await commands.executeCommand("cryoscope.closeCheckpoint", row);
  }

  /** A fixture of the unit tests, unpacked; the folder inside it. */
  async function unpack(name: string): Promise<string> {
    const folder = await mkdtemp(join(scratch, "fixture-"));
    const archive = join(project, "test/fixtures", `${name}.tar.gz`);
    await promisify(execFile)("tar", ["-xzf", archive, "-C", folder]);
    return join(folder, name.slice(name.lastIndexOf("/") + 1));
  }

  async function children(row?: Row): Promise<readonly Row[]> {
    return (await explorer.view.getChildren(row)) ?? [];
  }

  async function labels(row?: Row): Promise<readonly string[]> {
    const items = await Promise.all((await children(row)).map((child) => explorer.view.getTreeItem(child)));
    return items.map(labelOf);
  }

  /** The row reached by labels from the top; a label fits when it begins so. */
  async function find(...path: readonly string[]): Promise<Row> {
    let found: Row | undefined;
    for (const wanted of path) {
      const rows = await children(found);
      const all = await labels(found);
      found = rows[all.findIndex((label) => label.startsWith(wanted))];
      assert(found, `no "${wanted}" among ${all.join(", ")}`);
    }
    assert(found);
    return found;
  }

  it("shows the processes of the sample as the tree that its program made", async () => {
    const checkpoint = await explorer.open(sample);
    assert.equal(checkpoint?.engine.id, "podman");
    const [top] = await children();
    assert(top);
    const sections = await labels(top);
    assert.equal(sections[0], "Processes");
    assert.deepEqual(sections.slice(-4), ["Mounts", "Images", "Files", "Problems"]);
    const [init] = await children(await find(await onlyLabel(), "Processes"));
    assert(init);
    // The sample's README: pid 1 has two more threads and two children.
    const parts = await labels(init);
    assert.deepEqual(parts.slice(0, -2), ["Threads", "Open Files", "Memory Map", "Environment", "Details"]);
    assert.deepEqual(
      parts.slice(-2).map((label) => label.replace(/^\d+ /, "")),
      ["reader", "sleeper"],
    );
    const threads = await labels(await find(await onlyLabel(), "Processes", "1 sample", "Threads"));
    assert.deepEqual(threads.map((label) => label.replace(/^\d+ /, "")).toSorted(), [
      "clock",
      "keeper",
      "sample",
    ]);
  });

  async function onlyLabel(): Promise<string> {
    const all = await labels();
    assert.equal(all.length, 1);
    return all[0] ?? "";
  }

  it("shows a checkpoint of gVisor's as what it is, and opens its state as bytes", async () => {
    const folder = await unpack("archive/gvisor");
    const checkpoint = await explorer.open(Uri.file(folder));
    assert.equal(checkpoint?.engine.label, "gVisor");
    const top = await onlyLabel();
    assert.deepEqual(await labels(await find(top)), [
      "gVisor froze this: no processes can be shown",
      "Snapshot",
      "Container",
      "Snapshot Files",
      "Files",
    ]);
    const facts = await labels(await find(top, "Snapshot"));
    assert.ok(facts.includes("Format") && facts.includes("Written"), facts.join(", "));
    const item = await explorer.view.getTreeItem(await find(top, "Snapshot Files", "checkpoint.img"));
    assert(item.command);
    await commands.executeCommand(item.command.command, ...(item.command.arguments ?? []));
    const { input } = window.tabGroups.activeTabGroup.activeTab ?? {};
    assert(input instanceof TabInputCustom);
    const image = await explorer.resolveImage(input.uri);
    assert.equal(Buffer.from(await image.source.read(0, 8)).toString("latin1"), "gVisorSF");
    await image.source.close?.();
  });

  it("opens an image of the archive in the image editor", async () => {
    await explorer.open(sample);
    const item = await explorer.view.getTreeItem(await find(await onlyLabel(), "Images", "pstree.img"));
    assert(item.command);
    await commands.executeCommand(item.command.command, ...(item.command.arguments ?? []));
    const { input } = window.tabGroups.activeTabGroup.activeTab ?? {};
    assert(input instanceof TabInputCustom);
    assert.equal(input.viewType, "cryoscope.image");
    assert.equal(input.uri.scheme, "cryoscope");
    const image = await explorer.resolveImage(input.uri);
    assert.equal(image.name, "pstree.img");
    // The common magic and that of pstree, as magic.h has them.
    assert.deepEqual([...(await image.source.read(0, 8))], [0x19, 0x43, 0x56, 0x54, 0x30, 0x30, 0x27, 0x50]);
    await image.source.close?.();
  });

  it("opens the core image of a process from its row", async () => {
    await explorer.open(sample);
    await commands.executeCommand(
      "cryoscope.openCoreImage",
      await find(await onlyLabel(), "Processes", "1 sample"),
    );
    const { input } = window.tabGroups.activeTabGroup.activeTab ?? {};
    assert(input instanceof TabInputCustom);
    assert.ok(input.uri.path.endsWith("/core-1.img"), input.uri.path);
  });

  it("serves the files of a checkpoint to any editor, and lets none of them write", async () => {
    await explorer.open(sample);
    const [entry] = explorer.openCheckpoints;
    assert(entry);
    const root = Uri.from({ scheme: "cryoscope", path: `/${entry.id}` });
    const names = (await workspace.fs.readDirectory(Uri.joinPath(root, "archive"))).map(([name]) => name);
    assert.ok(names.includes("config.dump"), names.join(", "));
    const document = await workspace.openTextDocument(Uri.joinPath(root, "spec.dump"));
    assert.match(document.getText(), /"io.container.manager":\s*"libpod"/);
    assert.equal((await workspace.fs.stat(Uri.joinPath(root, "checkpoint"))).type, FileType.Directory);
    await assert.rejects(
      Promise.resolve(workspace.fs.writeFile(Uri.joinPath(root, "spec.dump"), new Uint8Array(1))),
    );
    await assert.rejects(Promise.resolve(workspace.fs.readFile(Uri.joinPath(root, "../../etc/passwd"))));
    await assert.rejects(Promise.resolve(workspace.fs.readFile(Uri.joinPath(root, "nothing"))));
  });

  it("shows the rest of a checkpoint with a broken image, and the problem", async () => {
    const folder = join(await unpack("corpus/a-single"), "img");
    await truncate(join(folder, "files.img"), 20);
    await explorer.open(Uri.file(folder));
    const processes = await labels(await find("img", "Processes"));
    assert.equal(processes.length, 1);
    const files = await children(await find("img", "Processes", processes[0] ?? "", "Open Files"));
    assert.ok(files.some((row) => row.kind === "openFile"));
    assert.ok(files.some((row) => row.kind === "problem"));
  });

  it("finds what is wrong with images that nothing else has read", async () => {
    const folder = join(await unpack("corpus/a-single"), "img");
    await explorer.open(Uri.file(folder));
    assert.deepEqual(await labels(await find("img", "Problems")), ["Every image can be read"]);
    await closeAll();
    await truncate(join(folder, "seccomp.img"), 3);
    await explorer.open(Uri.file(folder));
    const problem = await explorer.view.getTreeItem(await find("img", "Problems", "seccomp.img"));
    assert.equal(problem.command?.command, "vscode.openWith");
  });

  it("says what to choose for a folder without images, and keeps no row of it", async () => {
    const empty = join(scratch, "empty");
    await mkdir(empty);
    await assert.rejects(explorer.open(Uri.file(empty)), { code: "checkpoint.noImages" });
    assert.deepEqual(await labels(), []);
  });

  it("opens a sealed checkpoint with a key of the key ring", async () => {
    const enc = join(await unpack("sealed/simple-enc"), "enc");
    const key = Uri.file(join(await unpack("sealed/keys"), "key1.pkcs8.pem"));
    await commands.executeCommand("cryoscope.addKeyFile", key);
    try {
      await explorer.open(Uri.file(enc));
      const process = await explorer.view.getTreeItem(await find("enc", "Processes", "10993 simple"));
      // The corpus says: argv[1] is hello-arg.
      assert.match(String(process.description), /hello-arg/);
      const [seal] = await children(await find("enc", "Seal"));
      assert(seal);
      assert.equal((await explorer.view.getTreeItem(seal)).description, "verified");
      const image = await explorer.resolveImage(Uri.file(join(enc, "core-10993.img")));
      assert.ok(image.seal);
      await image.source.close?.();
    } finally {
      await commands.executeCommand("cryoscope.forgetKeys");
    }
  });

  it("says of a sealed checkpoint that was changed where it was", async () => {
    const enc = join(await unpack("sealed/simple-enc"), "enc");
    const copy = await mkdtemp(join(tmpdir(), "changed-"));
    const key = Uri.file(join(await unpack("sealed/keys"), "key1.pkcs8.pem"));
    await commands.executeCommand("cryoscope.addKeyFile", key);
    try {
      await cp(enc, copy, { recursive: true });
      const pages = await readFile(join(copy, "pages-1.img"));
      pages[5000] = (pages[5000] ?? 0) ^ 1;
      await writeFile(join(copy, "pages-1.img"), pages);
      await explorer.open(Uri.file(copy));
      const name = copy.slice(copy.lastIndexOf("/") + 1);
      const [seal] = await children(await find(name, "Seal"));
      assert(seal);
      assert.match(String((await explorer.view.getTreeItem(seal)).description), /^broken/);
    } finally {
      await commands.executeCommand("cryoscope.forgetKeys");
      await rm(copy, { recursive: true });
    }
  });

  it("opens an archive that is sealed with age with a key of the key ring", async () => {
    const folder = await unpack("sealed/archives");
    await commands.executeCommand("cryoscope.addKeyFile", Uri.file(join(folder, "keys/age-x25519.txt")));
    try {
      const checkpoint = await explorer.open(Uri.file(join(folder, "checkpoint.tar.age")));
      assert.ok((checkpoint?.processes.length ?? 0) > 0);
    } finally {
      await commands.executeCommand("cryoscope.forgetKeys");
    }
  });

  it("shows the layers of a chain, each with its images", async () => {
    await explorer.open(Uri.file(await unpack("corpus/f-incremental")));
    assert.deepEqual(await labels(await find("f-incremental", "Images")), ["3", "2", "1"]);
    assert.ok((await labels(await find("f-incremental", "Images", "1"))).includes("pagemap-830.img"));
  });

  it("reads layers outside of the folder that was opened", async () => {
    const folder = await unpack("corpus/f-incremental");
    await explorer.open(Uri.file(join(folder, "3")));
    const layers = await children(await find("3", "Images"));
    const oldest = layers.at(-1);
    assert(oldest);
    const rows = await children(oldest);
    const index = (await labels(oldest)).indexOf("inventory.img");
    const row = rows[index];
    assert(row);
    const uri: unknown = (await explorer.view.getTreeItem(row)).command?.arguments?.[0];
    assert(uri instanceof Uri);
    const image = await explorer.resolveImage(uri);
    const truth = await readFile(join(folder, "1/inventory.img"));
    assert.deepEqual(Buffer.from(await image.source.read(0, image.source.size)), truth);
    await image.source.close?.();
  });

  it("closes a checkpoint from its row", async () => {
    await explorer.open(sample);
    await commands.executeCommand("cryoscope.closeCheckpoint", await find(await onlyLabel()));
    assert.deepEqual(await labels(), []);
  });
});

function labelOf({ label }: TreeItem): string {
  return typeof label === "string" ? label : (label?.label ?? "");
}
