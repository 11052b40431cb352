// Restoring a process stopped, by a copy of its images; the engine only looks at what it is given.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { debuggersHere, liveOptions, Resources, restoreForDebugging } from "../../../src/debug/index.ts";
import type { Engine, Snapshot } from "../../../src/engine/index.ts";
import { fixture } from "../fixtures.ts";

const run = promisify(execFile);

describe("a process that is to be restored stopped", () => {
  let folder: string;
  /** What the engine was told to restore, while it was there. */
  let given: Buffer | undefined;

  beforeEach(async () => {
    given = undefined;
    folder = await mkdtemp(join(tmpdir(), "cryoscope-stopped-"));
    const images = join(folder, "made/checkpoint");
    await mkdir(dirname(images));
    await cp(join(await fixture("corpus/a-single"), "img"), images, { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function archive(name: string, ...options: readonly string[]): Promise<string> {
    const path = join(folder, name);
    await run("tar", [...options, "-cf", path, "-C", join(folder, "made"), "checkpoint"]);
    return path;
  }

  /** Restores it from the files at `path`, where the engine has any to be had. */
  function restore(path: string | undefined) {
    const container = { id: "c", name: "web", image: "web" };
    const snapshot = {
      ...{ id: "s", name: "s", container, engine: { kind: "test", version: "1", endpoint: "unix:///t" } },
      checkpoint: { kind: "archive", path: path ?? "elsewhere" },
    } as unknown as Snapshot;
    const engine = {
      ...{ name: "Test 1", capabilities: { restoreOptions: ["replace"] } },
      locate: () => Promise.resolve(path === undefined ? { path, why: {} } : { path }),
      restore: async (changed: Snapshot) => {
        if (changed.checkpoint.kind === "archive") given = await readFile(changed.checkpoint.path);
        return { container: { ...container, state: "running" } };
      },
      inspect: () => Promise.resolve({ ...container, state: "exited" }),
      // Nothing else is asked of it.
    } as unknown as Engine;
    const own = new Resources();
    const work = { own, here: debuggersHere([], "/nowhere") };
    return restoreForDebugging(engine, snapshot, liveOptions({ stopped: true, pid: 15492 }), work);
  }

  it("is given to the engine in a copy of the archive in which one byte is another: alive is stopped", async () => {
    const path = await archive("plain.tar");
    const before = await readFile(path);
    await restore(path);
    assert.ok(given);
    const [was, is] = [before, given];
    assert.equal(is.length, was.length);
    const changes = [...was.entries()].filter(([at, byte]) => is[at] !== byte);
    // TASK_ALIVE and TASK_STOPPED (`criu/include/image.h`).
    assert.deepEqual(
      changes.map(([at, byte]) => [byte, is[at]]),
      [[1, 3]],
    );
    assert.deepEqual(await readFile(path), before, "the evidence is another");
    assert.deepEqual((await readdir(folder)).sort(), ["made", basename(path)]);
  });

  it("can't be where the archive is compressed, which is said with what to do", async () => {
    const path = await archive("packed.tar.gz", "-z");
    await assert.rejects(restore(path), {
      code: "debug.cannotStop",
      message: /can't be restored stopped.*archive is compressed/,
      next: /Leave "stopped" out/,
    });
    assert.equal(given, undefined);
    assert.deepEqual((await readdir(folder)).sort(), ["made", basename(path)]);
  });

  it("can't be where the files of the snapshot aren't to be had, which names the engine", async () => {
    await assert.rejects(restore(undefined), {
      code: "debug.cannotStop",
      message: /^Test 1 can't restore this snapshot stopped: its files can't be read here/,
      next: /Leave "stopped" out/,
    });
    assert.equal(given, undefined);
  });

  it("can't be when its image isn't there", async () => {
    const path = await archive("less.tar", "--exclude=core-*.img");
    await assert.rejects(restore(path), { code: "debug.cannotStop", message: /core-15492\.img/ });
    assert.deepEqual((await readdir(folder)).sort(), [basename(path), "made"].sort());
  });
});
