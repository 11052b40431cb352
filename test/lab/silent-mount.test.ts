// A folder on a file system that asks somebody else and gets no answer, as a network mount whose server is gone: real FUSE.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTree } from "../../src/archive/index.ts";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { fixture } from "../unit/fixtures.ts";

interface Outcome {
  readonly processes: readonly string[];
  readonly problems: readonly string[];
  readonly silent: { readonly result: readonly string[]; readonly beats: number; readonly late: number };
  readonly packedNames: readonly string[];
  readonly after: readonly string[];
}

describe("a checkpoint on a mount that falls silent", () => {
  let folder: string;
  let names: readonly string[];
  let outcome: Outcome;

  before(async function () {
    this.timeout(60_000);
    const images = join(await fixture("corpus/c-shmem"), "img");
    folder = await mkdtemp(join(tmpdir(), "cryoscope-behind-"));
    await cp(images, folder, { recursive: true });
    execFileSync("tar", ["-cf", join(folder, "images.tar"), "-C", images, "."]);
    names = (await readdir(images)).toSorted();
    const mountpoint = await mkdtemp(join(tmpdir(), "cryoscope-silent-"));
    try {
      const script = join(import.meta.dirname, "silent-mount.ts");
      const { stdout, stderr } = spawnSync(
        "unshare",
        [
          "--mount",
          "--propagation",
          "private",
          process.execPath,
          "--import",
          "tsx",
          script,
          folder,
          mountpoint,
        ],
        { encoding: "utf8", timeout: 50_000, killSignal: "SIGKILL" },
      );
      assert.notEqual(stdout, "", stderr);
      // Written by silent-mount.ts.
      outcome = JSON.parse(stdout) as Outcome;
    } finally {
      await rm(mountpoint, { recursive: true });
    }
  });

  after(() => rm(folder, { recursive: true }));

  it("reads there as on a disk while it is answered", async () => {
    const checkpoint = await openCheckpoint(await openTree(folder));
    assert.deepEqual(
      outcome.processes,
      checkpoint.processes.map(({ pid, comm }) => `${pid} ${comm}`),
    );
    assert.deepEqual(
      outcome.problems,
      checkpoint.problems.map(({ code }) => code),
    );
    await checkpoint.close();
    assert.deepEqual(outcome.packedNames, names);
  });

  it("never holds the thread, gives up each question, and says why", () => {
    // A folder, an archive, and files of both: what is already open and what isn't.
    assert.ok(outcome.silent.result.length > 10);
    for (const code of outcome.silent.result) assert.equal(code, "archive.noAnswer");
    // A second and a half of waiting, in which a timer of 10 ms went on.
    assert.ok(outcome.silent.beats > 50, `${outcome.silent.beats} beats`);
    // A busy machine runs timers late; a thread that is held would be late by all of it.
    assert.ok(outcome.silent.late < 500, `${outcome.silent.late} ms late`);
  });

  it("works again when the other side does", () => {
    assert.deepEqual(outcome.after, ["answered", "answered"]);
  });
});
