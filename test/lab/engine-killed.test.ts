// The engine itself is killed in the middle of a checkpoint: of that nothing is left that looks like one.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectEngine } from "../../src/engine/index.ts";
import {
  connectLab,
  containerCount,
  countedAtLeast,
  frozenProcesses,
  removeContainer,
  startContainer,
  until,
} from "./engine-helpers.ts";
import { labOutput, labStart } from "./engine-machine.ts";
import { silentEngines } from "./engines.ts";
import { RUN } from "./place.ts";
import { DOCKER_DATA } from "./sockets.ts";

/** Much memory: it takes a while to write. */
const MEGABYTES = 256;
const FILL = `x=$(head -c ${MEGABYTES << 20} /dev/zero | tr '\\0' x); echo 0; while true; do sleep 1; done`;
const COMMAND = ["/bin/busybox", "sh", "-c", FILL];

describe("an engine killed in the middle of a checkpoint", function () {
  this.timeout(120_000);
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-killed-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("leaves no archive when it is Podman's service, and the next checkpoint is whole", async () => {
    const name = "killed-podman";
    const socket = join(RUN, "second.sock");
    await labStart("setsid", "--fork", "podman", "system", "service", "--time=0", `unix://${socket}`);
    try {
      const second = await until(() => connectEngine(`unix://${socket}`).catch(() => undefined));
      const podman = await connectLab("podman");
      await startContainer(podman, "podman", name, { command: COMMAND });
      await countedAtLeast("podman", name, 1);
      const archive = join(folder, "killed.tar");
      let killed: Promise<string> | undefined;
      await assert.rejects(
        second.checkpoint(
          name,
          { name: "killed", leaveRunning: true, archive },
          {
            onProgress: ({ phase, bytes = 0 }) => {
              if (phase === "writing" && bytes > 0) killed ??= kill(`podman system service.*${socket}`);
            },
          },
        ),
        (error: { readonly code?: string }) => error.code?.startsWith("engine.") === true,
      );
      assert.ok(killed, "it was killed while it wrote");
      await killed;
      assert.deepEqual(await readdir(folder), []);
      await podman.checkpoint(name, { name: "again", leaveRunning: true, archive });
      assert.ok((await frozenProcesses(archive)).length > 0);
    } finally {
      await removeContainer("podman", name);
      await rm(socket, { force: true });
    }
  });

  it("leaves no snapshot when it is dockerd, which can freeze again after its restart", async () => {
    const name = "killed-docker";
    const docker = await connectLab("docker");
    const { id } = await startContainer(docker, "docker", name, { command: COMMAND });
    try {
      await countedAtLeast("docker", name, 1);
      const begun = join(DOCKER_DATA, "containers", id, "checkpoints/killed");
      const frozen = docker.checkpoint(id, { name: "killed", leaveRunning: true });
      // Seen at once if it comes too early; awaited below.
      frozen.catch(() => undefined);
      while (!existsSync(begun)) await sleep(2);
      await labOutput("kill", "-KILL", (await labOutput("cat", "/run/docker.pid")).trim());
      await assert.rejects(frozen, (error: { readonly code?: string }) =>
        ["engine.unreachable", "engine.noSocket", "engine.refusedConnection"].includes(error.code ?? ""),
      );
    } finally {
      await restartDocker();
      await removeContainer("docker", name);
    }
    await startContainer(docker, "docker", name);
    try {
      await countedAtLeast("docker", name, 2);
      const { snapshot } = await docker.checkpoint(name, { name: "again" });
      await docker.restore(snapshot);
      assert.equal((await docker.inspect(name)).state, "running");
      assert.ok((await containerCount("docker")) >= 1);
    } finally {
      await removeContainer("docker", name);
    }
  });
});

/** Ends the lab's processes with such a command line, and gives their numbers. */
async function kill(pattern: string): Promise<string> {
  const script =
    'for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline 2>/dev/null | grep -q "^$0" && kill -KILL ${p#/proc/} && echo ${p#/proc/}; done; true';
  return labOutput("sh", "-c", script, pattern);
}

/** As init.sh started it; its containerd outlived it and is taken over. */
async function restartDocker(): Promise<void> {
  await labOutput("rm", "-f", "/run/docker.pid");
  await labStart("setsid", "--fork", "sh", "-c", 'exec dockerd >>"$0" 2>&1', join(RUN, "dockerd.log"));
  await until(async () => ((await silentEngines()).length === 0 ? true : undefined), 60_000).catch(
    async (error: unknown) => {
      throw new Error((await readFile(join(RUN, "dockerd.log"), "utf8")).slice(-2000), { cause: error });
    },
  );
}
