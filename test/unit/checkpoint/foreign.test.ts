import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { findCheckpoints, openFound, openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";

/** A state file of gVisor with this metadata, as pkg/state/statefile/statefile.go writes it. */
function gvisor(metadata: object): Buffer {
  const text = Buffer.from(JSON.stringify(metadata));
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(text.length));
  return Buffer.concat([Buffer.from("gVisorSF"), size, text, Buffer.alloc(64, 7)]);
}

describe("a checkpoint that CRIU didn't make", () => {
  let scratch: string;
  let real: string;
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), "foreign-"));
    await promisify(execFile)("tar", ["-xzf", resolve("test/fixtures/archive/gvisor.tar.gz"), "-C", scratch]);
    real = join(scratch, "gvisor");
  });
  after(() => rm(scratch, { recursive: true, force: true }));

  it("of a real runsc opens as a checkpoint without processes, and says why there are none", async () => {
    const checkpoint = await openCheckpoint(await openTree(real));
    try {
      assert.equal(checkpoint.engine.label, "gVisor");
      assert.deepEqual(checkpoint.processes, []);
      assert.deepEqual(
        checkpoint.problems.map(({ code, severity }) => [code, severity]),
        [["checkpoint.gvisor", "warning"]],
      );
      // Its files are no broken images.
      assert.deepEqual(await checkpoint.checkImages(), []);
      // What runsc wrote is in the file as text: the time of the state, which the facts must have as it stands there.
      const text = (await readFile(join(real, "checkpoint.img"))).subarray(0, 400).toString("latin1");
      const written = /"_timestamp":"([^"]+)"/.exec(text)?.[1];
      const facts = new Map(checkpoint.foreign?.facts.map(({ label, value }) => [label, value]));
      assert.equal(facts.get("Written"), written);
    } finally {
      await checkpoint.close();
    }
  });

  it("of a pod is found as several containers, in folders side by side and where an engine puts them", async () => {
    const pod = await mkdtemp(join(scratch, "pod-"));
    await cp(real, join(pod, "web"), { recursive: true });
    await cp(real, join(pod, "db/checkpoint"), { recursive: true });
    await writeFile(join(pod, "db/config.dump"), '{"id":"0123","name":"database"}');
    await promisify(execFile)("tar", ["-cf", `${pod}.tar`, "-C", pod, "."]);
    for (const path of [pod, `${pod}.tar`]) {
      const tree = await openTree(path);
      const found = await findCheckpoints(tree);
      assert.deepEqual(
        found.map(({ path, kind, name }) => [path, kind, name]),
        [
          ["db", "folder", "db"],
          ["web", "folder", "web"],
        ],
      );
      for (const one of found) {
        const checkpoint = await openCheckpoint(await openFound(tree, one));
        assert.equal(checkpoint.engine.label, "gVisor");
        assert.equal(checkpoint.container.name, one.name === "db" ? "database" : undefined);
        await checkpoint.close();
      }
      await tree.close();
    }
    // One alone in a folder below is found as well.
    await rm(join(pod, "db"), { recursive: true });
    const tree = await openTree(pod);
    const [only, ...others] = await findCheckpoints(tree);
    assert.ok(only);
    assert.deepEqual([only.path, others.length], ["web", 0]);
    const checkpoint = await openCheckpoint(await openFound(tree, only));
    assert.equal(checkpoint.engine.label, "gVisor");
    await checkpoint.close();
    await tree.close();
  });

  it("shows the container whose spec gVisor keeps in its metadata", async () => {
    const folder = await mkdtemp(join(scratch, "pod-"));
    const spec = {
      hostname: "web-0",
      process: { args: ["nginx", "-g", "daemon off;"] },
      annotations: { "io.kubernetes.cri.container-name": "web" },
    };
    await writeFile(
      join(folder, "checkpoint.img"),
      gvisor({
        runsc_version: "release-20250707.0",
        container_count: "2",
        container_specs: JSON.stringify({ web: spec, side: {} }),
      }),
    );
    const checkpoint = await openCheckpoint(await openTree(folder));
    assert.equal(checkpoint.container.name, "web");
    assert.equal(checkpoint.container.hostname, "web-0");
    assert.deepEqual(checkpoint.container.command, ["nginx", "-g", "daemon off;"]);
    assert.deepEqual(checkpoint.foreign?.containers, ["web", "side"]);
    // Kilobytes of JSON are no fact.
    assert.ok(!checkpoint.foreign.facts.some(({ value }) => value.includes("nginx")));
    await checkpoint.close();
  });

  it("with hostile metadata is still shown: specs that are no objects, JSON in the JSON that is none", async () => {
    for (const specs of ["{", "[]", "null", '{"a":1}', '{"a":{"process":{"args":7}}}', 3]) {
      const folder = await mkdtemp(join(scratch, "bad-"));
      await writeFile(join(folder, "x"), gvisor({ container_specs: specs, compression: { a: 1 } }));
      const checkpoint = await openCheckpoint(await openTree(folder));
      assert.deepEqual(checkpoint.container.command, []);
      await checkpoint.close();
    }
  });
});
