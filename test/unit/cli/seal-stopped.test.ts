// Sealing and unsealing that don't come to their end: nothing half-made stays, whoever or whatever ended it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { longWork } from "../../../src/cli/long-work.ts";
import { fixture } from "../fixtures.ts";

const MAIN = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const TSX = import.meta.resolve("tsx");
/** Sparse: more than can be sealed before the signal comes. */
const HUGE = 2 ** 32;

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly said: string;
}

describe("cryoscope seal and unseal that are ended too early", function () {
  this.timeout(180_000);
  let scratch: string;
  let plain: string;
  let sealed: string;
  let keys: string;
  let recipient: string;

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), "stopped-"));
    const simple = await fixture("sealed/simple-enc");
    keys = await fixture("sealed/keys");
    recipient = await identityToRecipient(await generateX25519Identity());
    [plain, sealed] = ["plain", "enc"].map((name) => {
      const folder = join(scratch, name);
      cpSync(join(simple, name), folder, { recursive: true });
      truncateSync(join(folder, "pages-1.img"), HUGE);
      return folder;
    }) as [string, string];
  });
  after(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  /** Starts the command line in a shell that has prepared what limits it. */
  function start(shell: string, args: readonly string[]): { pid: number; ended: Promise<Ended> } {
    const node = [process.execPath, "--no-warnings", "--import", TSX, MAIN, ...args];
    const child = spawn("sh", ["-c", `${shell} exec "$@"`, "sh", ...node], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (bytes: Buffer) => {
        said += bytes.toString();
      });
    const ended = new Promise<Ended>((resolve) => {
      child.on("close", (code, signal) => {
        resolve({ code, signal, said });
      });
    });
    assert.ok(child.pid !== undefined);
    return { pid: child.pid, ended };
  }

  function sizeOf(path: string): number {
    if (!existsSync(path)) return 0;
    if (statSync(path).isFile()) return statSync(path).size;
    return readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
  }

  const WORK: Readonly<Record<string, () => readonly string[]>> = {
    "seal for age": () => ["seal", plain, "--recipient", recipient],
    "seal for a certificate": () => ["seal", plain, "--recipient", join(keys, "key1.cert.pem")],
    unseal: () => ["unseal", sealed, "--key", join(keys, "key1.pkcs8.pem")],
  };

  for (const [what, words] of Object.entries(WORK)) {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      it(`leave nothing after ${signal}: ${what}`, async () => {
        const out = join(scratch, "out");
        const { pid, ended } = start("", [...words(), "-o", out]);
        for (let tries = 0; tries < 600 && sizeOf(out) < 4 << 20; tries++) await sleep(50);
        assert.ok(sizeOf(out) >= 4 << 20, "it had begun to write");
        process.kill(pid, signal);
        const { signal: by, code, said } = await ended;
        assert.deepEqual([by, code], [signal, null], said);
        assert.match(said, /stopped; what was written so far is removed/);
        assert.ok(!existsSync(out));
      });

    it(`leave nothing when a file may not grow so large, and say so: ${what}`, async () => {
      const out = join(scratch, "limited");
      // The signal for it is ignored, as in most programs: then writing fails.
      const { ended } = start("trap '' XFSZ; ulimit -f 4096;", [...words(), "-o", out]);
      const { code, said } = await ended;
      assert.equal(code, 3, said);
      assert.match(said, /The copy cannot be written: .*EFBIG/);
      assert.ok(!existsSync(out));
    });

    it(`leave nothing when the disk is full, and say so: ${what}`, async function () {
      const disk = join(scratch, "disk");
      mkdirSync(disk, { recursive: true });
      const script = `mount -t tmpfs -o size=3m none ${disk} || exit 77;`;
      const node = [
        process.execPath,
        "--no-warnings",
        "--import",
        TSX,
        MAIN,
        ...words(),
        "-o",
        join(disk, "out"),
      ];
      const child = spawn(
        "unshare",
        [
          "--user",
          "--map-root-user",
          "--mount",
          "sh",
          "-c",
          `${script} "$@"; code=$?; ls -A ${disk}; exit $code`,
          "sh",
          ...node,
        ],
        { stdio: ["ignore", "pipe", "pipe"] },
      );
      let [out, err] = ["", ""];
      child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
      child.stderr.on("data", (bytes: Buffer) => (err += bytes.toString()));
      const code = await new Promise<number | null>((resolve) => {
        child.on("error", () => {
          resolve(77);
        });
        child.on("close", resolve);
      });
      // Where namespaces of a user's own are forbidden.
      if (code === 77 || /unshare/.test(err)) this.skip();
      assert.equal(code, 3, err);
      assert.match(err, /The copy cannot be written: .*ENOSPC/);
      assert.equal(out.trim(), "", "nothing is left");
    });
  }

  it("say how far they are on a terminal alone, and take the line away again", async () => {
    for (const isTTY of [true, false]) {
      const written: string[] = [];
      const output = { write: () => Promise.resolve(), message: () => undefined, toTerminal: false };
      const stderr = { isTTY, write: (text: string) => Boolean(written.push(text)) };
      const value = await longWork(
        output,
        ({ onBytes }) => {
          onBytes(5 << 20);
          onBytes(6 << 20);
          return Promise.resolve(7);
        },
        stderr as unknown as NodeJS.WriteStream,
      );
      assert.equal(value, 7);
      assert.deepEqual(written, isTTY ? ["\r5 MiB written\u001b[K\r", "\r\u001b[K"] : []);
    }
  });
});
