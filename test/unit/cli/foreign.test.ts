import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { runCommand as run, assertFitsSchema } from "../run-command.ts";

describe("a checkpoint of gVisor on the command line", () => {
  let scratch: string;
  let real: string;
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), "foreign-"));
    const archive = resolve("test/fixtures/archive/gvisor.tar.gz");
    await promisify(execFile)("tar", ["-xzf", archive, "-C", scratch]);
    real = join(scratch, "gvisor");
  });
  after(() => rm(scratch, { recursive: true, force: true }));

  it("is inspected as text, as tables, as a tree and as JSON by the schema", async () => {
    for (const path of [real, join(real, "checkpoint.img")]) {
      const summary = await run(["inspect", path]);
      assert.equal(summary.code, 0, summary.err);
      assert.match(summary.out, /Engine +gVisor\n/);
      assert.match(summary.out, /Format +gVisor state file/);
      assert.match(summary.out, /\n {2}checkpoint\.img {2}100\.8 KiB\n/);
      assert.match(summary.out, /warning: gVisor froze this, not CRIU/);
      assert.doesNotMatch(summary.out, /Processes|image format/);
      assert.match((await run(["inspect", "--format", "table", path])).out, /foreign.*\n.*LABEL/);
      assert.match((await run(["inspect", "--format", "tree", path])).out, /Written 2026-/);
      const json = await run(["inspect", "--json", path]);
      const document: unknown = JSON.parse(json.out);
      await assertFitsSchema("inspect", document);
      const { engine, foreign } = document as { engine: string; foreign: { files: { path: string }[] } };
      assert.equal(engine, "gVisor");
      assert.ok(foreign.files.some((file) => file.path === "checkpoint.img"));
    }
  });

  it("gives its bytes to ls and cat", async () => {
    const printed = await run(["ls", join(real, "checkpoint.img")]);
    assert.match(printed.out, /checkpoint\.img/);
  });
});
