import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Engine } from "../../src/engine/index.ts";
import { labOutput, labStart, sharedFolder } from "./engine-machine.ts";
import { LAB_IMAGES } from "./sockets.ts";
import {
  COUNTER,
  connected,
  freePort,
  frozenProcesses,
  connectLab,
  counted,
  countedAtLeast,
  LARGE,
  phasesTold,
  removeContainer,
  removeImage,
  startContainer,
  stopContainer,
} from "./engine-helpers.ts";

const run = promisify(execFile);
const NAME = "cryoscope-podman";
const COPY = "cryoscope-podman-copy";

describe("Podman in the lab", () => {
  let podman: Engine;
  let folder: string;

  before(async () => {
    podman = await connectLab("podman");
    folder = await mkdtemp(join(tmpdir(), "cryoscope-podman-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));
  afterEach(async () => {
    await removeContainer("podman", NAME);
    await removeContainer("podman", COPY);
  });

  it("says what it is and what it can", () => {
    assert.match(podman.name, /^Podman \d+\./);
    assert.equal(podman.kind, "podman");
    assert.ok(podman.capabilities.archives);
    assert.ok(podman.capabilities.restoreOptions.includes("name"));
    assert.equal(podman.listCheckpoints, undefined);
  });

  it("lists a running container and tells about it", async () => {
    const { id } = await startContainer(podman, "podman", NAME);
    const listed = (await podman.list()).find((one) => one.id === id);
    assert.equal(listed?.name, NAME);
    assert.equal(listed.state, "running");
    const details = await podman.inspect(NAME);
    assert.equal(details.networkMode, "host");
    assert.equal(details.argv[0], "/bin/sh");
    assert.ok((details.pid ?? 0) > 0);
    assert.equal(details.image, listed.image);
  });

  it("freezes into an archive and lets run on; a copy under a new name counts on from there", async () => {
    const { id } = await startContainer(podman, "podman", NAME);
    await countedAtLeast("podman", NAME, 4);
    const archive = join(folder, "live.tar");
    const { snapshot, readable } = await podman.checkpoint(id, { name: "live", leaveRunning: true, archive });
    assert.equal((await podman.inspect(id)).state, "running");
    assert.deepEqual(readable, { path: archive });
    assert.equal((await stat(archive)).mode & 0o777, 0o600);
    assert.ok((await frozenProcesses(archive)).includes("sh"));
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith(".part")),
      [],
    );

    const { container } = await podman.restore(snapshot, { name: COPY });
    assert.equal(container.name, COPY);
    assert.equal(container.state, "running");
    // The log came along, perhaps with what was counted after the freezing. A counter from the start would say 0 again.
    await countedAtLeast("podman", COPY, 10);
    const copy = await counted("podman", COPY);
    assert.equal(copy.lastIndexOf(0), 0, copy.join(" "));
    assert.ok((copy.at(-1) ?? 0) > 4, copy.join(" "));
  });

  it("freezes into an archive, stops, and comes back in the old one's place as often as one likes", async () => {
    const { id } = await startContainer(podman, "podman", NAME);
    await countedAtLeast("podman", NAME, 4);
    const archive = join(folder, "stopped.tar");
    const { snapshot } = await podman.checkpoint(id, { name: "stopped", archive });
    assert.equal((await podman.inspect(id)).state, "exited");
    const frozen = (await counted("podman", NAME)).at(-1) ?? -1;
    await assert.rejects(podman.restore(snapshot), { code: "engine.nameInUse" });
    for (let round = 0; round < 2; round++) {
      const { container } = await podman.restore(snapshot, { replace: true });
      assert.equal(container.id, id);
      await countedAtLeast("podman", NAME, 2);
      const numbers = await counted("podman", NAME);
      assert.ok(numbers.includes(frozen + 1), `${frozen}: ${numbers.join(" ")}`);
    }
  });

  it("freezes in place and wakes in place", async () => {
    const { id } = await startContainer(podman, "podman", NAME);
    await countedAtLeast("podman", NAME, 4);
    const { snapshot, readable } = await podman.checkpoint(id, { name: "inside" });
    assert.deepEqual(snapshot.checkpoint, { kind: "container" });
    const before = await counted("podman", NAME);
    assert.ok(readable.path !== undefined && (await readdir(readable.path)).includes("pstree.img"));
    await assert.rejects(podman.restore(snapshot, { name: COPY }), { code: "engine.cannotRestoreAs" });
    await podman.restore(snapshot);
    await countedAtLeast("podman", NAME, before.length + 1);
    assert.equal((await counted("podman", NAME))[before.length], (before.at(-1) ?? -1) + 1);
    await assert.rejects(podman.restore(snapshot), { code: "engine.stillRunning" });
    await stopContainer("podman", NAME);
    // The first restore used it up.
    await assert.rejects(podman.restore(snapshot), { code: "engine.noSuchCheckpoint" });
  });

  it("wakes from a container image as a new container", async () => {
    const { id } = await startContainer(podman, "podman", NAME);
    await countedAtLeast("podman", NAME, 4);
    const reference = "localhost/cryoscope-test:frozen";
    try {
      const { snapshot } = await podman.checkpoint(id, {
        name: "image",
        leaveRunning: true,
        containerImage: reference,
      });
      assert.deepEqual(snapshot.checkpoint, { kind: "image", reference });
      assert.equal((await podman.locate(snapshot)).path, undefined);
      const { container } = await podman.restore(snapshot, { name: COPY });
      assert.notEqual(container.id, id);
      assert.equal(container.name, COPY);
      assert.equal(container.state, "running");
      await removeContainer("podman", COPY);
    } finally {
      await removeImage(reference);
    }
  });

  it("wakes from a container image that buildah made of an archive, as the documentation says", async () => {
    await startContainer(podman, "podman", NAME);
    const last = await countedAtLeast("podman", NAME, 4);
    const reference = "localhost/cryoscope-test:built";
    const folder = await sharedFolder();
    try {
      const archive = join(folder, "frozen.tar");
      const { snapshot } = await podman.checkpoint(NAME, { name: "frozen", archive });
      const working = (await labOutput("buildah", "from", "scratch")).trim();
      await labOutput("buildah", "add", working, archive, "/");
      const annotation = `io.podman.annotations.checkpoint.name=${NAME}`;
      await labOutput("buildah", "config", "--annotation", annotation, working);
      await labOutput("buildah", "commit", "--rm", working, reference);
      const image = { ...snapshot, checkpoint: { kind: "image", reference } } as const;
      await podman.restore(image, { name: COPY });
      await countedAtLeast("podman", COPY, 2);
      assert.ok(((await counted("podman", COPY)).at(-1) ?? 0) > last);
      await removeContainer("podman", COPY);
    } finally {
      await removeImage(reference).catch(() => undefined);
      await rm(folder, { recursive: true });
    }
  });

  it("tells what CRIU is doing meanwhile, out of the log that it has CRIU write", async () => {
    await startContainer(podman, "podman", NAME, { command: LARGE });
    await countedAtLeast("podman", NAME, 1);
    const { told, work } = phasesTold();
    const archive = join(folder, "told.tar");
    const { snapshot } = await podman.checkpoint(NAME, { name: "told", archive }, work);
    assert.ok(told.includes("freezing: memory"), told.join(", "));
    for (const options of [{ replace: true }, { name: COPY }]) {
      told.length = 0;
      await podman.restore(snapshot, options, work);
      assert.ok(told.includes("restoring: memory"), `${JSON.stringify(options)}: ${told.join(", ")}`);
    }
  });

  it("follows what a container writes, line by line, until one leaves", async () => {
    const { id } = await startContainer(podman, "podman", NAME);
    const leave = new AbortController();
    const lines: number[] = [];
    for await (const line of podman.follow?.(id, { signal: leave.signal }) ?? []) {
      lines.push(Number(line));
      if (lines.length === 4) leave.abort();
    }
    const [first = NaN] = lines;
    assert.deepEqual(lines.slice(0, 4), [first, first + 1, first + 2, first + 3]);
  });

  it("restores a container of one pod into another", async () => {
    const pods = ["cryoscope-pod-1", "cryoscope-pod-2"];
    const [first = "", second = ""] = pods;
    try {
      for (const pod of pods) await labOutput("podman", "pod", "create", "--name", pod, "--network", "host");
      const image = `localhost/${LAB_IMAGES.busybox}`;
      const place = ["--pod", first, "--name", NAME, "--stop-timeout", "0"];
      await labStart("podman", "run", "--detach", ...place, image, ...COUNTER);
      await countedAtLeast("podman", NAME, 3);
      const archive = join(folder, "pod.tar");
      const { snapshot } = await podman.checkpoint(NAME, { name: "podded", archive });
      await removeContainer("podman", NAME);
      await podman.restore(snapshot, { name: COPY, pod: second });
      const pod = await labOutput("podman", "inspect", "--format", "{{.Pod}}", COPY);
      const wanted = await labOutput("podman", "pod", "inspect", "--format", "{{.Id}}", second);
      assert.equal(pod.trim(), wanted.trim());
    } finally {
      for (const pod of pods)
        await labOutput("podman", "pod", "rm", "--force", "--time", "0", "--ignore", pod);
    }
  });

  it("says that a container is not running or gone, and leaves no archive behind", async () => {
    const { id } = await startContainer(podman, "podman", NAME);
    await stopContainer("podman", NAME);
    const archive = join(folder, "none.tar");
    await assert.rejects(podman.checkpoint(id, { name: "late", archive }), { code: "engine.notRunning" });
    await podman.remove(id);
    await assert.rejects(podman.checkpoint(id, { name: "gone", archive }), {
      code: "engine.noSuchContainer",
    });
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith("none")),
      [],
    );
  });

  it("never writes over a file, and says when the folder can't be written", async () => {
    const { id } = await startContainer(podman, "podman", NAME);
    const archive = join(folder, "mine.tar");
    await writeFile(archive, "mine");
    await assert.rejects(podman.checkpoint(id, { name: "over", leaveRunning: true, archive }), {
      code: "engine.archiveExists",
    });
    await assert.rejects(
      podman.checkpoint(id, { name: "nowhere", leaveRunning: true, archive: join(folder, "no/such/a.tar") }),
      { code: "engine.archiveUnwritable" },
    );
    assert.equal((await podman.inspect(id)).state, "running");
  });

  it("says that a file is no checkpoint", async () => {
    const archive = join(folder, "text.tar");
    const { id } = await startContainer(podman, "podman", NAME);
    const { snapshot } = await podman.checkpoint(id, { name: "good", leaveRunning: true, archive });
    await rm(archive);
    await assert.rejects(podman.restore(snapshot, { name: COPY }), { code: "engine.archiveUnreadable" });
    const notACheckpoint = { code: "engine.notACheckpoint", message: /text\.tar/ };
    await writeFile(archive, "this is not a tar archive\n".repeat(100_000));
    await assert.rejects(podman.restore(snapshot, { replace: true }), notACheckpoint);
    assert.equal((await podman.inspect(id)).state, "running");
    await rm(archive);
    await run("tar", ["-cf", archive, "-C", import.meta.dirname, "sockets.ts"]);
    await assert.rejects(podman.restore(snapshot, { name: COPY }), notACheckpoint);
  });

  it("tells in words why CRIU refused, and freezes with the switch it names", async () => {
    const { id } = await startContainer(podman, "podman", NAME, { command: connected(await freePort()) });
    await countedAtLeast("podman", NAME, 1);
    const archive = join(folder, "connected.tar");
    await assert.rejects(podman.checkpoint(id, { name: "connected", archive }), {
      code: "engine.criuRefused",
      message: /open TCP connections.*Error \(criu\/sk-inet\.c:\d+\).*Connected TCP socket/,
      next: /tcpEstablished/,
      file: /dump\.log$/,
    });
    assert.equal((await podman.inspect(id)).state, "running");
    const { snapshot } = await podman.checkpoint(id, { name: "connected", archive, tcpEstablished: true });
    assert.deepEqual(snapshot.needs, ["tcpEstablished"]);
    assert.equal((await podman.restore(snapshot, { replace: true })).container.state, "running");
  });

  it("can be interrupted, and leaves no half archive", async () => {
    const { id } = await startContainer(podman, "podman", NAME);
    const archive = join(folder, "cut.tar");
    const stop = new AbortController();
    const work = podman.checkpoint(id, { name: "cut", leaveRunning: true, archive }, { signal: stop.signal });
    setTimeout(() => {
      stop.abort();
    }, 30);
    await assert.rejects(work, { name: "AbortError" });
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith("cut")),
      [],
    );
  });
});
