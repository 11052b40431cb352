import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { attachPlan, restoreForDebugging } from "../../src/debug/index.ts";
import type { Engine } from "../../src/engine/index.ts";
import { connectLab, freePort, removeContainer, startContainer } from "./engine-helpers.ts";
import type { LabEngine } from "./engine-helpers.ts";

const run = promisify(execFile);
const NAME = "cryoscope-debug";

/** Counts ten steps a second, and holds a value that exists nowhere but in its memory. */
const PROGRAM = `
  let counter = 0;
  const secret = process.hrtime.bigint().toString(36);
  globalThis.state = { get counter() { return counter; }, secret };
  setInterval(() => counter++, 100);
`;

/** What a debugger evaluates, in a process of its own: Node 20 has its WebSocket behind a flag. */
async function evaluate(webSocketUrl: string, expression: string): Promise<unknown> {
  const client = `
    const socket = new WebSocket(process.argv[1]);
    const fail = (error) => { console.error(error.message ?? error); process.exit(1); };
    setTimeout(() => fail("no answer"), 8000);
    socket.onerror = fail;
    socket.onopen = () => socket.send(JSON.stringify({
      id: 1, method: "Runtime.evaluate", params: { expression: process.argv[2], returnByValue: true },
    }));
    socket.onmessage = ({ data }) => {
      const { id, result } = JSON.parse(data);
      if (id !== 1) return;
      console.log(JSON.stringify(result.result.value));
      socket.close();
      process.exit(0);
    };
  `;
  const flags = "WebSocket" in globalThis ? [] : ["--experimental-websocket"];
  const { stdout } = await run(process.execPath, [...flags, "-e", client, webSocketUrl, expression]);
  return JSON.parse(stdout);
}

function labTests(kind: LabEngine): void {
  describe(`a Node container of ${kind} in the lab`, () => {
    let engine: Engine;
    let folder: string;

    before(async () => {
      engine = await connectLab(kind);
      folder = await mkdtemp(join(tmpdir(), "cryoscope-debug-"));
    });
    after(async () => {
      await removeContainer(kind, NAME);
      await rm(folder, { recursive: true, force: true });
    });

    it("is woken with its inspector, and an expression gives what was frozen", async () => {
      const port = await freePort();
      const command = ["/usr/bin/node", `--inspect=127.0.0.1:${port}`, "-e", PROGRAM];
      const container = await startContainer(engine, kind, NAME, { image: "node", command });
      const live = await attachPlan(engine, container);
      const secret = await evaluate(live.inspector.targets[0]?.webSocketUrl ?? "", "state.secret");
      assert.match(String(secret), /^[0-9a-z]{6,}$/);
      const url = live.inspector.targets[0]?.webSocketUrl ?? "";
      const before = Number(await evaluate(url, "state.counter"));
      // Nothing but this process's memory has heard of it.
      await evaluate(url, `state.told = "${NAME} ${port}"; 0`);

      const archive = engine.capabilities.archives ? { archive: join(folder, "node.tar") } : {};
      const { snapshot } = await engine.checkpoint(container.id, { name: "node", ...archive });
      assert.equal((await engine.inspect(container.id)).state, "exited");
      const phases: string[] = [];
      const session = await restoreForDebugging(
        engine,
        snapshot,
        { replace: true },
        { onProgress: ({ phase }) => phases.push(phase) },
      );
      assert.equal(session.configuration.port, port);
      assert.equal(session.configuration.address, "127.0.0.1");
      assert.equal(phases.at(-1), "attaching");
      const woken = session.inspector.targets[0]?.webSocketUrl ?? "";
      assert.equal(woken, url);
      assert.equal(await evaluate(woken, "state.secret"), secret);
      assert.equal(await evaluate(woken, "state.told"), `${NAME} ${port}`);
      const after = Number(await evaluate(woken, "state.counter"));
      assert.ok(after >= before, `${before} -> ${after}`);
      // It runs, it isn't just there.
      assert.ok(Number(await evaluate(woken, "state.counter")) > after);
    });

    it("that was started without the inspector says what is missing", async () => {
      const command = ["/usr/bin/node", "-e", "setInterval(() => {}, 1000)"];
      const container = await startContainer(engine, kind, NAME, { image: "node", command });
      await assert.rejects(attachPlan(engine, container), { code: "debug.noInspector", next: /--inspect/ });
    });

    it("without a network says that there is no way in", async () => {
      const command = ["/usr/bin/node", "--inspect", "-e", "setInterval(() => {}, 1000)"];
      const container = await startContainer(engine, kind, NAME, { image: "node", command, network: "none" });
      await assert.rejects(attachPlan(engine, container), { code: "debug.noNetwork" });
    });
  });
}

labTests("podman");
labTests("docker");
