// Every source of keys, from the user's side of the editor: what is asked, once, and what it opens.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { setTimeout } from "node:timers/promises";
import { commands, debug, extensions, TabInputText, Uri, window, workspace } from "vscode";
import type { Tab, TreeItem } from "vscode";
import type { TestApi } from "../../src/vscode/extension.ts";
import { KEY_SOURCES, makeKeySources, startBroker, startGpgHome } from "../unit/seal/key-sources.ts";
import type { KeySource } from "../unit/seal/key-sources.ts";
import { Answers } from "./answers.ts";

const run = promisify(execFile);

describe("keys of the editor", function () {
  // Machines are slow at times.
  this.timeout(120_000);
  const person = new Answers();
  const ends: (() => Promise<unknown>)[] = [];
  let api: TestApi;
  let sources: readonly KeySource[];
  let hasGpg = false;

  before(async () => {
    const extension = extensions.getExtension<TestApi>("cryoscope.cryoscope");
    assert.ok(extension);
    api = await extension.activate();
    await commands.executeCommand("cryoscope.forgetKeys");
    const scratch = await mkdtemp(join(tmpdir(), "cryo-keys-"));
    ends.push(() => rm(scratch, { recursive: true, force: true }));
    const names = ["keys", "simple-enc", "archives", "ssh", "ocicrypt"];
    for (const name of names)
      await run("tar", [
        "-xzf",
        join(extension.extensionPath, "test/fixtures/sealed", `${name}.tar.gz`),
        ...["-C", scratch],
      ]);
    const broker = await startBroker();
    ends.push(() => broker.stop());
    const at = (name: string): string => join(scratch, name);
    sources = await makeKeySources(
      {
        keys: at("keys"),
        simple: at("simple-enc"),
        archives: at("archives"),
        ssh: at("ssh"),
        ocicrypt: at("ocicrypt"),
      },
      scratch,
      broker,
    );
    try {
      execFileSync("gpg", ["--version"]);
      const home = await mkdtemp("/tmp/gh-");
      ends.push(() => rm(home, { recursive: true, force: true }));
      ends.push(await startGpgHome(home, join(scratch, "archives/keys/pgp.sec.asc")));
      process.env["GNUPGHOME"] = home;
      hasGpg = true;
    } catch {
      // Without gpg its one test is skipped.
    }
  });
  afterEach(async () => {
    person.putBack();
    await commands.executeCommand("workbench.action.closeAllEditors");
    await closeAll();
    await commands.executeCommand("cryoscope.forgetKeys");
  });
  after(async () => {
    delete process.env["GNUPGHOME"];
    for (const end of ends.toReversed()) await end();
  });

  async function closeAll(): Promise<void> {
    for (const entry of api.checkpoint.openCheckpoints)
      await commands.executeCommand("cryoscope.closeCheckpoint", { kind: "checkpoint", entry });
  }

  /** What the person does to give this source, and no more. */
  function answersOf({ key, passphrase }: KeySource): Parameters<Answers["give"]>[0] {
    if (key === undefined) return { showQuickPick: ["Type a passphrase"], showInputBox: [passphrase] };
    if (key === "gpg-agent") return { showQuickPick: ["Use gpg"] };
    return {
      showQuickPick: ["Choose a key file", ...(passphrase === undefined ? [] : ["Don't remember"])],
      showOpenDialog: [[Uri.file(key)]],
      showInputBox: passphrase === undefined ? [] : [passphrase],
    };
  }

  for (const name of KEY_SOURCES)
    it(`are had from ${name}: asked for once, with what is needed`, async function () {
      const source = sources.find((each) => each.name === name);
      assert.ok(source);
      if (source.key === "gpg-agent" && !hasGpg) this.skip();
      const file = Uri.file(source.path);
      // Nobody who doesn't answer is asked again, and nothing is shown.
      person.give({ showQuickPick: [undefined] });
      await Promise.resolve(api.checkpoint.open(file)).catch(() => undefined);
      assert.equal(person.asked.length, 1, person.asked.join("\n"));
      assert.match(person.asked.join(" "), source.need);
      await closeAll();

      person.give(answersOf(source));
      assert.ok(await api.checkpoint.open(file));
      const questions = person.asked.length;
      assert.ok(questions <= 4, person.asked.join("\n"));
      await closeAll();

      // Once it is known, it is tried without a question.
      person.give({ showQuickPick: [], showInputBox: [], showOpenDialog: [] });
      assert.ok(await api.checkpoint.open(file));
      assert.deepEqual(person.asked, []);
      await closeAll();

      // Forgotten, it is asked for again.
      await commands.executeCommand("cryoscope.forgetKeys");
      person.give({ showQuickPick: [undefined] });
      await Promise.resolve(api.checkpoint.open(file)).catch(() => undefined);
      assert.equal(person.asked.length, 1, person.asked.join("\n"));
    });

  for (const name of KEY_SOURCES)
    it(`had from ${name}, lock everything that they opened when they are forgotten`, async function () {
      const source = sources.find((each) => each.name === name);
      assert.ok(source);
      if (source.key === "gpg-agent" && !hasGpg) this.skip();
      const file = Uri.file(source.path);
      person.give(answersOf(source));
      const checkpoint = await api.checkpoint.open(file);
      const [entry] = api.checkpoint.openCheckpoints;
      assert.ok(checkpoint && entry);
      const shown = await showAll(entry);
      person.give({ showQuickPick: [undefined] });
      if (source.key === undefined) await commands.executeCommand("cryoscope.forgetKeys");
      else await commands.executeCommand("cryoscope.forgetKey", { id: source.key });

      // Nothing asks by itself, and nothing is shown any more.
      assert.equal(entry.isLocked, true);
      assert.equal(entry.checkpoint, undefined);
      await assert.rejects(shown.image.tree(), { code: "imageEditor.locked" });
      if (shown.memory) await assert.rejects(shown.memory.space(), { code: "explorer.locked" });
      await assert.rejects(api.overview.of(entry), { code: "explorer.locked" });
      const { view } = api.checkpoint;
      const rows = (await view.getChildren({ kind: "checkpoint", entry })) ?? [];
      assert.match(labelOf(await view.getTreeItem(rows[0] ?? assert.fail())), /locked/);
      await until(() => textTabs().length === 0);
      await assert.rejects(async () => workspace.fs.readFile(shown.text), /locked/);
      const read = async (): Promise<unknown> => {
        const [layer] = checkpoint.layers;
        assert.ok(layer);
        const { tree, folder, files, seal } = layer;
        const [image = ""] = files.keys();
        const bytes = await (await tree.open(folder === "" ? image : `${folder}/${image}`)).read(0, 4096);
        // Images that CRIU sealed can be read as they are.
        return seal === undefined ? bytes : seal.openPages(bytes, 4096);
      };
      await assert.rejects(read, /forgotten|closed/);
      assert.deepEqual(person.asked, []);

      // Who gives no key is not asked again by what is on the screen.
      assert.match(
        String(await Promise.resolve(api.checkpoint.open(file)).catch(String)),
        /sealed|undefined/,
      );
      assert.equal(entry.isLocked, true);
      await assert.rejects(shown.image.tree(), { code: "imageEditor.locked" });
      assert.equal(person.asked.length, 1, person.asked.join("\n"));

      // Given once, everything is there again.
      person.give(answersOf(source));
      assert.ok(await api.checkpoint.open(file));
      const questions = person.asked.length;
      assert.ok(await shown.image.tree());
      if (shown.memory) assert.ok(await shown.memory.space());
      assert.ok(await api.overview.of(entry));
      assert.equal(person.asked.length, questions);
    });

  it("of an image on disk lock its editor, which asks when the person tries again", async () => {
    const source = sources.find(({ name }) => name === "a PEM file");
    assert.ok(source?.key !== undefined);
    const file = Uri.file(join(source.path, "pstree.img"));
    await commands.executeCommand("cryoscope.addKeyFile", Uri.file(source.key));
    await commands.executeCommand("vscode.openWith", file, "cryoscope.image");
    const image = await until(() => imageOf(file));
    assert.ok(await image.tree());
    person.give({ showQuickPick: [], ...answersOf(source) });
    await commands.executeCommand("cryoscope.forgetKeys");
    await assert.rejects(image.tree(), { code: "imageEditor.locked" });
    await assert.rejects(image.document.handlers.bytes({ offset: 0, length: 16 }), {
      code: "imageEditor.locked",
    });
    assert.deepEqual(person.asked, []);
    assert.equal((await image.document.handlers.open({ again: true })).name, "pstree.img");
    assert.deepEqual(
      person.questions.map(({ by }) => by),
      ["showQuickPick", "showOpenDialog"],
    );
    await commands.executeCommand("workbench.action.closeAllEditors");
  });

  it("end a session post mortem, and empty what was found in memory", async () => {
    const source = sources.find(({ name }) => name === "an age identity");
    assert.ok(source?.key !== undefined);
    await commands.executeCommand("cryoscope.addKeyFile", Uri.file(source.key));
    await api.checkpoint.open(Uri.file(source.path));
    const [entry] = api.checkpoint.openCheckpoints;
    const text = "MARKER";
    const query = { kind: "text", text, encoding: "utf-8", matchCase: true } as const;
    await commands.executeCommand("cryoscope.searchMemory", { entry }, { text, filter: {}, query });
    assert.ok(api.memory.search.matches.count > 0);
    let ended = 0;
    const listening = debug.onDidTerminateDebugSession(({ type }) => {
      if (type === "cryoscope") ended++;
    });
    const configuration = { type: "cryoscope", request: "launch", name: "Sealed", mode: "postmortem" };
    assert.ok(await debug.startDebugging(undefined, { ...configuration, checkpoint: source.path }));
    await commands.executeCommand("cryoscope.forgetKeys");
    await until(() => ended === 1);
    listening.dispose();
    assert.equal(api.memory.search.matches.count, 0);
    await commands.executeCommand("workbench.action.closeAllEditors");
  });

  type Entry = TestApi["checkpoint"]["openCheckpoints"][number];

  const labelOf = ({ label }: TreeItem): string => (typeof label === "string" ? label : "");
  const textTabs = (): readonly Tab[] =>
    window.tabGroups.all
      .flatMap(({ tabs }) => tabs)
      .filter(({ input }) => input instanceof TabInputText && input.uri.scheme === "cryoscope");
  const imageOf = (uri: Uri): ReturnType<TestApi["imageEditor"]["active"]> => {
    const active = api.imageEditor.active();
    return active?.uri.toString() === uri.toString() ? active : undefined;
  };

  /** Waits for the thing itself: machines are slow at times. */
  async function until<T>(look: () => T): Promise<NonNullable<T>> {
    for (;;) {
      const found = look();
      if (found !== undefined && found !== null && found !== false) return found;
      await setTimeout(50);
    }
  }

  /** Has a checkpoint shown in every kind of editor. */
  async function showAll(entry: Entry) {
    const checkpoint = await entry.load();
    const [layer] = checkpoint.layers;
    assert.ok(layer);
    const name = layer.files.has("pstree.img") ? "pstree.img" : "inventory.img";
    const uri = await api.checkpoint.imageUri(entry.source, name);
    assert.ok(uri);
    const proc = Uri.from({ scheme: "cryoscope", path: `/${entry.id}/proc` });
    const [first] = checkpoint.processes;
    const names = first
      ? [`${first.pid}/status`]
      : (await workspace.fs.readDirectory(proc)).map(([each]) => each);
    const text = Uri.joinPath(proc, names[0] ?? assert.fail("the frozen /proc is empty"));
    await window.showTextDocument(await workspace.openTextDocument(text), { preview: false });
    await commands.executeCommand("cryoscope.openOverview", { kind: "checkpoint", entry });
    // The smallest fixture has no memory.
    const process = checkpoint.processes.find(({ pid }) => layer.files.has(`mm-${pid}.img`));
    if (process) await commands.executeCommand("cryoscope.openMemory", { kind: "process", entry, process });
    const memory = process && (await until(() => api.memory.editors.active));
    await memory?.space();
    await commands.executeCommand("vscode.openWith", uri, "cryoscope.image");
    const image = await until(() => imageOf(uri));
    await image.tree();
    return { text, image, memory };
  }

  it("open everything without a question when all are there, whatever their order", async function () {
    for (const { key, passphrase } of sources)
      if (key !== undefined && passphrase === undefined && key !== "gpg-agent")
        await commands.executeCommand("cryoscope.addKeyFile", Uri.file(key));
    person.give({ showQuickPick: [], showInputBox: [], showOpenDialog: [] });
    for (const { name, path, passphrase } of sources) {
      if (passphrase !== undefined) continue;
      assert.ok(await api.checkpoint.open(Uri.file(path)), name);
      await closeAll();
    }
    assert.deepEqual(person.asked, []);
  });
});
