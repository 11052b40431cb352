import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { connectEngine, preflight } from "../../src/engine/index.ts";
import type { Engine } from "../../src/engine/index.ts";
import { connected, freePort, frozenProcesses, until } from "./engine-helpers.ts";
import { FILE_COUNTER, labMachine, labOutput, sharedFolder } from "./engine-machine.ts";

/** The containerd that the lab's Docker started. */
const SOCKET = "/run/docker/containerd/containerd.sock";
const NAMESPACE = "cryoscope";
const IMAGE = "docker.io/lab/busybox:latest";
const ID = "counting";
const FULL = `${NAMESPACE}/${ID}`;

const ctr = (...args: readonly string[]): Promise<string> =>
  labOutput("ctr", "--address", SOCKET, "--namespace", NAMESPACE, ...args);

describe("containerd in the lab", () => {
  let engine: Engine;
  let folder: string;

  before(async () => {
    folder = await sharedFolder();
    engine = await connectEngine(`containerd://${SOCKET}`, { machine: labMachine() });
    await labOutput("docker", "save", "--output", join(folder, "image.tar"), "lab/busybox");
    await ctr("images", "import", join(folder, "image.tar"));
  });
  afterEach(() => engine.remove(FULL));
  after(async () => {
    await ctr("images", "remove", "--sync", IMAGE);
    await rm(folder, { recursive: true });
  });

  async function start(command: readonly string[] = FILE_COUNTER): Promise<void> {
    const labels = ["--label", "nerdctl/name=known-by-this"];
    await ctr("run", "--detach", "--null-io", "--net-host", ...labels, IMAGE, ID, ...command);
  }
  /** What it counted, in its root file system as the lab sees it. */
  async function counted(): Promise<readonly number[]> {
    const { pid } = await engine.inspect(FULL);
    const text = await readFile(`${labMachine().procfs}/${pid}/root/count`, "utf8").catch(() => "");
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map(Number);
  }
  const atLeast = (count: number): Promise<readonly number[]> =>
    until(async () => {
      const numbers = await counted();
      return numbers.length >= count ? numbers : undefined;
    });

  it("lists the containers of its namespaces by the names that people know, and leaves Docker's to Docker", async () => {
    await start();
    const found = (await engine.list()).find(({ id }) => id === FULL);
    assert.equal(found?.name, "known-by-this");
    assert.equal(found.image, IMAGE);
    assert.equal(found.state, "running");
    assert.ok((await engine.list()).every(({ id }) => !id.startsWith("moby/")));
    const details = await engine.inspect(FULL);
    assert.deepEqual(details.argv, FILE_COUNTER);
    assert.match(await ctr("tasks", "list"), new RegExp(`^${ID}\\s+${details.pid}\\s+RUNNING`, "m"));
  });

  it("freezes into an archive that opens, leaves the container running and nothing in the content store", async () => {
    await start();
    await atLeast(3);
    const images = await ctr("images", "list", "--quiet");
    const archive = join(folder, "frozen.tar");
    const { snapshot } = await engine.checkpoint(FULL, { name: "frozen", archive });
    assert.equal(snapshot.leftRunning, true);
    assert.equal((await engine.inspect(FULL)).state, "running");
    assert.ok((await frozenProcesses(archive)).includes("sh"));
    assert.equal(await ctr("images", "list", "--quiet"), images);
  });

  it("brings the container back where it was, with the files that it wrote", async () => {
    await start();
    await atLeast(3);
    const archive = join(folder, "back.tar");
    const { snapshot } = await engine.checkpoint(FULL, { name: "back", archive });
    const later = await atLeast((await counted()).length + 5);
    await assert.rejects(engine.restore(snapshot), { code: "engine.stillRunning" });
    const { container } = await engine.restore(snapshot, { replace: true });
    assert.equal(container.state, "running");
    const back = await counted();
    assert.ok(back.length < later.length, `${back.length} after ${later.length}: it goes on from then`);
    const on = await atLeast(back.length + 3);
    assert.deepEqual(
      on,
      on.map((_, index) => index),
    );
    // And once more, though it is gone altogether.
    await engine.remove(FULL);
    await assert.rejects(engine.inspect(FULL), { code: "engine.noSuchContainer" });
    await engine.restore(snapshot);
    assert.equal((await engine.inspect(FULL)).state, "running");
  });

  it("says that CRIU refused, and leaves neither archive nor draft", async () => {
    await start(connected(await freePort()));
    const archive = join(folder, "refused.tar");
    // Foreseen, too: by the same looks at /proc as for any other engine.
    await until(async () =>
      (await preflight(engine, FULL, { machine: labMachine() })).some(
        ({ code, outcome }) => code === "tcpEstablished" && outcome === "stops",
      )
        ? true
        : undefined,
    );
    await assert.rejects(engine.checkpoint(FULL, { name: "refused", archive }), {
      code: "engine.criuRefused",
    });
    assert.deepEqual(
      (await labOutput("ls", folder)).split("\n").filter((name) => name.includes("refused")),
      [],
    );
    assert.equal((await engine.inspect(FULL)).state, "running");
  });

  it("says what can't be done", async () => {
    await assert.rejects(engine.inspect(`${NAMESPACE}/nobody`), { code: "engine.noSuchContainer" });
    for (const id of ["--help", "a/b/c", "/x", "x", `${NAMESPACE}/--exit`])
      await assert.rejects(engine.inspect(id), { code: "engine.noSuchContainer" });
    const nowhere = connectEngine("containerd:///run/nowhere.sock", { machine: labMachine() });
    await assert.rejects(nowhere, { code: "engine.refusedConnection" });
  });
});
