// Again and again, many at once, and cut off in the middle.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connectEngine, freezeAll, readCatalog, sweepDrafts, writeCatalog } from "../../src/engine/index.ts";
import type { Container, Engine, Snapshot } from "../../src/engine/index.ts";
import {
  connectLab,
  counted,
  countedAtLeast,
  frozenProcesses,
  labSocket,
  removeContainer,
  startContainer,
  until,
} from "./engine-helpers.ts";
import type { LabEngine } from "./engine-helpers.ts";
import { labMachine, labOutput, sharedFolder } from "./engine-machine.ts";
import { PROJECT } from "./place.ts";

const run = promisify(execFile);
/** CRYOSCOPE_LAB_CYCLES=10 for a short run. */
const CYCLES = Number(process.env.CRYOSCOPE_LAB_CYCLES ?? 50);
const MANY = 10;

describe("freezing again and again in the lab", function () {
  this.timeout(60_000 + CYCLES * 6000);
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-cycles-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it(`${CYCLES} times Docker's container counts on where it was, never back and never ahead`, async () => {
    const name = "cryoscope-cycles-docker";
    const docker = await connectLab("docker");
    try {
      const { id } = await startContainer(docker, "docker", name);
      let length = 3;
      for (let cycle = 0; cycle < CYCLES; cycle++) {
        await countedAtLeast("docker", name, length);
        const { snapshot } = await docker.checkpoint(id, { name: `cycle-${cycle}` });
        length = (await counted("docker", name)).length + 2;
        await docker.restore(snapshot);
        await docker.deleteCheckpoint?.(id, `cycle-${cycle}`);
      }
      await countedAtLeast("docker", name, length);
      const numbers = await counted("docker", name);
      assert.deepEqual(
        numbers,
        numbers.map((_, index) => index),
      );
      assert.ok(numbers.length >= 2 * CYCLES);
    } finally {
      await removeContainer("docker", name);
    }
  });

  it(`${CYCLES} times Podman's container comes back from its archive with the next number`, async () => {
    const name = "cryoscope-cycles-podman";
    const podman = await connectLab("podman");
    try {
      await startContainer(podman, "podman", name);
      let last = await countedAtLeast("podman", name, 3);
      for (let cycle = 0; cycle < CYCLES; cycle++) {
        const archive = join(folder, `${cycle}.tar`);
        const { snapshot } = await podman.checkpoint(name, { name: `cycle-${cycle}`, archive });
        const frozen = (await counted("podman", name)).at(-1) ?? -1;
        assert.ok(frozen >= last, `${frozen} after ${last}`);
        await podman.restore(snapshot, { replace: true });
        // The log comes along in the archive or begins anew; in both the next number is the next.
        await countedAtLeast("podman", name, 2);
        const numbers = await counted("podman", name);
        assert.ok(numbers.includes(frozen + 1), `${frozen + 1} is missing: ${numbers.join(" ")}`);
        const [first = Number.NaN] = numbers;
        assert.deepEqual(
          numbers,
          numbers.map((_, index) => first + index),
        );
        last = numbers.at(-1) ?? -1;
        await rm(archive);
      }
    } finally {
      await removeContainer("podman", name);
    }
  });

  it(`freezes ${MANY} containers at once, each into a whole archive`, async () => {
    const podman = await connectLab("podman");
    await atOnce("podman", podman, async (names) => {
      for (const name of names)
        assert.ok((await frozenProcesses(join(folder, `${name}.tar`))).includes("sh"), name);
    });
  });

  it(`freezes ${MANY} of Docker's containers at once, though it can take but one upload after the other`, async () => {
    const docker = await connectLab("docker");
    await atOnce("docker", docker, async (names) => {
      for (const name of names) assert.deepEqual(await docker.listCheckpoints?.(name), [name]);
    });
  });

  /** All of them go on running. */
  async function atOnce(
    kind: LabEngine,
    engine: Engine,
    check: (names: readonly string[]) => Promise<void>,
  ): Promise<void> {
    const names = Array.from({ length: MANY }, (_, index) => `cryoscope-many-${index}`);
    try {
      const containers: Container[] = [];
      for (const name of names) containers.push(await startContainer(engine, kind, name));
      const outcomes = await freezeAll(
        engine,
        containers,
        ({ name }) => ({ name, leaveRunning: true, archive: join(folder, `${name}.tar`) }),
        { atOnce: MANY },
      );
      assert.deepEqual(
        outcomes.map(({ problem }) => problem?.message),
        names.map(() => undefined),
      );
      await check(names);
      for (const name of names) assert.equal((await engine.inspect(name)).state, "running");
    } finally {
      for (const name of names) await removeContainer(kind, name);
    }
  }

  it("leaves nothing half-made in a catalog when the process is killed in the middle", async () => {
    const name = "cryoscope-killed";
    const podman = await connectLab("podman");
    try {
      // 64 MiB of memory: the archive takes a while.
      const fill = "x=$(head -c 67108864 /dev/zero | tr '\\0' x); echo 0; while true; do sleep 1; done";
      await startContainer(podman, "podman", name, { command: ["/bin/busybox", "sh", "-c", fill] });
      await countedAtLeast("podman", name, 1);
      const catalog = join(folder, "catalog");
      await mkdir(catalog);
      await writeCatalog(catalog, { snapshots: [record("before")], unreadable: [] });
      const script = `import { connectEngine } from ${JSON.stringify(join(PROJECT, "src/engine/index.ts"))};
        const engine = await connectEngine(${JSON.stringify(`unix://${labSocket("podman")}`)});
        await engine.checkpoint(${JSON.stringify(name)}, { name: "killed", leaveRunning: true, archive: ${JSON.stringify(join(catalog, "killed.tar"))} },
          { onProgress: ({ phase, bytes }) => { if (phase === "writing" && bytes > 0) process.kill(process.pid, "SIGKILL"); } });`;
      const args = ["--import", "tsx", "--input-type=module", "-e", script];
      const ended = await new Promise<NodeJS.Signals | null>((resolve) => {
        spawn(process.execPath, args, { cwd: PROJECT, stdio: "inherit" }).once("exit", (_code, signal) => {
          resolve(signal);
        });
      });
      assert.equal(ended, "SIGKILL");
      const left = await readdir(catalog);
      assert.ok(!left.includes("killed.tar"), left.join(" "));
      assert.deepEqual(
        (await readCatalog(catalog)).snapshots.map((one) => one.id),
        ["before"],
      );
      await sweepDrafts(catalog);
      assert.deepEqual(await readdir(catalog), ["catalog.json"]);
      // The engine has come to its end by itself, and can be asked again.
      const archive = join(catalog, "again.tar");
      await podman.checkpoint(name, { name: "again", leaveRunning: true, archive });
      assert.ok((await frozenProcesses(archive)).length > 0);
    } finally {
      await removeContainer("podman", name);
    }
  });

  it("leaves nothing half-made when the disk is full, and says so", async () => {
    const name = "cryoscope-full";
    const small = join(folder, "small");
    const podman = await connectLab("podman");
    await mkdir(small);
    await run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", small]);
    try {
      await startContainer(podman, "podman", name);
      const archive = join(small, "full.tar");
      await assert.rejects(podman.checkpoint(name, { name: "full", leaveRunning: true, archive }), {
        code: "engine.archiveUnwritable",
        message: /ENOSPC|no space/i,
      });
      assert.deepEqual(await readdir(small), []);
      assert.equal((await podman.inspect(name)).state, "running");
      // A catalog on a full disk keeps its old records.
      await writeCatalog(small, { snapshots: [record("kept")], unreadable: [] });
      const large = Array.from({ length: 500 }, (_, index) => record(`large-${index}`));
      await assert.rejects(writeCatalog(small, { snapshots: large, unreadable: [] }), {
        code: "engine.archiveUnwritable",
      });
      assert.deepEqual(
        (await readCatalog(small)).snapshots.map(({ id }) => id),
        ["kept"],
      );
      assert.deepEqual(await readdir(small), ["catalog.json"]);
    } finally {
      await removeContainer("podman", name);
      await run("umount", [small]);
    }
  });

  it("has criu's own images removed when the disk is full in the middle", async () => {
    const shared = await sharedFolder();
    const criu: Engine = await connectEngine("criu://", { machine: labMachine() });
    const small = join(shared, "small");
    await mkdir(small);
    // Mounted in the lab and seen from here through its own root.
    await labOutput("mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", small);
    try {
      const inner = `/proc/${await labInit()}/root${small}`;
      assert.deepEqual(await readdir(inner), []);
      const own = "exec setsid --fork sleep 4711 </dev/null >/dev/null 2>&1";
      await labMachine().run("sh", ["-c", own], { output: "/dev/null" });
      // setsid leaves before its child has become `sleep`.
      const found = await until(async () =>
        (await criu.list()).find(({ command }) => command === "sleep 4711"),
      );
      await assert.rejects(
        criu.checkpoint(found.id, { name: "full", leaveRunning: true, folder: join(inner, "full") }),
        (error: { readonly code?: string }) => error.code?.startsWith("engine.") === true,
      );
      assert.deepEqual(
        (await readdir(inner)).filter((entry) => !entry.endsWith(".log")),
        [],
      );
      assert.equal((await criu.inspect(found.id)).state, "running");
      await criu.remove(found.id);
    } finally {
      await labOutput("umount", small);
      await rm(shared, { recursive: true });
    }
  });
});

async function labInit(): Promise<string> {
  return /^\/proc\/(\d+)\//.exec(labMachine().procfs)?.[1] ?? "";
}

function record(id: string): Snapshot {
  return {
    format: 1,
    id,
    name: id,
    note: "",
    time: "2026-01-01T00:00:00.000Z",
    engine: { kind: "podman", version: "5", endpoint: "unix:///x" },
    container: { id: "c", name: "web", image: "busybox" },
    checkpoint: { kind: "container" },
    leftRunning: true,
    needs: [],
  };
}
