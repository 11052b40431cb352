// From VS Code to the engines and back: containers are made here, everything else happens in a real extension host.
import assert from "node:assert/strict";
import { copyFile, cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { programsOf } from "../../src/debug/index.ts";
import { hostUnavailable, PROJECT, runExtensionTests } from "../host/index.ts";
import { fixture } from "../unit/fixtures.ts";
import { labSocket, removeContainer, startContainer, connectLab, containerCount } from "./engine-helpers.ts";
import type { LabEngine } from "./engine-helpers.ts";
import { sharedFolder } from "./engine-machine.ts";
import { provideTools } from "./live-helpers.ts";

const ENGINES: readonly LabEngine[] = ["docker", "podman"];

const PROGRAMS = join(PROJECT, "test/lab/programs");
/** Of a folder that a container sees as `/srv/app`: a workspace, whose files are found by the mount alone. */
const SEEN_AS = "/srv/app";

interface Steps {
  readonly engine: LabEngine;
  readonly runtime: "native" | "python" | "node";
  readonly image: "debuggers" | "node";
  readonly command: readonly string[];
  readonly name: string;
  readonly line: number;
  readonly localRoot?: string;
  readonly remoteRoot?: string;
  readonly expression: string;
  readonly changeContext: "watch" | "repl";
}

/** The programs `steps`, and how their debuggers are asked about them at the line in their step. */
const STEPS: readonly Steps[] = [
  {
    ...{ engine: "podman", runtime: "native", image: "debuggers", command: ["/steps"], name: "steps.c" },
    ...{ line: 12, localRoot: PROJECT, remoteRoot: "/project", expression: "order->what" },
    changeContext: "watch",
  },
  {
    ...{ engine: "docker", runtime: "native", image: "debuggers", command: ["/steps"], name: "steps.c" },
    ...{ line: 12, localRoot: PROJECT, remoteRoot: "/project", expression: "order->what" },
    changeContext: "watch",
  },
  {
    ...{ engine: "podman", runtime: "python", image: "debuggers", name: "steps.py" },
    ...{ command: ["/usr/bin/python3", `${SEEN_AS}/steps.py`], line: 16, expression: "order.what" },
    changeContext: "repl",
  },
  {
    ...{ engine: "podman", runtime: "node", image: "node", name: "steps.js" },
    ...{ command: ["/usr/bin/node", `${SEEN_AS}/steps.js`], line: 8, expression: "order.what" },
    changeContext: "repl",
  },
  {
    ...{ engine: "docker", runtime: "node", image: "node", name: "steps.js" },
    ...{ command: ["/usr/bin/node", `${SEEN_AS}/steps.js`], line: 8, expression: "order.what" },
    changeContext: "repl",
  },
];

describe("VS Code with the lab's engines", function () {
  this.timeout(1_200_000);
  let workspace = "";
  const containerOf = (kind: LabEngine): string => `live-${kind}`;

  before(async function () {
    const why = hostUnavailable();
    if (why !== undefined && process.env["CI"] !== "true") this.skip();
    workspace = await sharedFolder();
  });
  after(async () => {
    for (const kind of ENGINES) await removeContainer(kind, containerOf(kind));
    for (const { runtime, engine } of STEPS) await removeContainer(engine, `live-${runtime}-${engine}`);
    for (const name of ["live-ends", "live-turning", "live-dies", "live-listens"])
      await removeContainer("podman", name);
    await rm(workspace, { recursive: true, force: true });
  });

  it("freezes, wakes and debugs a Node container of each engine, and steps other programs", async () => {
    const cases = [];
    for (const kind of ENGINES) {
      const value = `frozen-${kind}-${Math.random().toString(36).slice(2)}`;
      const program = `globalThis.frozen=${JSON.stringify(value)};globalThis.counter=0;setInterval(()=>globalThis.counter++,50)`;
      const inspect = `--inspect=127.0.0.1:${await freePort()}`;
      await startContainer(await connectLab(kind), kind, containerOf(kind), {
        image: "node",
        command: ["/usr/bin/node", inspect, "-e", program],
      });
      cases.push({
        engine: kind,
        endpoint: `unix://${labSocket(kind)}`,
        container: containerOf(kind),
        value,
      });
    }
    const steps = [];
    for (const { engine, runtime, command, image, name, ...how } of STEPS) {
      const container = `live-${runtime}-${engine}`;
      const value = `word${Math.random().toString(36).slice(2)}`;
      const isMounted = !("localRoot" in how);
      await copyFile(join(PROGRAMS, name), join(workspace, name));
      await startContainer(await connectLab(engine), engine, container, {
        ...{ image, network: "none", command: [...command, "1000", value] },
        ...(isMounted && { binds: [`${workspace}:${SEEN_AS}`] }),
      });
      steps.push({
        ...{ ...how, engine, runtime, container, value, counter: "before", change: "before = 900000" },
        ...{ file: join(isMounted ? workspace : PROGRAMS, name), endpoint: `unix://${labSocket(engine)}` },
      });
    }
    const podman = await connectLab("podman");
    await startContainer(podman, "podman", "live-ends", {
      ...{ image: "debuggers", command: ["/steps", "1000", "word"], network: "none" },
    });
    const look = `while true; do [ -e ${SEEN_AS}/turn ] && touch /turned; sleep 0.1; done`;
    const turning = await startContainer(podman, "podman", "live-turning", {
      ...{ command: ["/bin/sh", "-c", look], network: "none", binds: [`${workspace}:${SEEN_AS}`] },
    });
    // Its one system call comes back interrupted after a restore.
    await startContainer(podman, "podman", "live-dies", { command: ["sleep", "1000"], network: "none" });
    const listens = [
      "/usr/bin/node",
      `--inspect=127.0.0.1:${await freePort()}`,
      "-e",
      "setInterval(() => {}, 50)",
    ];
    await startContainer(podman, "podman", "live-listens", { image: "node", command: listens });
    const tools = join(workspace, "tools");
    await mkdir(tools);
    await provideTools(tools, ["lldb-dap"]);
    const ends = {
      ...{ dies: "live-dies", listens: "live-listens" },
      ...{ endpoint: `unix://${labSocket("podman")}`, steps: "live-ends", turning: "live-turning" },
      ...{ file: join(PROGRAMS, "steps.c"), line: 12, localRoot: PROJECT, remoteRoot: "/project" },
      turn: join(workspace, "turn"),
      tools,
      turningPid: (await programsOf(turning, podman))[0]?.hostPid ?? 0,
    };
    const before = await containerCount("podman");
    const folder = await mkdtemp(join(tmpdir(), "cryo-live-"));
    try {
      const code = await runExtensionTests({
        extension: PROJECT,
        tests: join(PROJECT, "dist/test/vscode-lab/index.cjs"),
        folder,
        env: {
          CRYOSCOPE_TEST_CASES: JSON.stringify(cases),
          CRYOSCOPE_TEST_STEPS: JSON.stringify(steps),
          CRYOSCOPE_TEST_ENDS: JSON.stringify(ends),
          CRYOSCOPE_TEST_CORES: JSON.stringify(await frozenForCores(workspace)),
          DOCKER_HOST: `unix://${labSocket("docker")}`,
          CONTAINER_HOST: `unix://${labSocket("podman")}`,
        },
        timeoutMs: 1_000_000,
      });
      assert.equal(code, 0);
      assert.equal(await containerCount("podman"), before, "containers were left over");
      for (const name of ["live-ends", "live-turning", "live-listens"])
        assert.equal((await podman.inspect(name)).state, "running", `${name} did not outlive its sessions`);
      for (const kind of ENGINES) {
        const { state } = await (await connectLab(kind)).inspect(containerOf(kind));
        assert.equal(state, "running", `${containerOf(kind)} did not outlive its debug session`);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** Programs that were frozen long ago, and folders that have one debugger each, for test/vscode-lab/core.test.ts. */
async function frozenForCores(workspace: string): Promise<unknown> {
  const folder = join(workspace, "cores");
  await cp(join(await fixture("memory/elfcore"), "root"), join(folder, "c/root"), { recursive: true });
  await cp(join(await fixture("memory/elfcore"), "img"), join(folder, "c/img"), { recursive: true });
  const program = join(folder, "go/root/opt/frozen/frozen");
  await cp(join(await fixture("unwind/go-frozen"), "frozen"), program);
  await cp(join(await fixture("unwind/go-checkpoint"), "img"), join(folder, "go/img"), { recursive: true });
  for (const name of ["gdb", "lldb-dap", "dlv"]) {
    const tools = join(folder, "tools", name);
    await mkdir(tools, { recursive: true });
    await provideTools(tools, [name]);
  }
  return { folder };
}

/** A port that nothing listened on a moment ago; the containers share this machine's network. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === "object" && address !== null) resolve(address.port);
        else reject(new Error("no port"));
      });
    });
  });
}
