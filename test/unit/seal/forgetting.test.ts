import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import { openSealedTree } from "../../../src/seal/index.ts";
import type { KeyChoice, KeyPrompts, KeyStore } from "../../../src/vscode/keys/model.ts";
import { KeyRing } from "../../../src/vscode/keys/ring.ts";
import { fixture } from "../fixtures.ts";
import { KEY_SOURCES, makeKeySources, startBroker, startGpgHome } from "./key-sources.ts";
import type { KeySource } from "./key-sources.ts";

describe("forgetting the key of an open checkpoint", () => {
  const ends: (() => Promise<unknown>)[] = [];
  let sources: readonly KeySource[];
  let hasGpg = false;

  before(async () => {
    const scratch = await mkdtemp(join(tmpdir(), "cryo-forget-"));
    ends.push(() => rm(scratch, { recursive: true, force: true }));
    const [keys, simple, archives, ssh, ocicrypt] = await Promise.all(
      ["keys", "simple-enc", "archives", "ssh", "ocicrypt"].map((name) => fixture(`sealed/${name}`)),
    );
    assert.ok(keys && simple && archives && ssh && ocicrypt);
    const broker = await startBroker();
    ends.push(() => broker.stop());
    sources = await makeKeySources({ keys, simple, archives, ssh, ocicrypt }, scratch, broker);
    try {
      execFileSync("gpg", ["--version"]);
      const home = await mkdtemp("/tmp/gh-");
      ends.push(() => rm(home, { recursive: true, force: true }));
      ends.push(await startGpgHome(home, join(archives, "keys/pgp.sec.asc")));
      process.env["GNUPGHOME"] = home;
      hasGpg = true;
    } catch {
      // Without gpg its one test has nothing to run.
    }
  });
  after(async () => {
    delete process.env["GNUPGHOME"];
    for (const end of ends.toReversed()) await end();
  });

  /** A ring whose person gives one source, and never another. */
  function ringFor({ key, passphrase }: KeySource): KeyRing {
    const choice: KeyChoice =
      key === undefined
        ? { kind: "passphrase", text: passphrase ?? "" }
        : key === "gpg-agent"
          ? { kind: "gpg" }
          : { kind: "file", path: key };
    const answers = [choice];
    const prompts: KeyPrompts = {
      chooseKey: () => Promise.resolve(answers.shift()),
      passphrase: () => Promise.resolve(passphrase),
      rememberPassphrase: () => Promise.resolve(false),
    };
    let paths: readonly string[] = [];
    const store: KeyStore = {
      paths: () => paths,
      savePaths: (changed) => Promise.resolve(void (paths = changed)),
      passphrase: () => Promise.resolve(undefined),
      savePassphrase: () => Promise.resolve(),
      deletePassphrase: () => Promise.resolve(),
    };
    return new KeyRing(store, prompts);
  }

  interface Opened {
    readonly tree: FileTree;
    readonly checkpoint: Checkpoint;
    /** How often it was locked. */
    locks(): number;
  }

  async function open(ring: KeyRing, { path }: KeySource): Promise<Opened> {
    let locks = 0;
    const tree = await ring.unlock(
      path,
      (known, openedBy) => openSealedTree(path, known, { openedBy }),
      async (opened) => {
        locks++;
        await opened.close();
      },
    );
    const checkpoint = await openCheckpoint(tree, {
      sealFor: (layer) => ring.sealFor(layer, () => void locks++),
    });
    return { tree, checkpoint, locks: () => locks };
  }

  /** Reads pages, as the memory views do; gives what went wrong. */
  async function failureOf({ checkpoint }: Opened): Promise<unknown> {
    const [layer] = checkpoint.layers;
    assert.ok(layer);
    const { tree, folder, files, seal } = layer;
    // One of the fixtures is too small to have pages.
    const name = files.has("pages-1.img") ? "pages-1.img" : "inventory.img";
    try {
      const source = await tree.open(folder === "" ? name : `${folder}/${name}`);
      const bytes = await source.read(0, 4096);
      if (seal) seal.openPages(bytes, 4096);
      await source.close?.();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  for (const name of KEY_SOURCES)
    for (const all of [true, false])
      it(`${all ? "with all others" : "alone"} closes it: ${name}`, async function () {
        const source = sources.find((each) => each.name === name);
        assert.ok(source);
        if (source.key === "gpg-agent" && !hasGpg) this.skip();
        const ring = ringFor(source);
        const opened = await open(ring, source);
        assert.equal(await failureOf(opened), undefined);
        const ids = ring.sources().map(({ id }) => id);
        // Another one that is forgotten changes nothing.
        await ring.forgetSource("/another/key.pem");
        assert.deepEqual([await failureOf(opened), opened.locks()], [undefined, 0]);

        if (all) await ring.forget();
        else for (const id of ids) await ring.forgetSource(id);
        assert.equal(opened.locks(), 1);
        const failure = await failureOf(opened);
        assert.match(
          String((failure as { code?: unknown } | undefined)?.code),
          /^(?:seal\.disposed|archive\.closed)$/,
          String(failure),
        );
        await assert.rejects(open(ring, source), { code: "seal.keyNeeded" });
        // Closed by its owner too, who may not know of it.
        await opened.checkpoint.close();
        await opened.tree.close();
      });
});
