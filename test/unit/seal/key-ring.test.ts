import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMessage, encrypt, generateKey } from "openpgp";
import { openFolder, type FileTree } from "../../../src/archive/index.ts";
import { bufferSource } from "../../../src/bytes/index.ts";
import { openSealed, sealErrors } from "../../../src/seal/index.ts";
import type { KeyChoice, KeyPrompts, KeyStore } from "../../../src/vscode/keys/model.ts";
import { KeyRing } from "../../../src/vscode/keys/ring.ts";
import { fixture } from "../fixtures.ts";

describe("the key ring", () => {
  let keys: string;
  let tree: FileTree;
  before(async () => {
    keys = await fixture("sealed/keys");
    tree = await openFolder(join(await fixture("sealed/simple-enc"), "enc"));
  });
  after(() => tree.close());
  const layer = (): { tree: FileTree; folder: string; cipherPath: string } => ({
    tree,
    folder: "",
    cipherPath: "cipher.img",
  });

  /** A ring whose person answers with what the test says, and a record of the questions. */
  function ring({
    files = [],
    passphrases = [],
    remember = false,
    store = memoryStore(),
  }: {
    files?: (string | KeyChoice | undefined)[];
    passphrases?: (string | undefined)[];
    remember?: boolean;
    store?: ReturnType<typeof memoryStore>;
  } = {}): { ring: KeyRing; asked: string[]; store: ReturnType<typeof memoryStore> } {
    const asked: string[] = [];
    const prompts: KeyPrompts = {
      chooseKey(locked) {
        asked.push(`key, ${locked.length} locked`);
        const file = files.shift();
        return Promise.resolve(typeof file === "string" ? { kind: "file", path: join(keys, file) } : file);
      },
      passphrase(_path, wasWrong) {
        asked.push(wasWrong ? "passphrase again" : "passphrase");
        return Promise.resolve(passphrases.shift());
      },
      rememberPassphrase() {
        asked.push("remember");
        return Promise.resolve(remember);
      },
    };
    return { ring: new KeyRing(store, prompts), asked, store };
  }

  function memoryStore(): KeyStore & {
    all: () => { paths: readonly string[]; secrets: Map<string, string> };
  } {
    let paths: readonly string[] = [];
    const secrets = new Map<string, string>();
    return {
      all: () => ({ paths, secrets }),
      paths: () => paths,
      savePaths: (changed) => Promise.resolve(void (paths = changed)),
      passphrase: (path) => Promise.resolve(secrets.get(path)),
      savePassphrase: (path, passphrase) => Promise.resolve(void secrets.set(path, passphrase)),
      deletePassphrase: (path) => Promise.resolve(void secrets.delete(path)),
    };
  }

  it("asks once, also when many images want the key at the same time, and never again", async () => {
    const { ring: first, asked, store } = ring({ files: ["key1.pkcs8.pem"] });
    await Promise.all([1, 2, 3].map(() => first.sealFor(layer())));
    await first.sealFor(layer());
    assert.deepEqual(asked, ["key, 0 locked"]);
    assert.deepEqual(store.all().paths, [join(keys, "key1.pkcs8.pem")]);

    const next = ring({ store });
    await next.ring.sealFor(layer());
    assert.deepEqual(next.asked, []);
  });

  it("asks for the passphrase until it is right, and remembers it only when told to", async () => {
    const {
      ring: first,
      asked,
      store,
    } = ring({
      files: ["key1.pkcs1.enc.pem"],
      passphrases: ["wrong", "corpus-pass-1"],
    });
    await first.sealFor(layer());
    assert.deepEqual(asked, ["key, 0 locked", "passphrase", "passphrase again", "remember"]);
    assert.equal(store.all().secrets.size, 0);

    const again = ring({
      files: ["key1.pkcs1.enc.pem"],
      passphrases: ["corpus-pass-1"],
      remember: true,
      store,
    });
    await again.ring.sealFor(layer());
    assert.deepEqual(again.asked, ["key, 1 locked", "passphrase", "remember"]);

    const third = ring({ store });
    await third.ring.sealFor(layer());
    assert.deepEqual(third.asked, []);
  });

  it("gives one error for no key, a wrong key, and no passphrase, and remembers none of them", async () => {
    const { ring: one, store } = ring({
      files: [undefined, "key4096.pkcs1.pem", "ec.key.pem", "key1.pkcs8.enc.pem", "key1.pkcs8.pem"],
    });
    await assert.rejects(one.sealFor(layer()), { code: "seal.keyNeeded" });
    await assert.rejects(one.sealFor(layer()), { code: "seal.wrongKey" });
    await assert.rejects(one.sealFor(layer()), { code: "seal.notRsa" });
    await assert.rejects(one.sealFor(layer()), { code: "seal.keyNeeded" });
    assert.deepEqual(store.all().paths, []);
    await one.sealFor(layer());
  });

  it("tries keys that were added before, and passes over those that are gone", async () => {
    const { ring: one, asked, store } = ring();
    await one.addKeyFile(join(keys, "key1.pkcs8.der"));
    await one.addKeyFile(join(keys, "key4096.pkcs1.pem"));
    await store.savePaths([join(keys, "gone.pem"), ...store.paths()]);
    await one.sealFor(layer());
    assert.deepEqual(asked, []);
  });

  it("forgets everything: seals close, files and passphrases are gone", async () => {
    const { ring: one, store } = ring({
      files: ["key1.pkcs8.enc.pem", undefined],
      passphrases: ["corpus-pass-1"],
      remember: true,
    });
    const seal = await one.sealFor(layer());
    assert.equal(store.all().secrets.size, 1);
    await one.forget();
    assert.deepEqual([store.all().paths, store.all().secrets.size], [[], 0]);
    assert.throws(() => seal.openPages(Buffer.alloc(4096), 4096), { code: "seal.disposed" });
    await assert.rejects(one.sealFor(layer()), { code: "seal.keyNeeded" });
  });

  it("keeps no passphrase of a file that opened nothing", async () => {
    const { ring: one, store } = ring({
      files: ["key1.pkcs8.enc.pem", "key1.pkcs8.enc.pem"],
      passphrases: ["corpus-pass-1", "corpus-pass-1"],
      remember: true,
    });
    const other = (): Promise<never> =>
      Promise.reject(sealErrors.wrongKey("x", [], { sealed: "", give: "" }));
    await assert.rejects(
      one.unlock("another checkpoint", other, () => undefined),
      { code: "seal.wrongKey" },
    );
    // Nothing lists it, so nothing could forget it later.
    assert.deepEqual([store.all().paths, store.all().secrets.size], [[], 0]);
    // Of a file that is listed it stays.
    await one.sealFor(layer());
    await assert.rejects(
      one.unlock("another checkpoint", other, () => undefined),
      { code: "seal.wrongKey" },
    );
    assert.equal(store.all().secrets.size, 1);
  });

  it("brings nothing back that was forgotten while something was being opened", async () => {
    for (const when of ["asked", "known"] as const) {
      const { ring: one, asked, store } = ring({ files: when === "asked" ? ["key1.pkcs8.pem"] : [] });
      if (when === "known") await store.savePaths([join(keys, "key1.pkcs8.pem")]);
      let go = (): void => undefined;
      const gate = new Promise<void>((resolve) => (go = resolve));
      let began = (): void => undefined;
      const beginning = new Promise<void>((resolve) => (began = resolve));
      const slow: FileTree = {
        ...tree,
        open: async (path) => {
          if (when === "known" || asked.length > 0) {
            began();
            await gate;
          }
          return tree.open(path);
        },
        stat: (path) => tree.stat(path),
        list: (path) => tree.list(path),
        close: () => Promise.resolve(),
      };
      const opening = one.sealFor({ ...layer(), tree: slow });
      await beginning;
      const forgetting = one.forget();
      go();
      await forgetting;
      await assert.rejects(opening, { code: "seal.disposed" }, when);
      assert.deepEqual(one.sources(), [], when);
      assert.deepEqual(store.all().paths, [], when);
      await assert.rejects(one.sealFor(layer()), { code: "seal.keyNeeded" }, when);
    }
  });

  it("opens sealed archives too, tells what is needed, and lists what opened what", async () => {
    const archive = await readFile(join(await fixture("sealed/archives"), "checkpoint.tar.gz.sym.gpg"));
    const { ring: one, asked, store } = ring({ files: [{ kind: "passphrase", text: "gpg-pass-1" }] });
    const changes: number[] = [];
    one.onDidChange(() => changes.push(1));
    const open = async (): Promise<number> => {
      const { source } = await one.unlock(
        "checkpoint.gpg",
        async (known, openedBy) => {
          const opened = await openSealed(bufferSource(archive), "checkpoint.gpg", known);
          assert(opened);
          openedBy(opened.openedBy);
          return opened;
        },
        (opened) => opened.source.close?.(),
      );
      return source.size;
    };
    assert.equal(await open(), 43153);
    assert.equal(await open(), 43153);
    assert.deepEqual(asked, ["key, 0 locked"]);
    assert.deepEqual(one.sources(), [
      {
        id: "passphrase:1",
        name: "Passphrase 1",
        keys: ["passphrase, for this session"],
        opened: ["checkpoint.gpg"],
      },
    ]);
    assert.ok(changes.length > 0);
    // Nothing of it is kept.
    assert.deepEqual([store.all().paths, store.all().secrets.size], [[], 0]);
    await one.forgetSource("passphrase:1");
    assert.deepEqual(one.sources(), []);
    await assert.rejects(open(), { code: "seal.keyNeeded" });
  });

  it("asks for the passphrase of an OpenPGP key, remembers it for the next session, and forgets it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ring-"));
    try {
      const { privateKey, publicKey } = await generateKey({
        userIDs: [{ name: "locked" }],
        passphrase: "pgp-pass",
        format: "object",
      });
      const file = join(folder, "locked.asc");
      await writeFile(file, privateKey.armor());
      const message = await createMessage({ binary: Buffer.from("what was sealed") });
      const sealed = await encrypt({ message, encryptionKeys: publicKey, format: "binary" });
      const open = async (from: KeyRing): Promise<string> => {
        const { source } = await from.unlock(
          "checkpoint.pgp",
          async (known, openedBy) => {
            const opened = await openSealed(bufferSource(sealed), "checkpoint.pgp", known);
            assert(opened);
            openedBy(opened.openedBy);
            return opened;
          },
          (opened) => opened.source.close?.(),
        );
        const text = Buffer.from(await source.read(0, 100)).toString();
        await source.close?.();
        return text;
      };
      const first = ring({
        files: [{ kind: "file", path: file }],
        passphrases: ["wrong", "pgp-pass"],
        remember: true,
      });
      // Another key that is known does no harm.
      await first.ring.addKeyFile(join(keys, "key1.pkcs8.pem"));
      assert.equal(await open(first.ring), "what was sealed");
      assert.deepEqual(first.asked, ["key, 0 locked", "passphrase", "passphrase again", "remember"]);
      assert.deepEqual(first.ring.sources()[0]?.opened, ["checkpoint.pgp"]);

      const restarted = ring({ store: first.store });
      assert.equal(await open(restarted.ring), "what was sealed");
      assert.deepEqual(restarted.asked, []);
      await restarted.ring.forgetSource(file);
      assert.equal(first.store.all().secrets.size, 0);
      await assert.rejects(open(restarted.ring), { code: "seal.keyNeeded" });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("forgets one source: its seals close, others stay", async () => {
    const { ring: one } = ring({ files: ["key1.pkcs8.pem"] });
    await one.addKeyFile(join(keys, "key4096.pkcs1.pem"));
    const seal = await one.sealFor(layer());
    const [used] = one.sources();
    assert.deepEqual(used?.opened, ["enc"]);
    assert.match(used.keys.join(), /^RSA private key, 2048 bits, SHA-256 [0-9a-f]{64}$/);
    await one.forgetSource(join(keys, "key4096.pkcs1.pem"));
    seal.openPages(Buffer.alloc(4096), 4096);
    await one.forgetSource(join(keys, "key1.pkcs8.pem"));
    assert.throws(() => seal.openPages(Buffer.alloc(4096), 4096), { code: "seal.disposed" });
  });
});
