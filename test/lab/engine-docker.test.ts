import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine } from "../../src/engine/index.ts";
import {
  connected,
  containerCount,
  freePort,
  frozenProcesses,
  connectLab,
  counted,
  countedAtLeast,
  LARGE,
  phasesTold,
  removeContainer,
  startContainer,
  stopContainer,
  until,
} from "./engine-helpers.ts";

const NAME = "cryoscope-docker";

describe("Docker in the lab", () => {
  let docker: Engine;

  before(async () => {
    docker = await connectLab("docker");
  });
  afterEach(() => removeContainer("docker", NAME));

  it("says what it is and what it can", () => {
    assert.match(docker.name, /^Docker \d+\./);
    assert.equal(docker.host, "127.0.0.1");
    assert.deepEqual(docker.capabilities.checkpoint, { can: true });
    assert.ok(docker.capabilities.keepsCheckpoints);
  });

  it("lists a running container and tells about it", async () => {
    const { id } = await startContainer(docker, "docker", NAME);
    const listed = (await docker.list()).find((one) => one.id === id);
    assert.equal(listed?.name, NAME);
    assert.equal(listed.state, "running");
    const details = await docker.inspect(NAME);
    assert.equal(details.networkMode, "host");
    assert.equal(details.argv[0], "/bin/sh");
    assert.ok((details.pid ?? 0) > 0);
    assert.equal(details.image, listed.image);
  });

  it("freezes and lets run on, lists and deletes the checkpoint, whose images can be read", async () => {
    const { id } = await startContainer(docker, "docker", NAME);
    const { snapshot, readable } = await docker.checkpoint(id, { name: "live", leaveRunning: true });
    assert.equal((await docker.inspect(id)).state, "running");
    assert.deepEqual(await docker.listCheckpoints?.(id), ["live"]);
    assert.ok(readable.path !== undefined);
    assert.ok((await frozenProcesses(readable.path)).includes("sh"));
    assert.equal(snapshot.leftRunning, true);
    await docker.deleteCheckpoint?.(id, "live");
    assert.deepEqual(await docker.listCheckpoints?.(id), []);
    assert.equal((await docker.locate(snapshot)).path, undefined);
  });

  it("copies a checkpoint out for those who may not read it where it lies, and leaves no helper behind", async () => {
    const folder = await mkdtemp(join(tmpdir(), "cryoscope-docker-"));
    try {
      const { id } = await startContainer(docker, "docker", NAME);
      const { snapshot } = await docker.checkpoint(id, { name: "copied" });
      const before = await docker.list();
      const archive = join(folder, "copied.tar");
      assert.deepEqual(await docker.fetch?.(snapshot, archive), { path: archive });
      assert.equal((await stat(archive)).mode & 0o777, 0o600);
      assert.ok((await frozenProcesses(archive)).includes("sh"));
      await assert.rejects(docker.fetch?.(snapshot, archive) ?? Promise.resolve(), {
        code: "engine.archiveExists",
      });
      await docker.deleteCheckpoint?.(id, "copied");
      await assert.rejects(docker.fetch?.(snapshot, join(folder, "again.tar")) ?? Promise.resolve(), {
        code: "engine.noSuchCheckpoint",
      });
      assert.deepEqual(await readdir(folder), ["copied.tar"]);
      assert.equal(await containerCount("docker"), before.length);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("wakes a container where it was frozen, as often as one likes, at once after freezing", async () => {
    const { id } = await startContainer(docker, "docker", NAME);
    await countedAtLeast("docker", NAME, 4);
    const { snapshot } = await docker.checkpoint(id, { name: "stopped" });
    const stopped = await docker.inspect(id);
    assert.equal(stopped.state, "exited");
    const before = await counted("docker", NAME);
    const frozen = before.at(-1) ?? -1;
    // No pause here: the engine is then still busy with the checkpoint, which must not show.
    const { container } = await docker.restore(snapshot);
    assert.equal(container.state, "running");
    await countedAtLeast("docker", NAME, before.length + 2);
    const on = await counted("docker", NAME);
    assert.deepEqual(on.slice(before.length, before.length + 2), [frozen + 1, frozen + 2]);

    await assert.rejects(docker.restore(snapshot), { code: "engine.stillRunning" });
    await docker.restore(snapshot, { replace: true });
    const again = await until(async () => {
      const numbers = await counted("docker", NAME);
      return numbers.lastIndexOf(frozen + 1) > before.length ? numbers : undefined;
    });
    assert.ok(again.length > on.length);
  });

  it("freezes again at once after freezing, also through another connection", async () => {
    const { id } = await startContainer(docker, "docker", NAME);
    const other = await connectLab("docker");
    for (const name of ["one", "two", "three", "four"]) {
      const engine = name === "three" ? other : docker;
      await engine.checkpoint(id, { name, leaveRunning: true });
    }
    assert.deepEqual([...((await docker.listCheckpoints?.(id)) ?? [])].sort(), [
      "four",
      "one",
      "three",
      "two",
    ]);
    assert.deepEqual((await docker.select?.("cryoscope.none=1"))?.length, 0);
  });

  it("tells what CRIU is doing meanwhile, out of the log that containerd has it write", async () => {
    const { id } = await startContainer(docker, "docker", NAME, { command: LARGE });
    await countedAtLeast("docker", NAME, 1);
    const { told, work } = phasesTold();
    const { snapshot } = await docker.checkpoint(id, { name: "told" }, work);
    assert.ok(told.includes("freezing: memory"), told.join(", "));
    await docker.restore(snapshot, {}, work);
    assert.ok(told.includes("restoring: memory"), told.join(", "));
  });

  it("doesn't lose a container that it stops right after another's checkpoint", async () => {
    for (const round of [1, 2, 3]) {
      const { id } = await startContainer(docker, "docker", NAME);
      await countedAtLeast("docker", NAME, 2);
      // Its own client: this one doesn't know of it.
      await (await connectLab("docker")).checkpoint(id, { name: "others", leaveRunning: true });
      const { snapshot } = await docker.checkpoint(id, { name: `own-${round}` });
      await docker.restore(snapshot);
      assert.equal((await docker.inspect(id)).state, "running");
    }
  });

  it("follows what a container writes, line by line, until one leaves", async () => {
    const { id } = await startContainer(docker, "docker", NAME);
    const leave = new AbortController();
    const lines: number[] = [];
    for await (const line of docker.follow?.(id, { signal: leave.signal }) ?? []) {
      lines.push(Number(line));
      if (lines.length === 4) leave.abort();
    }
    const [first = NaN] = lines;
    assert.deepEqual(lines.slice(0, 4), [first, first + 1, first + 2, first + 3]);
  });

  it("says that a container is not running, is gone, has that checkpoint or lacks it", async () => {
    const { id } = await startContainer(docker, "docker", NAME);
    const first = await docker.checkpoint(id, { name: "twice", leaveRunning: true });
    await assert.rejects(docker.checkpoint(id, { name: "twice", leaveRunning: true }), {
      code: "engine.checkpointExists",
    });
    await stopContainer("docker", NAME);
    await assert.rejects(docker.checkpoint(id, { name: "late" }), { code: "engine.notRunning" });
    await docker.deleteCheckpoint?.(id, "twice");
    await assert.rejects(docker.restore(first.snapshot), { code: "engine.noSuchCheckpoint" });
    await assert.rejects(docker.deleteCheckpoint?.(id, "twice") ?? Promise.resolve(), {
      code: "engine.noSuchCheckpoint",
    });
    await docker.remove(id);
    await assert.rejects(docker.restore(first.snapshot), { code: "engine.noSuchContainer" });
    await assert.rejects(docker.inspect(id), { code: "engine.noSuchContainer" });
  });

  it("refuses names that would be paths, before it asks anyone", async () => {
    for (const name of ["../x", "a/b", "x", "", "a b", `a${"b".repeat(200)}`])
      await assert.rejects(docker.checkpoint(NAME, { name }), { code: "engine.badName" });
  });

  it("tells in words why CRIU refused", async () => {
    const { id } = await startContainer(docker, "docker", NAME, { command: connected(await freePort()) });
    await countedAtLeast("docker", NAME, 1);
    await assert.rejects(docker.checkpoint(id, { name: "connected", leaveRunning: true }), {
      code: "engine.criuRefused",
      // The log lies where only the engine's machine can read it, and goes away with the container.
      message: /open TCP connections.*Error \(criu\/sk-inet\.c:\d+\)/,
      next: /tcp-established/,
    });
    assert.equal((await docker.inspect(id)).state, "running");
    assert.deepEqual(await docker.listCheckpoints?.(id), []);
  });
});
