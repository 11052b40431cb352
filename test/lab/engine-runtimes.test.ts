import assert from "node:assert/strict";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { connectEngine } from "../../src/engine/index.ts";
import type { Engine } from "../../src/engine/index.ts";
import { connected, frozenProcesses, until } from "./engine-helpers.ts";
import { labMachine, labOutput, labStart, makeBundle, sharedFolder } from "./engine-machine.ts";
import type { LabBundle } from "./engine-machine.ts";

const ID = "cryoscope-oci";

/** Waits until the counter has written at least `count` numbers, and gives all of them. */
function atLeast(bundle: LabBundle, count: number): Promise<readonly number[]> {
  return until(async () => {
    const numbers = await bundle.counted();
    return numbers.length >= count ? numbers : undefined;
  });
}

for (const kind of ["runc", "crun"] as const)
  describe(`${kind} in the lab`, () => {
    let engine: Engine;
    let folder: string;
    let bundle: LabBundle;

    before(async () => {
      folder = await sharedFolder();
      engine = await connectEngine(`${kind}://${folder}/state`, { machine: labMachine() });
      bundle = await makeBundle(join(folder, "bundle"), `${ID}-${kind}`);
    });
    afterEach(async () => {
      for (const { id } of await engine.list()) await engine.remove(id);
    });
    after(() => rm(folder, { recursive: true, force: true }));

    const start = (): Promise<void> =>
      labStart(kind, "--root", `${folder}/state`, "run", "--detach", "--bundle", bundle.folder, ID);

    it("says what it is and what it can", async () => {
      const version = await labOutput(kind, "--version");
      assert.ok(version.includes(`version ${engine.version}`), version);
      assert.deepEqual(engine.capabilities.checkpoint, { can: true });
      assert.ok(engine.capabilities.folders);
      // crun can't restore with cgroup v1, which this machine may have.
      assert.ok(kind === "crun" || engine.capabilities.restore.can);
    });

    it("lists a running container and tells about it", async () => {
      await start();
      const [listed, ...others] = await engine.list();
      assert.deepEqual(others, []);
      assert.equal(listed?.id, ID);
      assert.equal(listed.state, "running");
      const details = await engine.inspect(ID);
      assert.equal(details.argv[0], "/bin/sh");
      assert.equal(details.workingDirectory, "/");
      const pids = await labOutput(kind, "--root", `${folder}/state`, "state", ID);
      assert.equal(details.pid, (JSON.parse(pids) as { pid: number }).pid);
      await assert.rejects(engine.inspect("nobody"), { code: "engine.noSuchContainer" });
    });

    it("freezes into a folder and lets run on", async () => {
      await start();
      await atLeast(bundle, 3);
      const target = join(folder, "live");
      const { snapshot, readable } = await engine.checkpoint(ID, {
        name: "live",
        leaveRunning: true,
        folder: target,
      });
      assert.deepEqual(readable, { path: target });
      assert.ok((await frozenProcesses(target)).includes("sh"));
      assert.ok((await readFile(join(target, "dump.log"), "utf8")).includes("Dumping finished successfully"));
      assert.deepEqual(snapshot.checkpoint, { kind: "folder", path: target, bundle: bundle.folder });
      assert.equal((await engine.inspect(ID)).state, "running");
      await assert.rejects(engine.checkpoint(ID, { name: "live", folder: target }), {
        code: "engine.archiveExists",
      });
      await assert.rejects(engine.checkpoint(ID, { name: "live" }), { code: "engine.needsFolder" });
    });

    it("freezes, stops, and wakes where it stopped, as often as one likes", async () => {
      await start();
      await atLeast(bundle, 3);
      const target = join(folder, "stopped");
      const { snapshot } = await engine.checkpoint(ID, { name: "stopped", folder: target });
      assert.deepEqual(
        (await engine.list()).filter(({ state }) => state === "running"),
        [],
      );
      if (!engine.capabilities.restore.can) {
        await assert.rejects(engine.restore(snapshot), { code: "engine.cannot" });
        return;
      }
      const frozen = await bundle.counted();
      const { container } = await engine.restore(snapshot);
      assert.equal(container.state, "running");
      const on = await atLeast(bundle, frozen.length + 3);
      assert.deepEqual(
        on,
        on.map((_, index) => index),
      );
      await assert.rejects(engine.restore(snapshot), { code: "engine.stillRunning" });
    });

    it("leaves nothing but the log when CRIU refuses, and says why", async () => {
      const [shell = "", option = "", script = ""] = connected(7777);
      const busy = [shell, option, script.replace("echo 0", "echo 0 >/count")];
      const busyBundle = await makeBundle(join(folder, "connected"), `${ID}-${kind}-connected`, busy);
      await labStart(kind, "--root", `${folder}/state`, "run", "--detach", "--bundle", busyBundle.folder, ID);
      await atLeast(busyBundle, 1);
      const target = join(folder, "refused");
      await assert.rejects(engine.checkpoint(ID, { name: "refused", leaveRunning: true, folder: target }), {
        code: "engine.criuRefused",
        message: /open TCP connections/,
        file: `${target}.dump.log`,
      });
      const left = (await readdir(folder)).filter((name) => name.startsWith("refused"));
      assert.deepEqual(left, ["refused.dump.log"]);
      await engine.checkpoint(ID, { name: "kept", leaveRunning: true, tcpEstablished: true, folder: target });
      assert.equal((await engine.inspect(ID)).state, "running");
    });

    it("refuses ids that would be options or paths", async () => {
      for (const id of ["--all", "../x", "a/b", ""])
        await assert.rejects(engine.inspect(id), { code: "engine.badName" });
    });
  });
