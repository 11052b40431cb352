import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import schema from "../../../docs/snapshots.schema.json" with { type: "json" };
import { run } from "../../../src/cli/snapshots.ts";
import { evidenceOf, writeCatalog } from "../../../src/engine/index.ts";
import type { Snapshot } from "../../../src/engine/index.ts";

describe("cryoscope snapshots", () => {
  let folder: string;
  let told: string[];
  const output = (written: string[]) => ({
    write: (text: string) => {
      written.push(text);
      return Promise.resolve();
    },
    message: (text: string) => told.push(text),
    toTerminal: false,
  });

  beforeEach(async () => {
    told = [];
    folder = await mkdtemp(join(tmpdir(), "cryoscope-snapshots-"));
    const path = join(folder, "a.tar");
    await writeFile(path, "evidence");
    const { bytes, sha256 } = await evidenceOf(path);
    const base: Snapshot = {
      format: 1,
      id: "a",
      name: "first\u001b[2J",
      note: "",
      time: "2026-01-01T00:00:00.000Z",
      engine: { kind: "podman", version: "5", endpoint: "unix:///x" },
      container: { id: "c", name: "web", image: "busybox" },
      checkpoint: { kind: "archive", path },
      leftRunning: true,
      needs: ["fileLocks"],
      tags: ["bug"],
      pinned: true,
      size: bytes,
      sha256,
    };
    const second: Snapshot = {
      ...base,
      id: "b",
      name: "second",
      time: "2026-01-02T00:00:00.000Z",
      checkpoint: { kind: "node", node: "n", path: "/x" },
      parent: "a",
    };
    await writeCatalog(folder, { snapshots: [base, second], unreadable: [] });
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("prints the document that its schema describes", async () => {
    const written: string[] = [];
    assert.equal(await run([folder, "--json"], output(written)), 0);
    const validate = new Ajv2020({ strict: false }).compile(schema);
    assert.ok(validate(JSON.parse(written.join(""))), JSON.stringify(validate.errors));
  });

  it("draws the chain, with nothing that a terminal would obey", async () => {
    const written: string[] = [];
    await run([folder], output(written));
    const [first = "", second = ""] = written.join("").split("\n");
    assert.match(first, /^2026-01-01\S+ {2}first.* {2}web {2}podman {2}0\.0 MB {2}pinned {2}#bug$/);
    assert.match(second, /^ {2}2026-01-02\S+ {2}second/);
    assert.doesNotMatch(first, /\u001b/);
  });

  it("says with exit status 1 that files are not what they were", async () => {
    assert.equal(await run([folder, "--verify"], output([])), 0);
    await writeFile(join(folder, "a.tar"), "evidencE");
    assert.equal(await run([folder, "--verify"], output([])), 1);
    assert.match(told.join("\n"), /not what they were/);
  });
});
