// An extension host that is killed leaves things behind; the next one sees to them. Both are real, in a real VS Code.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freezerOf, programsOf } from "../../src/debug/index.ts";
import type { Engine } from "../../src/engine/index.ts";
import { hostUnavailable, PROJECT, runExtensionTests } from "../host/index.ts";
import { connectLab, labSocket, removeContainer, startContainer, until } from "./engine-helpers.ts";
import { DOCKER_DATA } from "./sockets.ts";

const CONTAINERS = {
  attached: "killed-attached",
  copied: "killed-copied",
  dockered: "killed-dockered",
  held: "killed-held",
  stopped: "killed-stopped",
} as const;
const DOCKERED = [CONTAINERS.dockered, CONTAINERS.stopped];
/** Long, since nothing here may depend on how busy the machine is. */
const PATIENCE = 240_000;

/** What the host says just before its end: that it was the moment that was meant. */
const MOMENTS = [
  { moment: "copying", seen: /^stopped-/ },
  { moment: "holding", seen: /^frozen$/ },
  { moment: "unpacking", seen: /\.part$/ },
  { moment: "stopped", seen: /^[Tt]$/ },
] as const;

const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

describe("an extension host that is killed in the middle of live sessions", function () {
  this.timeout(900_000);
  let scratch = "";
  let podman: Engine;
  let docker: Engine;

  before(async function () {
    if (hostUnavailable() !== undefined && process.env["CI"] !== "true") this.skip();
    scratch = await mkdtemp(join(tmpdir(), "cryo-killed-"));
    for (const name of ["data", "tmp", "workspace"]) await mkdir(join(scratch, name));
    podman = await connectLab("podman");
    docker = await connectLab("docker");
    const steps = { image: "debuggers", command: ["/steps", "1000", "word"], network: "none" } as const;
    for (const name of [CONTAINERS.attached, CONTAINERS.copied, CONTAINERS.held])
      await startContainer(podman, "podman", name, steps);
    for (const name of DOCKERED) await startContainer(docker, "docker", name, { ...steps, network: "host" });
  });
  after(async () => {
    for (const { name } of (await podman?.list()) ?? [])
      if (name.startsWith("killed-")) await removeContainer("podman", name);
    for (const name of DOCKERED) await removeContainer("docker", name);
    if (scratch !== "") await rm(scratch, { recursive: true, force: true });
  });

  it("leaves nothing for longer than until the next one starts", async () => {
    const held = await podman.inspect(CONTAINERS.held);
    const [{ hostPid: heldPid = 0 } = {}] = await programsOf(held, podman);
    const checkpoints = join(
      DOCKER_DATA,
      "containers",
      (await docker.inspect(CONTAINERS.dockered)).id,
      "checkpoints",
    );
    // Docker makes it with the first checkpoint.
    await mkdir(checkpoints, { recursive: true, mode: 0o700 });
    const common = {
      ...{ docker: `unix://${labSocket("docker")}`, podman: `unix://${labSocket("podman")}` },
      ...{ containers: CONTAINERS, checkpoints, heldPid },
    };
    const start = (moment: string, marker: string, over: Promise<void>): Promise<number> =>
      runExtensionTests({
        extension: PROJECT,
        tests: join(PROJECT, "dist/test/vscode-lab/index.cjs"),
        folder: join(scratch, "workspace"),
        data: join(scratch, "data"),
        env: {
          CRYOSCOPE_TEST_KILLED: JSON.stringify({ ...common, moment, marker }),
          DOCKER_HOST: common.docker,
          CONTAINER_HOST: common.podman,
          TMPDIR: join(scratch, "tmp"),
        },
        timeoutMs: PATIENCE,
        over,
      });

    for (const { moment, seen } of MOMENTS) {
      const marker = join(scratch, `${moment}.json`);
      const died = until(() => Promise.resolve(lastWords(marker)), PATIENCE);
      assert.equal(
        await start(
          moment,
          marker,
          died.then(gone, () => undefined),
        ),
        0,
      );
      const last = await died;
      assert.match(last.seen, seen);
      assert.equal(isAlive(last.pid), false);
    }

    const records = await recordFolder(join(scratch, "data"));
    assert.ok((await readdir(records)).length > 0, "nothing was noted");
    const nothingLeft = until(async () => ((await left()).length === 0 ? true : undefined), PATIENCE);
    await start(
      "after",
      "",
      nothingLeft.then(
        () => undefined,
        () => undefined,
      ),
    );
    assert.deepEqual(await left(), []);
    assert.equal((await podman.inspect(CONTAINERS.held)).state, "running");

    /** All that is there and should not be, one a line. */
    async function left(): Promise<readonly string[]> {
      const containers = (await podman.list()).filter(({ name }) => /^killed-.*-debug-/.test(name));
      const drafts = (await readdir(scratch, { recursive: true })).filter((name) =>
        /\.part$|(?:^|\/)cryoscope-[a-z]+-/.test(name),
      );
      const stopped = (await readdir(checkpoints)).filter((name) => name.startsWith("stopped-"));
      const processes: string[] = [];
      for (const name of Object.values(CONTAINERS)) {
        const engine = DOCKERED.some((one) => one === name) ? docker : podman;
        const container = await engine.inspect(name);
        if (container.state === "exited") continue;
        for (const { hostPid, argv } of await programsOf(container, engine)) {
          const status = readFileSync(`/proc/${hostPid ?? 0}/status`, "utf8");
          const state = /^State:\s+(\S)/m.exec(status)?.[1] ?? "";
          const isFree = /^TracerPid:\t0$/m.test(status) && /[SR]/.test(state);
          if (argv[0] !== "/steps" || !isFree) processes.push(`${name}: ${argv.join(" ")} (${state})`);
        }
        const [{ hostPid = 0 } = {}] = await programsOf(container, engine);
        // Undefined for one that is frozen.
        if ((await freezerOf(container.id, hostPid)) === undefined) processes.push(`${name} is frozen`);
      }
      return [...containers.map(({ name }) => name), ...drafts, ...stopped, ...processes];
    }
  });
});

interface LastWords {
  readonly seen: string;
  readonly pid: number;
}

/** What a host wrote that is no more. */
function lastWords(marker: string): LastWords | undefined {
  if (!existsSync(marker)) return undefined;
  const words = JSON.parse(readFileSync(marker, "utf8") || "null") as LastWords | null;
  return words === null || isAlive(words.pid) ? undefined : words;
}

const gone = (): void => undefined;

/** Where VS Code lets the extension keep its own. */
async function recordFolder(data: string): Promise<string> {
  const names = await readdir(data, { recursive: true });
  const found = names.find((name) => /globalStorage\/cryoscope\.cryoscope\/sessions$/.test(name));
  assert.ok(found, "the extension keeps no records");
  return join(data, found);
}
