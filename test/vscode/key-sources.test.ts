// Every source of keys, from the user's side of the editor: what is asked, once, and what it opens.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { commands, extensions, Uri } from "vscode";
import type { TestApi } from "../../src/vscode/extension.ts";
import { KEY_SOURCES, makeKeySources, startBroker, startGpgHome } from "../unit/seal/key-sources.ts";
import type { KeySource } from "../unit/seal/key-sources.ts";
import { Answers } from "./answers.ts";

const run = promisify(execFile);

describe("keys of the editor", () => {
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
