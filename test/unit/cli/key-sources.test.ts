// Every source of keys, from the user's side of the command line: what is asked for without it, and what it opens.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fixture } from "../fixtures.ts";
import { KEY_SOURCES, makeKeySources, startBroker, startGpgHome } from "../seal/key-sources.ts";
import type { KeySource } from "../seal/key-sources.ts";

const MAIN = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const TSX = import.meta.resolve("tsx");

describe("keys of the command line", function () {
  // Each run is a process that compiles what it loads.
  this.timeout(300_000);
  let scratch: string;
  let gpgHome: string | undefined;
  let sources: readonly KeySource[];
  const ends: (() => Promise<unknown>)[] = [];

  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), "key-sources-"));
    ends.push(() => rm(scratch, { recursive: true, force: true }));
    const broker = await startBroker();
    ends.push(() => broker.stop());
    const archives = await fixture("sealed/archives");
    sources = await makeKeySources(
      {
        archives,
        keys: await fixture("sealed/keys"),
        simple: await fixture("sealed/simple-enc"),
        ssh: await fixture("sealed/ssh"),
        ocicrypt: await fixture("sealed/ocicrypt"),
      },
      scratch,
      broker,
    );
    try {
      execFileSync("gpg", ["--version"]);
      gpgHome = await mkdtemp("/tmp/gh-");
      ends.push(await startGpgHome(gpgHome, join(archives, "keys/pgp.sec.asc")));
      const home = gpgHome;
      ends.push(() => rm(home, { recursive: true, force: true }));
    } catch {
      // Without gpg its one test is skipped.
    }
  });
  after(async () => {
    for (const end of ends.toReversed()) await end();
  });

  function run(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    const env = { PATH: process.env["PATH"], HOME: scratch, TMPDIR: scratch, GNUPGHOME: gpgHome };
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        ["--no-warnings", "--import", TSX, MAIN, ...args],
        { env, maxBuffer: 64 << 20 },
        (error, out, err) => {
          resolve({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, out, err });
        },
      );
    });
  }

  async function wordsOf({ key, passphrase }: KeySource): Promise<readonly string[]> {
    const words = key === undefined ? [] : ["--key", key];
    if (passphrase === undefined) return words;
    const file = join(scratch, "passphrase");
    await writeFile(file, `${passphrase}\n`, { mode: 0o600 });
    return [...words, "--passphrase-file", file];
  }

  for (const name of KEY_SOURCES)
    it(`are had from ${name}`, async function () {
      const source = sources.find((each) => each.name === name);
      assert.ok(source);
      if (source.key === "gpg-agent" && gpgHome === undefined) this.skip();
      // Names of files that CRIU sealed are in clear.
      const command = source.name.endsWith("PEM file") || /passphrase$/.test(source.name) ? "inspect" : "ls";
      const without = await run(command, source.path);
      assert.equal(without.code, 3, without.out);
      assert.match(without.err.replaceAll("\n", " "), source.need);
      const opened = await run(command, source.path, ...(await wordsOf(source)));
      assert.ok(opened.code <= 1, opened.err);
      assert.ok(opened.out.length > 40, opened.out);
      if (source.passphrase === undefined) return;
      // A passphrase that is wrong is one error, and isn't told.
      const wrong = await run(command, source.path, ...(await wordsOf({ ...source, passphrase: "hunter2" })));
      assert.equal(wrong.code, 3, wrong.out);
      assert.match(wrong.err, /does not open/);
      assert.doesNotMatch(wrong.err + wrong.out, /hunter2/);
    });

  it("are tried in their order, and the first that fits opens: none is asked for", async () => {
    const [pem, locked] = sources;
    const other = sources.find(({ name }) => name === "an age identity");
    const pgp = sources.find(({ name }) => name === "an OpenPGP key with a passphrase");
    assert.ok(pem?.key !== undefined && locked?.key !== undefined && other?.key !== undefined);
    assert.ok(pgp?.key !== undefined);
    const all = [other.key, pem.key].flatMap((key) => ["--key", key]);
    for (const path of [pem.path, other.path]) {
      const { code, err } = await run("inspect", path, ...all);
      assert.ok(code <= 1, err);
    }
    // What protects a file is said of that file, whatever else was given.
    const { code, err } = await run("ls", pem.path, "--key", pem.key, "--key", pgp.key);
    assert.equal(code, 3);
    assert.match(err, /locked\.asc/);
  });
});
