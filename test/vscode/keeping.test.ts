// What is done with snapshots in a real extension host: names, tags, pins, export, container images, retention, and what is
// asked before something foreign runs.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { commands, ConfigurationTarget, extensions, Uri, workspace } from "vscode";
import { openTree } from "../../src/archive/index.ts";
import type { Snapshot } from "../../src/engine/index.ts";
import type { TestApi } from "../../src/vscode/extension.ts";
import { Answers } from "./answers.ts";

const run = promisify(execFile);

function extensionFile(path: string): Uri {
  const found = extensions.getExtension("cryoscope.cryoscope");
  assert(found, "VS Code doesn't know the extension");
  return Uri.joinPath(found.extensionUri, path);
}

/** The first layer of an OCI layout. */
async function layerOf(folder: string): Promise<string> {
  const blob = (digest: string): string => join(folder, "blobs", digest.replace(":", "/"));
  const read = async (file: string): Promise<unknown> => JSON.parse(await readFile(file, "utf8"));
  const index = (await read(join(folder, "index.json"))) as { manifests: { digest: string }[] };
  const manifest = (await read(blob(index.manifests[0]?.digest ?? ""))) as { layers: { digest: string }[] };
  return blob(manifest.layers[0]?.digest ?? "");
}

describe("what is done with snapshots", () => {
  let api: TestApi;
  let scratch: string;
  /** As Podman writes them. */
  let archive: string;
  const ask = new Answers();
  const made: Snapshot[] = [];
  const limit = (count: number | undefined) =>
    workspace
      .getConfiguration("cryoscope")
      .update("snapshots.keep.count", count, ConfigurationTarget.Workspace);
  const current = async (one: Snapshot | undefined): Promise<Snapshot | undefined> =>
    (await api.catalog.list()).find(({ id }) => id === one?.id);

  before(async () => {
    const extension = extensions.getExtension<TestApi>("cryoscope.cryoscope");
    assert(extension);
    api = await extension.activate();
    scratch = await mkdtemp(join(tmpdir(), "cryo-keeping-"));
    for (const one of await api.catalog.list()) await api.catalog.remove(one);
    // Podman's own image of a checkpoint, unpacked: its layer is what Podman writes as an archive.
    const fixture = extensionFile("test/fixtures/archive/container-images.tar.gz").fsPath;
    await run("tar", ["-xzf", fixture, "-C", scratch, "container-images/ckpt-oci-dir"]);
    archive = await layerOf(join(scratch, "container-images/ckpt-oci-dir"));
    for (let count = 0; count < 3; count++) {
      const sample = extensionFile("test/fixtures/sample.tar.gz");
      const one = await commands.executeCommand<Snapshot | undefined>("cryoscope.importSnapshot", sample);
      assert(one);
      made.push(one);
    }
  });
  afterEach(() => {
    ask.putBack();
  });
  after(async () => {
    await limit(undefined);
    for (const one of await api.catalog.list()) await api.catalog.remove(one);
    await rm(scratch, { recursive: true, force: true });
  });

  it("renames, tags and notes, with what is there as the proposal", async () => {
    ask.give({ showInputBox: ["before the crash", "#bug web  bug", "see the log"] });
    await commands.executeCommand("cryoscope.renameSnapshot", made[0]);
    await commands.executeCommand("cryoscope.tagSnapshot", made[0]);
    await commands.executeCommand("cryoscope.noteSnapshot", made[0]);
    assert.equal(ask.questions[0]?.value, made[0]?.name);
    const now = await current(made[0]);
    assert.equal(now?.name, "before the crash");
    assert.deepEqual(now.tags, ["bug", "web"]);
    assert.equal(now.note, "see the log");
    ask.give({ showInputBox: [undefined] });
    await commands.executeCommand("cryoscope.renameSnapshot", made[0]);
    assert.equal((await current(made[0]))?.name, "before the crash");
  });

  it("exports the files as they are, and takes them in again under a name of their own", async () => {
    const target = Uri.file(join(scratch, "exported.tar"));
    ask.give({ showSaveDialog: [target] });
    await commands.executeCommand("cryoscope.exportSnapshot", made[1]);
    const sample = await workspace.fs.readFile(extensionFile("test/fixtures/sample.tar.gz"));
    assert.ok(Buffer.from(await workspace.fs.readFile(target)).equals(sample));
    const again = await commands.executeCommand<Snapshot | undefined>("cryoscope.importSnapshot", target);
    assert.equal(again?.name, "exported");
    assert.notEqual(again.id, made[1]?.id);
    assert.equal((await current(again))?.sha256, (await current(made[1]))?.sha256);
    await api.catalog.remove(again);
  });

  it("makes a container image of one, under the name that was asked for", async () => {
    const target = Uri.file(join(scratch, "image.tar"));
    const podmans = await commands.executeCommand<Snapshot>("cryoscope.importSnapshot", Uri.file(archive));
    await api.catalog.edit(podmans.id, { name: "Before the crash" });
    ask.give({
      showInputBox: ["registry.example/crash:1"],
      showSaveDialog: [target],
      showErrorMessage: [undefined],
    });
    await commands.executeCommand("cryoscope.exportSnapshotAsImage", await current(podmans));
    assert.equal(ask.questions[0]?.value, "localhost/before-the-crash:frozen");
    assert.deepEqual(
      ask.questions.filter(({ by }) => by === "showErrorMessage"),
      [],
    );
    const tree = await openTree(target.fsPath);
    try {
      assert(tree.origin?.kind === "containerImage");
      assert.equal(tree.origin.reference, "registry.example/crash:1");
      assert.ok(await tree.stat("checkpoint/inventory.img"));
    } finally {
      await tree.close();
    }
    await api.catalog.remove(podmans);
  });

  it("removes nothing beyond the limits without a question, and never what is pinned", async () => {
    const [, , newest] = made;
    const [oldest, middle] = made;
    await commands.executeCommand("cryoscope.pinSnapshot", oldest);
    await limit(1);
    ask.give({ showWarningMessage: [undefined] });
    assert.equal(await commands.executeCommand("cryoscope.cleanSnapshots"), 0);
    assert.equal((await api.catalog.list()).length, 3);
    assert.match(ask.questions[0]?.words ?? "", /Delete a snapshot beyond the limits\?/);
    assert.match(
      ask.questions[0]?.detail ?? "",
      new RegExp(`^${middle?.name ?? ""}\n\n.*Pinned ones stay`, "s"),
    );
    assert.deepEqual(ask.questions[0]?.choices, ["Keep It", "Delete"], "Enter removes nothing");
    ask.give({ showWarningMessage: ["Delete"] });
    assert.equal(await commands.executeCommand("cryoscope.cleanSnapshots"), 1);
    const left = (await api.catalog.list()).map(({ id }) => id);
    assert.deepEqual(left, [newest?.id, oldest?.id]);
    const gone = middle?.checkpoint.kind === "archive" ? middle.checkpoint.path : "";
    await assert.rejects(readFile(gone), { code: "ENOENT" });
  });

  it("deletes one only when told so, and not by a slip: the first button keeps it", async () => {
    const sample = extensionFile("test/fixtures/sample.tar.gz");
    const one = await commands.executeCommand<Snapshot>("cryoscope.importSnapshot", sample);
    for (const answer of [undefined, "Keep It"]) {
      ask.give({ showWarningMessage: [answer] });
      await commands.executeCommand("cryoscope.deleteSnapshot", one);
      assert.deepEqual(ask.questions[0]?.choices, ["Keep It", "Delete"]);
      assert.ok(await current(one));
    }
    ask.give({ showWarningMessage: ["Delete"] });
    await commands.executeCommand("cryoscope.deleteSnapshot", one);
    assert.equal(await current(one), undefined);
  });

  it("asks before something foreign runs, and nothing runs by a slip: the first button only opens it", async () => {
    const podmans = await commands.executeCommand<Snapshot>("cryoscope.importSnapshot", Uri.file(archive));
    const before = api.checkpoint.openCheckpoints.length;
    ask.give({ showWarningMessage: ["Only Open It"], showQuickPick: [undefined] });
    await commands.executeCommand("cryoscope.restoreSnapshot", podmans);
    assert.deepEqual(ask.questions[0]?.choices, ["Only Open It", "Run It"]);
    assert.match(ask.questions[0]?.words ?? "", /This machine didn't make it/);
    assert.match(ask.questions[0]?.detail ?? "", /^Runs: /);
    assert.equal(api.checkpoint.openCheckpoints.length, before + 1);
    assert.equal(ask.questions.length, 1, "no engine was asked for");
    for (const entry of api.checkpoint.openCheckpoints)
      await commands.executeCommand("cryoscope.closeCheckpoint", { kind: "checkpoint", entry });
  });
});
