// A window that comes up with sealed checkpoints in its list: who gives no key is asked once, whatever is drawn anew.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { extensions, Uri } from "vscode";
import type { Memento } from "vscode";
import { ExplorerView } from "../../src/vscode/checkpoint/explorer-view.ts";
import { OpenCheckpoints } from "../../src/vscode/checkpoint/open-checkpoints.ts";
import { openUnlocked } from "../../src/vscode/checkpoint/open-unlocked.ts";
import { FileUnlocker } from "../../src/vscode/keys/file-unlocker.ts";
import { KeyRing } from "../../src/vscode/keys/index.ts";
import type { KeyChoice } from "../../src/vscode/keys/model.ts";

const run = promisify(execFile);

describe("sealed checkpoints of the window before", function () {
  // Machines are slow at times.
  this.timeout(120_000);
  let scratch: string;

  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), "cryo-refused-"));
    const root = extensions.getExtension("cryoscope.cryoscope")?.extensionPath ?? assert.fail();
    for (const name of ["simple-enc", "keys", "archives"])
      await run("tar", ["-xzf", join(root, "test/fixtures/sealed", `${name}.tar.gz`), "-C", scratch]);
  });
  after(() => rm(scratch, { recursive: true, force: true }));

  const CASES = [
    {
      what: "CRIU's seal",
      path: "simple-enc/enc",
      wrong: "keys/key4096.pkcs1.pem",
      key: "keys/key1.pkcs8.pem",
    },
    {
      what: "an archive",
      path: "archives/checkpoint.tar.age",
      wrong: "keys/key4096.pkcs1.pem",
      key: "archives/keys/age-x25519.txt",
    },
  ];
  /** A window that comes up with this one in its list; `answers` are the files that the person chooses when asked. */
  function windowWith(path: string) {
    const source = Uri.file(join(scratch, path));
    const answers: (string | undefined)[] = [undefined];
    const asked = { questions: 0 };
    const ring = new KeyRing(
      {
        paths: () => [],
        savePaths: () => Promise.resolve(),
        passphrase: () => Promise.resolve(undefined),
        savePassphrase: () => Promise.resolve(),
        deletePassphrase: () => Promise.resolve(),
      },
      {
        chooseKey(): Promise<KeyChoice | undefined> {
          asked.questions++;
          const file = answers.shift();
          return Promise.resolve(
            file === undefined ? undefined : { kind: "file", path: join(scratch, file) },
          );
        },
        passphrase: () => Promise.resolve(undefined),
        rememberPassphrase: () => Promise.resolve(false),
      },
    );
    const state = new Map<string, unknown>([["cryoscope.openCheckpoints", [source.toString()]]]);
    const memento = {
      get: (name: string) => state.get(name),
      update: (name: string, value: unknown) => Promise.resolve(void state.set(name, value)),
      keys: () => [...state.keys()],
      // Of `get` the form with a default isn't used.
    } as Memento;
    const { unlock } = new FileUnlocker(ring, memento, () => Promise.resolve(undefined));
    const checkpoints = new OpenCheckpoints(memento, {
      sealFor: ring.sealFor,
      openTree: (file, signal, locked, quiet) => openUnlocked(file, unlock, signal, locked, quiet),
    });
    const view = new ExplorerView(checkpoints);
    const [entry] = checkpoints.all;
    assert.ok(entry);
    const below = async (): Promise<string[]> =>
      (await view.getChildren({ kind: "checkpoint", entry })).map(({ kind }) => kind);
    ring.onDidAddKey(() => void checkpoints.tryRefused());
    return {
      ...{ source, answers, asked, ring, checkpoints, view, entry, below },
      async close() {
        await checkpoints.close(entry.id);
        view.dispose();
        checkpoints.dispose();
        ring.dispose();
      },
    };
  }

  for (const { what, path, wrong, key } of CASES)
    it(`ask for their key once, and again only when the person opens them: ${what}`, async () => {
      const { source, answers, asked, checkpoints, entry, below, close } = windowWith(path);
      try {
        assert.deepEqual(await Promise.all([below(), below()]), [["failed"], ["failed"]]);
        assert.deepEqual(await below(), ["failed"]);
        await assert.rejects(entry.load(), { code: "seal.keyNeeded" });
        assert.equal(asked.questions, 1);

        // The row that failed opens it again: with a key that doesn't fit, then with the right one.
        answers.push(wrong);
        await assert.rejects(checkpoints.open(source), /key/);
        assert.deepEqual(await below(), ["failed"]);
        assert.equal(asked.questions, 2);
        answers.push(key);
        await checkpoints.open(source);
        assert.ok((await below()).includes("section"));
        assert.equal(asked.questions, 3);
      } finally {
        await close();
      }
    });

  for (const { what, path, wrong, key } of CASES)
    it(`are opened by a key that is added, and nobody is asked for one again: ${what}`, async () => {
      const { asked, ring, checkpoints, view, entry, below, close } = windowWith(path);
      let drawn = 0;
      try {
        assert.deepEqual(await below(), ["failed"]);
        assert.equal(asked.questions, 1);
        view.onDidChangeTreeData(() => drawn++);

        await ring.addKeyFile(join(scratch, wrong));
        await checkpoints.tryRefused();
        assert.deepEqual(await below(), ["failed"]);

        drawn = 0;
        await ring.addKeyFile(join(scratch, key));
        await checkpoints.tryRefused();
        assert.ok(entry.checkpoint);
        assert.ok(drawn > 0);
        assert.ok((await below()).includes("section"));
        assert.equal(asked.questions, 1);
      } finally {
        await close();
      }
    });
});
