// Sealed checkpoints in a real extension host: copies that are sealed and unsealed, and what is asked for.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createCipheriv, pbkdf2Sync } from "node:crypto";
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { commands, extensions, Uri } from "vscode";
import type { TestApi } from "../../src/vscode/extension.ts";
import { Answers } from "./answers.ts";

const run = promisify(execFile);

describe("sealed checkpoints in the editor", () => {
  let api: TestApi;
  let scratch: string;
  let simple: string;
  let keys: string;
  let archives: string;

  before(async () => {
    const extension = extensions.getExtension<TestApi>("cryoscope.cryoscope");
    assert.ok(extension);
    api = await extension.activate();
    scratch = await mkdtemp(join(tmpdir(), "cryo-sealed-"));
    for (const name of ["simple-enc", "keys", "archives"])
      await run("tar", [
        "-xzf",
        join(extension.extensionPath, "test/fixtures/sealed", `${name}.tar.gz`),
        "-C",
        scratch,
      ]);
    simple = join(scratch, "simple-enc");
    keys = join(scratch, "keys");
    archives = join(scratch, "archives");
    await commands.executeCommand("cryoscope.addKeyFile", Uri.file(join(keys, "key1.pkcs8.pem")));
    await commands.executeCommand("cryoscope.addKeyFile", Uri.file(join(archives, "keys/age-x25519.txt")));
  });
  afterEach(async () => {
    person.putBack();
    for (const entry of api.checkpoint.openCheckpoints)
      await commands.executeCommand("cryoscope.closeCheckpoint", { kind: "checkpoint", entry });
  });
  after(async () => {
    await commands.executeCommand("cryoscope.forgetKeys");
    await rm(scratch, { recursive: true, force: true });
  });

  const person = new Answers();
  const answer = (...given: Parameters<Answers["give"]>): void => {
    person.give(...given);
  };

  it("are sealed for a recipient of age, as an archive that its identity opens", async () => {
    const identity = await readFile(join(archives, "keys/age-x25519.txt"), "latin1");
    const out = Uri.file(join(scratch, "copy.tar.age"));
    answer({
      showQuickPick: ["recipients of age"],
      showInputBox: [/age1\S+/.exec(identity)?.[0]],
      showSaveDialog: [out],
    });
    const made = await commands.executeCommand<Uri>("cryoscope.sealCopy", Uri.file(join(simple, "plain")));
    assert.equal(made.fsPath, out.fsPath);
    person.putBack();
    const bytes = await readFile(out.fsPath);
    assert.ok(bytes.toString("latin1").startsWith("age-encryption.org/v1\n-> X25519 "));
    assert.ok(!bytes.includes("MARKER-"));
    const opened = await api.checkpoint.open(out);
    assert.equal(opened?.process(10993)?.comm, "simple");
    // Nothing half-made is left beside it.
    assert.deepEqual(
      (await readdir(scratch)).filter((name) => name.endsWith(".part")),
      [],
    );
  });

  it("are sealed for a certificate, as a folder that the key of it opens", async () => {
    answer({
      showQuickPick: ["as CRIU seals"],
      showOpenDialog: [[Uri.file(join(keys, "key1.cert.pem"))], [Uri.file(scratch)]],
    });
    const entrySource = Uri.file(join(simple, "plain"));
    await api.checkpoint.open(entrySource);
    const [entry] = api.checkpoint.openCheckpoints;
    const made = await commands.executeCommand<Uri>("cryoscope.sealCopy", { kind: "checkpoint", entry });
    assert.equal(made.fsPath, join(scratch, "plain-sealed"));
    person.putBack();
    assert.ok((await readdir(made.fsPath)).includes("cipher.img"));
    const opened = await api.checkpoint.open(made);
    assert.equal(opened?.criu.sealed, true);
    assert.equal(opened.process(10993)?.comm, "simple");
  });

  it("are sealed with a passphrase that is typed twice, and unsealed after a warning", async () => {
    const out = Uri.file(join(scratch, "passphrase.tar.age"));
    answer({
      showQuickPick: ["passphrase"],
      showInputBox: ["pass-of-the-copy", "pass-of-the-copy"],
      showSaveDialog: [out],
    });
    await commands.executeCommand("cryoscope.sealCopy", Uri.file(join(simple, "plain")));
    assert.match((await readFile(out.fsPath)).toString("latin1"), /^age-encryption.org\/v1\n-> scrypt /);

    answer({ showOpenDialog: [[Uri.file(scratch)]], showWarningMessage: [undefined] });
    assert.equal(await commands.executeCommand("cryoscope.unsealCopy", out), undefined);
    assert.match(person.asked.at(-1) ?? "", /plaintext of passphrase.tar.age/);
    assert.ok(!(await readdir(scratch)).includes("passphrase-plain"));

    answer({
      showOpenDialog: [[Uri.file(scratch)]],
      showWarningMessage: ["Write in Clear"],
      showQuickPick: ["Type a passphrase"],
      showInputBox: ["pass-of-the-copy"],
    });
    const plain = await commands.executeCommand<Uri>("cryoscope.unsealCopy", out);
    assert.equal(plain.fsPath, join(scratch, "passphrase-plain"));
    for (const name of ["pages-1.img", "core-10993.img"]) {
      const [one, other] = await Promise.all(
        [join(plain.fsPath, name), join(simple, "plain", name)].map((path) => readFile(path)),
      );
      assert.ok(other && one?.equals(other), name);
      assert.equal((await stat(join(plain.fsPath, name))).mode & 0o077, 0);
    }
  });

  it("are never written over their original, and a copy that is refused leaves nothing", async () => {
    const original = Uri.file(join(scratch, "checkpoint.tar.age"));
    await cp(join(archives, "checkpoint.tar.age"), original.fsPath);
    const before = await readFile(original.fsPath);
    answer({
      showQuickPick: ["passphrase"],
      showInputBox: ["p", "p"],
      showSaveDialog: [original],
    });
    assert.equal(await commands.executeCommand("cryoscope.sealCopy", original), undefined);
    assert.ok((await readFile(original.fsPath)).equals(before));
    // Sealed for CRIU, a folder without images is no checkpoint.
    answer({
      showQuickPick: ["as CRIU seals"],
      showOpenDialog: [[Uri.file(join(keys, "key1.cert.pem"))], [Uri.file(scratch)]],
    });
    assert.equal(await commands.executeCommand("cryoscope.sealCopy", Uri.file(keys)), undefined);
    assert.ok(!(await readdir(scratch)).includes("keys-sealed"));
  });

  it("of openssl are opened with parameters that are asked for once, and remembered for the file", async () => {
    const salt = Buffer.from("8 bytes.");
    const derived = pbkdf2Sync("enc-pass", salt, 4321, 40, "sha384");
    const cipher = createCipheriv("aes-192-cbc", derived.subarray(0, 24), derived.subarray(24));
    await run("tar", ["-cf", join(scratch, "c.tar"), "-C", join(simple, "plain"), "."]);
    const sealed = Buffer.concat([
      Buffer.from("Salted__"),
      salt,
      cipher.update(await readFile(join(scratch, "c.tar"))),
      cipher.final(),
    ]);
    const file = Uri.file(join(scratch, "c.enc"));
    await writeFile(file.fsPath, sealed);
    const words = ["-aes-192-cbc", "-pbkdf2", "-md sha384"];
    answer({ showQuickPick: ["Type a passphrase", ...words], showInputBox: ["enc-pass", "4321"] });
    assert.equal((await api.checkpoint.open(file))?.process(10993)?.comm, "simple");
    assert.equal(person.asked.length, 6, person.asked.join("\n"));

    // The passphrase is known now, and the parameters are: nothing is asked, though the file has moved.
    for (const entry of api.checkpoint.openCheckpoints)
      await commands.executeCommand("cryoscope.closeCheckpoint", { kind: "checkpoint", entry });
    const moved = Uri.file(join(scratch, "moved.enc"));
    await cp(file.fsPath, moved.fsPath);
    answer({ showQuickPick: [], showInputBox: [] });
    assert.equal((await api.checkpoint.open(moved))?.process(10993)?.comm, "simple");
    assert.deepEqual(person.asked, []);
  });
});
