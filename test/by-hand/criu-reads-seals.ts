// Whether CRIU itself reads what is sealed here. It needs root and a CRIU that deciphers images, which no release does
// yet (pull request 2297): `node --import tsx test/by-hand/criu-reads-seals.ts PATH-OF-CRIU`.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { cp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readRecipients, sealCopy } from "../../src/seal/index.ts";

const PROGRAM = fileURLToPath(new URL("./frozen.py", import.meta.url));
const STEPS = 600;

const [criu] = process.argv.slice(2);
if (criu === undefined || !existsSync(criu)) {
  console.error("Usage: node --import tsx test/by-hand/criu-reads-seals.ts PATH-OF-CRIU");
  process.exit(2);
}
// Pids of its own, so that those of the program are free when it comes back; and a shell that reaps what CRIU leaves.
if (process.env["CRYOSCOPE_BY_HAND"] === undefined) {
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status } = spawnSync(
    "unshare",
    ["--pid", "--fork", "--mount-proc", "sh", "-c", '"$@"; exit $?', "sh", ...again],
    { stdio: "inherit", env: { ...process.env, CRYOSCOPE_BY_HAND: "1" } },
  );
  process.exit(status ?? 1);
}
const help = spawnSync(criu, ["--help"], { encoding: "utf8" }).stdout;
assert.match(help, /--encrypt/, "this CRIU has no --encrypt");

const scratch = mkdtempSync(join(tmpdir(), "cryo-by-hand-"));
const at = (...names: readonly string[]): string => join(scratch, ...names);
const lines = (): readonly string[] => readFileSync(at("out"), "utf8").trim().split("\n");
const sumOf = (text: string): string => createHash("sha256").update(text).digest("hex");

async function until(what: string, look: () => boolean): Promise<void> {
  for (let step = 0; step < STEPS; step++) {
    if (look()) return;
    await setTimeout(100);
  }
  assert.fail(`waited in vain for ${what}`);
}

function certificate(name: string): void {
  const key = ["-newkey", "rsa:2048", "-nodes", "-keyout", at(`${name}.key.pem`)];
  const words = [
    "req",
    "-x509",
    ...key,
    "-out",
    at(`${name}.cert.pem`),
    "-subj",
    "/CN=by-hand",
    "-days",
    "2",
  ];
  execFileSync("openssl", words, { stdio: "ignore" });
}

/** What CRIU says, and whether it restored. */
function restored(folder: string, key: string): { readonly log: string; readonly isDone: boolean } {
  const words = ["restore", "-D", at(folder), "-v4", "-o", at(`${folder}.log`), "--restore-detached"];
  const { status } = spawnSync(criu ?? "", [...words, "--tls-key", at(`${key}.key.pem`)]);
  return { log: readFileSync(at(`${folder}.log`), "latin1"), isDone: status === 0 };
}

try {
  for (const name of ["own", "other"]) certificate(name);
  const none = openSync("/dev/null", "r+");
  // In a session of its own, without a terminal: that is what CRIU dumps without further words.
  const child = spawn("python3", [PROGRAM, at("out")], {
    cwd: "/",
    detached: true,
    stdio: [none, none, none],
  });
  closeSync(none);
  child.unref();
  await until("the program", () => existsSync(at("out")) && lines().length > 5);
  execFileSync("mkdir", [at("plain")]);
  execFileSync(criu, ["dump", "-D", at("plain"), "-v4", "-o", at("dump.log"), "-t", String(child.pid)]);
  const before = lines().length;
  const target = await readRecipients([at("own.cert.pem")]);
  const notes: string[] = [];
  await sealCopy(at("plain"), target, at("sealed"), { report: (note) => notes.push(note) });
  for (const file of readdirSync(at("sealed")))
    assert.ok(!readFileSync(at("sealed", file)).includes("MARKER-"), `${file} is readable`);
  console.log("✔ nothing of what the program held is readable in the sealed copy");

  await cp(at("sealed"), at("changed"), { recursive: true });
  const pages = readFileSync(at("changed", "pages-1.img"));
  pages[pages.length >> 1] = (pages[pages.length >> 1] ?? 0) ^ 1;
  writeFileSync(at("changed", "pages-1.img"), pages);
  const changed = restored("changed", "own");
  assert.ok(!changed.isDone && changed.log.includes("HMAC mismatch"));
  console.log("✔ CRIU refuses it with one bit of one page changed: HMAC mismatch");
  await cp(at("sealed"), at("strange"), { recursive: true });
  const strange = restored("strange", "other");
  assert.ok(!strange.isDone && /Decryption has failed/i.test(strange.log));
  console.log("✔ CRIU refuses it with another key: Decryption has failed");

  const { log, isDone } = restored("sealed", "own");
  assert.ok(isDone, log.slice(-3000));
  await until("the program to go on", () => lines().length > before + 5);
  writeFileSync(at("out.go"), "");
  await until("the program to end", () => lines().at(-1)?.startsWith("end ") === true);
  const said = lines();
  const counts = said.slice(0, -1).map((line) => line.split(" "));
  assert.deepEqual(
    counts.map(([count]) => Number(count)),
    counts.map((_, index) => index + 1),
  );
  assert.equal(new Set(counts.map(([, digest]) => digest)).size, 1);
  assert.equal(said.at(-1), `end ${sumOf("MARKER-PIPE".repeat(100) + "MARKER-SOCKET".repeat(100))}`);
  console.log(
    `✔ CRIU restores it: ${log.includes("HMAC verification successful") ? "HMAC verified, " : ""}the`,
  );
  console.log(
    "  program goes on without a gap, with its memory, deleted files (one with a hole), pipe and socket",
  );
  for (const note of notes) console.log(`  Said when sealing: ${note}`);
} finally {
  writeFileSync(at("out.go"), "");
  await setTimeout(500);
  rmSync(scratch, { recursive: true, force: true });
}
