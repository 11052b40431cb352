import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fixture } from "../fixtures.ts";
import { runCommand } from "../run-command.ts";

// Mocha loads this file in another way than commands load theirs, and a module loaded in two ways is there twice.
const load = async () => ({
  ...(await import("../../../src/cli/commands.ts")),
  ...(await import("../../../src/cli/output.ts")),
  ...(await import("../../../src/cli/run.ts")),
});

const cryoscope = (...words: readonly string[]) => runCommand(words);

async function image(name: string, path: string): Promise<string> {
  return join(await fixture(name), path);
}

async function key(name: string): Promise<string> {
  return join(await fixture("sealed/keys"), name);
}

describe("cryoscope decode", () => {
  it("prints what crit decode --pretty prints, with --json and --pretty or without", async () => {
    const path = await image("corpus/a-single", "img/files.img");
    const crit = await readFile(await image("corpus/a-single", "crit/files.img.json"), "utf8");
    for (const options of [[], ["--json"], ["--pretty"]]) {
      const { code, out, err } = await cryoscope("decode", path, ...options);
      assert.deepEqual([code, out.trim(), err], [0, crit.trim(), ""]);
    }
  });

  it("prints plain numbers on one line with --plain, as crit does without --pretty", async () => {
    const { out } = await cryoscope("decode", await image("corpus/a-single", "img/inventory.img"), "--plain");
    assert.match(out, /^\{"magic": "INVENTORY", "entries": \[\{.*\}\n$/);
    assert.doesNotMatch(out, /0x/);
  });

  it("opens a sealed image with its key, also one with a passphrase, in either order of several keys", async () => {
    const path = await image("sealed/simple-enc", "enc/pstree.img");
    const crit = await readFile(await image("sealed/simple-enc", "expected-json/pstree.img.json"), "utf8");
    const other = await key("key4096.pkcs1.pem");
    const passphrase = ["--passphrase-file", await key("key1.passphrase.txt")];
    for (const args of [
      ["--key", await key("key1.pkcs8.pem")],
      ["--key", await key("key1.pkcs1.enc.pem"), ...passphrase],
      ["--key", other, "--key", await key("key1.pkcs8.der")],
    ]) {
      const { code, out } = await cryoscope("decode", path, ...args);
      assert.equal(code, 0);
      assert.deepEqual(JSON.parse(out), JSON.parse(crit));
    }
  });

  it("of a sealed image without the right key prints nothing but why", async () => {
    const path = await image("sealed/simple-enc", "enc/pstree.img");
    const none = await cryoscope("decode", path);
    assert.deepEqual([none.code, none.out], [3, ""]);
    assert.match(none.err, /sealed.*no key for that was given/);
    const wrong = await cryoscope("decode", path, "--key", await key("key4096.pkcs1.pem"));
    assert.deepEqual([wrong.code, wrong.out], [3, ""]);
    assert.match(wrong.err, /key4096\.pkcs1\.pem does not open/);
  });

  it("says that the keys of a sealed image were lost with cipher.img", async () => {
    const { code, out, err } = await cryoscope("decode", await image("sealed/enc-no-cipher", "pstree.img"));
    assert.deepEqual([code, out], [3, ""]);
    assert.match(err, /cipher\.img/);
  });

  it("needs no key for what is written in clear beside sealed images", async () => {
    const { code, out } = await cryoscope("decode", await image("sealed/simple-enc", "enc/stats-dump"));
    assert.equal(code, 0);
    assert.match(out, /"magic": "STATS"/);
  });

  it("refuses pages, text and what isn't there", async () => {
    for (const path of [
      await image("corpus/a-single", "img/pages-1.img"),
      fileURLToPath(import.meta.url),
      "/nowhere/core-1.img",
      "/dev/null",
    ]) {
      const { code, out, err } = await cryoscope("decode", path);
      assert.deepEqual([code, out], [3, ""], path);
      assert.notEqual(err, "", path);
    }
  });
});

describe("cryoscope decode on a damaged image", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "cli-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("prints the entries that are whole and ends with 1", async () => {
    const bytes = await readFile(await image("corpus/c-unix", "img/files.img"));
    const path = join(folder, "files.img");
    await writeFile(path, bytes.subarray(0, -3));
    const { code, out, err } = await cryoscope("decode", path);
    const crit = await readFile(await image("corpus/c-unix", "crit/files.img.json"), "utf8");
    const whole = (JSON.parse(crit) as { entries: unknown[] }).entries.length;
    assert.equal(code, 1);
    assert.equal((JSON.parse(out) as { entries: unknown[] }).entries.length, whole - 1);
    assert.match(err, /should have .* bytes, .* are left/);
  });
});

