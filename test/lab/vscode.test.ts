// From VS Code to the engines and back: containers are made here, everything else happens in a real extension host.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostUnavailable, PROJECT, runExtensionTests } from "../host/index.ts";
import { labSocket, removeContainer, startContainer, connectLab, containerCount } from "./engine-helpers.ts";
import type { LabEngine } from "./engine-helpers.ts";

const ENGINES: readonly LabEngine[] = ["docker", "podman"];

const PROGRAMS = join(PROJECT, "test/lab/programs");
/** The two programs `steps`, and how their debuggers are asked about them at the line in their step. */
const STEPS = [
  {
    ...{ runtime: "native", command: ["/steps"], file: join(PROGRAMS, "steps.c"), line: 12 },
    ...{ localRoot: PROJECT, remoteRoot: "/project" },
    ...{ expression: "order->what", counter: "before" },
    ...{ change: "before = 900000", changeContext: "watch" },
  },
  {
    ...{ runtime: "python", command: ["/usr/bin/python3", "/app/steps.py"] },
    ...{ localRoot: PROGRAMS, remoteRoot: "/app" },
    ...{ file: join(PROGRAMS, "steps.py"), line: 16, expression: "order.what", counter: "before" },
    ...{ change: "before = 900000", changeContext: "repl" },
  },
] as const;

describe("VS Code with the lab's engines", function () {
  this.timeout(480_000);
  const containerOf = (kind: LabEngine): string => `live-${kind}`;

  before(function () {
    const why = hostUnavailable();
    if (why !== undefined && process.env["CI"] !== "true") this.skip();
  });
  after(async () => {
    for (const kind of ENGINES) await removeContainer(kind, containerOf(kind));
    for (const { runtime } of STEPS) await removeContainer("podman", `live-${runtime}`);
  });

  it("freezes, wakes and debugs a Node container of each engine, and steps programs of Podman's", async () => {
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
    for (const { runtime, command, ...how } of STEPS) {
      const container = `live-${runtime}`;
      const value = `word-${Math.random().toString(36).slice(2)}`;
      await startContainer(await connectLab("podman"), "podman", container, {
        image: "debuggers",
        command: [...command, "1000", value],
        network: "none",
      });
      steps.push({
        ...{ ...how, runtime, container, value, engine: "podman" },
        endpoint: `unix://${labSocket("podman")}`,
      });
    }
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
          DOCKER_HOST: `unix://${labSocket("docker")}`,
          CONTAINER_HOST: `unix://${labSocket("podman")}`,
        },
        timeoutMs: 400_000,
      });
      assert.equal(code, 0);
      assert.equal(await containerCount("podman"), before, "containers were left over");
      for (const kind of ENGINES) {
        const { state } = await (await connectLab(kind)).inspect(containerOf(kind));
        assert.equal(state, "running", `${containerOf(kind)} did not outlive its debug session`);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

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
