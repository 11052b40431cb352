// An archive with an earlier one's memory in it, read by GNU tar.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { linkFolder, previousOf, withPrevious } from "../../../src/engine/previous.ts";
import { parseSnapshot } from "../../../src/engine/index.ts";

const run = promisify(execFile);

describe("checkpoints in steps", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-steps-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function tree(name: string, files: Readonly<Record<string, Buffer | string>>): Promise<string> {
    for (const [path, content] of Object.entries(files)) {
      const file = join(folder, name, path);
      await mkdir(join(file, ".."), { recursive: true });
      await writeFile(file, content);
    }
    return join(folder, name);
  }
  async function packed(name: string, files: Readonly<Record<string, Buffer | string>>): Promise<string> {
    await run("tar", ["-cf", join(folder, `${name}.tar`), "-C", await tree(name, files), "."]);
    return join(folder, `${name}.tar`);
  }

  it("put the earlier memory into the later archive, byte for byte, and nothing else of it", async () => {
    const long = `pre-checkpoint/${"long-name-".repeat(20)}.img`;
    const pages = Buffer.alloc(3_000_001, "page ");
    const list = {
      "pre-checkpoint/pages-1.img": pages,
      [long]: "x",
      "config.dump": "old",
      "pre-checkpointed": "no",
    };
    const source = await tree("pre", list);
    const pre = join(folder, "pre.tar");
    await run("tar", ["-cf", pre, "-C", source, "pre-checkpoint", "config.dump", "pre-checkpointed"]);
    const full = await packed("full", { "checkpoint/pages-1.img": "new", "config.dump": "new" });
    const merged = join(folder, "merged.tar");
    await pipeline(await withPrevious(pre, createReadStream(full)), createWriteStream(merged));
    const out = join(folder, "out");
    await mkdir(out);
    await run("tar", ["-xf", merged, "-C", out]);
    assert.deepEqual(await readFile(join(out, "pre-checkpoint/pages-1.img")), pages);
    assert.equal(await readFile(join(out, long), "utf8"), "x");
    assert.equal(await readFile(join(out, "config.dump"), "utf8"), "new");
    await assert.rejects(readFile(join(out, "pre-checkpointed")), { code: "ENOENT" });
  });

  it("fail with words when the earlier archive is cut short or gone", async () => {
    const full = await packed("full", { "config.dump": "new" });
    const target = join(folder, "merged.tar");
    const gone = withPrevious(join(folder, "gone.tar"), createReadStream(full));
    await assert.rejects(gone, { code: "engine.archiveUnreadable" });
    const pre = await packed("pre", { "pre-checkpoint/pages-1.img": Buffer.alloc(100_000, 1) });
    await run("truncate", ["--size", "50000", pre]);
    await assert.rejects(
      pipeline(await withPrevious(pre, createReadStream(full)), createWriteStream(target)),
      { code: "engine.archiveUnreadable" },
    );
  });

  it("share the earlier folder's files without copying them", async () => {
    const from = await tree("from", { "checkpoint/pages-1.img": "pages", "previous/checkpoint/a.img": "a" });
    await symlink("../previous/checkpoint", join(from, "checkpoint/parent"));
    await linkFolder(from, join(folder, "to"));
    const { stdout } = await run("stat", ["-c", "%h", join(folder, "to/checkpoint/pages-1.img")]);
    assert.equal(stdout.trim(), "2");
    await rm(from, { recursive: true });
    assert.equal(await readFile(join(folder, "to/checkpoint/parent/a.img"), "utf8"), "a");
  });

  it("go on only from a pre-checkpoint of the same container and kind", () => {
    const pre = parseSnapshot({
      format: 1,
      id: "a",
      name: "pre",
      time: "2026-01-01T00:00:00Z",
      engine: { kind: "podman", endpoint: "unix:///x" },
      container: { id: "c" },
      checkpoint: { kind: "archive", path: "/pre.tar" },
      pre: true,
    });
    assert.equal(previousOf({ name: "x", previous: pre }, "c", "archive"), "/pre.tar");
    for (const [previous, container, kind] of [
      [pre, "other", "archive"],
      [pre, "c", "folder"],
      [{ ...pre, pre: false }, "c", "archive"],
    ] as const)
      assert.throws(() => previousOf({ name: "x", previous }, container, kind), {
        code: "engine.notPreCheckpoint",
      });
  });
});