describe("cryoscope spans", () => {
  it("prints lines that tile any file", async () => {
    for (const path of [
      await image("corpus/a-single", "img/core-15492.img"),
      await image("corpus/a-single", "img/pages-1.img"),
      await image("sealed/simple-enc", "enc/mm-10993.img"),
      fileURLToPath(import.meta.url),
    ]) {
      const { code, out } = await cryoscope("spans", path);
      assert.equal(code, 0);
      let position = 0;
      for (const line of out.trimEnd().split("\n")) {
        const span = JSON.parse(line) as { start: number; end: number; kind: string; path: string };
        assert.deepEqual(Object.keys(span), ["start", "end", "kind", "path"]);
        assert.equal(span.start, position);
        position = span.end;
      }
      assert.equal(position, (await readFile(path)).length);
    }
  });

  it("names fields by their path", async () => {
    const { out } = await cryoscope("spans", await image("corpus/a-single", "img/core-15492.img"));
    const crit = await readFile(await image("corpus/a-single", "crit/core-15492.img.json"), "utf8");
    const { comm } = (JSON.parse(crit) as { entries: [{ tc: { comm: string } }] }).entries[0].tc;
    const line = out.split("\n").find((text) => text.includes('"value","path":"entries[0].tc.comm"'));
    const { start, end } = JSON.parse(line ?? "{}") as { start: number; end: number };
    const bytes = await readFile(await image("corpus/a-single", "img/core-15492.img"));
    assert.equal(bytes.subarray(start, end).toString(), comm);
  });
});

describe("the command line", () => {
  it("tells what there is, for all and for each command", async () => {
    const help = await cryoscope("--help");
    assert.equal(help.code, 0);
    for (const { name, summary } of (await load()).COMMANDS) {
      assert.ok(help.out.includes(name) && help.out.includes(summary), name);
      const own = await cryoscope(name, "--help");
      assert.equal(own.code, 0);
      assert.ok(own.out.startsWith(`cryoscope ${name}`));
      assert.deepEqual(await cryoscope("help", name), own);
    }
  });

  it("tells its version", async () => {
    const { version } = JSON.parse(
      await readFile(fileURLToPath(new URL("../../../package.json", import.meta.url)), "utf8"),
    ) as { version: string };
    const { code, out, err } = await cryoscope("--version");
    assert.deepEqual([code, out, err], [0, `${version}\n`, ""]);
  });

  it("ends wrong usage with 2 and a hint", async () => {
    for (const args of [
      [],
      ["nonsense"],
      ["decode"],
      ["decode", "a", "b"],
      ["spans", "--wrong", "a"],
      ["decode", "--key"],
    ]) {
      const { code, out, err } = await cryoscope(...args);
      assert.deepEqual([code, out], [2, ""], args.join(" "));
      assert.match(err, /--help/, args.join(" "));
    }
  });

  it("writes no control characters of a checkpoint to a terminal", async () => {
    const { printable } = await load();
    assert.equal(
      printable("a\u001b]0;x\u0007b\u009b1mc\u202ed\n"),
      "a\\u001b]0;x\\u0007b\\u009b1mc\\u202ed\n",
    );
  });

  it("ends quietly when its reader leaves early", async () => {
    const main = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
    const path = await image("corpus/a-single", "img/core-15492.img");
    const child = spawn(process.execPath, ["--import", "tsx", main, "spans", path], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    let err = "";
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    const exit = await new Promise((resolve) => child.on("close", resolve));
    assert.deepEqual([exit, err], [0, ""]);
  });
});
