import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { identityToRecipient } from "age-encryption";
import { fixture } from "../fixtures.ts";

const MAIN = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const TSX = import.meta.resolve("tsx");

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe("the command line over sealed checkpoints", function () {
  // Each run is a process that compiles what it loads.
  this.timeout(180_000);
  let root: string;
  let keys: string;
  let archives: string;
  let simple: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "sealed-cli-"));
    for (const name of ["tmp", "home", "work"]) await mkdir(join(root, name));
    keys = await fixture("sealed/keys");
    archives = await fixture("sealed/archives");
    simple = join(await fixture("sealed/simple-enc"), "enc");
    await writeFile(join(root, "pass"), "gpg-pass-1\n");
    await chmod(join(root, "pass"), 0o600);
  });
  after(() => rm(root, { recursive: true, force: true }));

  /** A process of its own, whose files all lie in folders that are looked through afterwards. */
  function run(...args: readonly string[]): Promise<Ran> {
    const env = {
      PATH: process.env["PATH"],
      HOME: join(root, "home"),
      TMPDIR: join(root, "tmp"),
    };
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        ["--no-warnings", "--import", TSX, MAIN, ...args],
        { env, cwd: join(root, "work"), maxBuffer: 64 << 20, encoding: "latin1" },
        (error, out, err) => {
          resolve({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, out, err });
        },
      );
    });
  }

  /** Files below a folder that hold the text, in any of the forms that text is kept in. */
  async function holding(folder: string, text: string): Promise<readonly string[]> {
    const forms = [
      Buffer.from(text),
      Buffer.from(text, "utf16le"),
      Buffer.from(Buffer.from(text).toString("hex")),
    ];
    const found: string[] = [];
    for (const name of await readdir(folder, { recursive: true })) {
      const path = join(folder, name);
      if (!(await lstat(path)).isFile()) continue;
      const bytes = await readFile(path);
      if (forms.some((form) => bytes.includes(form))) found.push(name);
    }
    return found;
  }

  it("leaves no plaintext in any file, whatever was asked", async () => {
    const key = ["--key", join(keys, "key1.pkcs8.pem")];
    const age = ["--key", join(archives, "keys/age-x25519.txt")];
    const pgp = ["--passphrase-file", join(root, "pass")];
    const ran = [
      await run("inspect", simple, "--json", ...key),
      await run("search", simple, "MARKER-", ...key),
      await run("decode", join(simple, "core-10993.img"), ...key),
      await run("inspect", join(archives, "checkpoint.tar.age"), ...age),
      // These need spill files.
      await run("inspect", join(archives, "checkpoint.tar.gz.armor.age"), ...age),
      await run("inspect", join(archives, "checkpoint.tar.gz.sym.gpg"), ...pgp),
    ];
    // They did open it: the process's arguments are in its memory alone.
    assert.match(ran[0]?.out ?? "", /hello-arg/);
    assert.match(ran[1]?.out ?? "", /MARKER-/);
    for (const { out } of ran.slice(3)) assert.match(out, /hello-arg/);
    for (const marker of ["MARKER-", "hello-arg"]) assert.deepEqual(await holding(root, marker), []);
  });

  it("unseals to plain files after a warning, and seals again for CRIU and for age", async () => {
    const plain = join(root, "plain");
    const unsealed = await run("unseal", simple, "--key", join(keys, "key1.pkcs8.pem"), "-o", plain);
    assert.equal(unsealed.code, 0, unsealed.err);
    assert.match(unsealed.err, /will hold everything in clear/);
    assert.ok((await holding(plain, "MARKER-")).includes("pages-1.img"));
    assert.equal((await lstat(join(plain, "pages-1.img"))).mode & 0o077, 0);

    const sealed = join(root, "sealed");
    const certificate = join(keys, "key1.cert.pem");
    assert.equal((await run("seal", plain, "-r", certificate, "-o", sealed)).code, 0);
    assert.deepEqual(await holding(sealed, "MARKER-"), []);
    const seen = await run("inspect", sealed, "--json", "--key", join(keys, "key1.pkcs1.pem"));
    assert.match(seen.out, /hello-arg/);

    const identity = /^AGE-SECRET-KEY-1\S+/m.exec(
      await readFile(join(archives, "keys/age-x25519.txt"), "latin1"),
    );
    const recipient = await identityToRecipient(identity?.[0] ?? "");
    const file = join(root, "plain.age");
    assert.equal((await run("seal", plain, "-r", recipient, "-o", file)).code, 0);
    const age = await run("inspect", file, "--json", "--key", join(archives, "keys/age-x25519.txt"));
    assert.match(age.out, /hello-arg/);
    // What is there is never overwritten.
    for (const again of [
      await run("seal", plain, "-r", recipient, "-o", file),
      await run("unseal", simple, "--key", join(keys, "key1.pkcs8.pem"), "-o", plain),
    ])
      assert.equal(again.code, 3, again.err);
    await rm(plain, { recursive: true });
  });

  it("follows no link when it writes", async () => {
    const elsewhere = join(root, "elsewhere");
    await mkdir(elsewhere);
    const link = join(root, "link.age");
    await symlink(join(elsewhere, "file"), link);
    const identity = join(archives, "keys/age-x25519.txt");
    const text = await readFile(identity, "latin1");
    const recipient = /age1\S+/.exec(text)?.[0] ?? "";
    assert.equal(
      (await run("seal", join(archives, "checkpoint.tar.age"), "-r", recipient, "-o", link)).code,
      3,
    );
    assert.deepEqual(await readdir(elsewhere), []);
  });

  it("refuses a wrong key, a certificate that is not RSA, and a recipient that is none, with one error each", async () => {
    const out = join(root, "none");
    const wrong = await run("unseal", simple, "--key", join(keys, "key4096.pkcs1.pem"), "-o", out);
    assert.equal(wrong.code, 3);
    assert.match(wrong.err, /does not open this checkpoint/);
    const ec = await run("seal", simple, "-r", join(keys, "ec.cert.pem"), "-o", out);
    assert.match(ec.err, /CRIU seals for RSA alone/);
    const none = await run("seal", simple, "-r", "somebody", "-o", out);
    assert.match(none.err, /neither an age recipient nor a file/);
    const again = await run("seal", simple, "-r", join(keys, "key1.cert.pem"), "-o", out);
    assert.equal(again.code, 3);
    assert.match(again.err, /sealed these images already/);
  });
});
