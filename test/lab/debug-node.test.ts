import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import {
  attachTo,
  liveOptions,
  programsOf,
  waitForInspector,
  wakeForDebugging,
} from "../../src/debug/index.ts";
import type { LiveSession } from "../../src/debug/index.ts";
import { freePort, startContainer, until } from "./engine-helpers.ts";
import type { LabEngine } from "./engine-helpers.ts";
import { freezeFor, liveLab, liveWork } from "./live-helpers.ts";

const run = promisify(execFile);
const NAME = "cryoscope-debug";
const PATIENCE = 90_000;

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
    setTimeout(() => fail("no answer"), 30000);
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

/** The same once the program has come so far that there is a value. */
const told = (url: string, expression: string): Promise<unknown> =>
  until(() => evaluate(url, expression).catch(() => undefined), PATIENCE);

/** Waits until its counter is higher. */
const counts = (url: string, after: number): Promise<number> =>
  until(async () => {
    const now = Number(await told(url, "state.counter"));
    return now > after ? now : undefined;
  }, PATIENCE);

/** The address of the inspector that a session would attach to, as a web socket. */
async function webSocketUrl({ attachment }: LiveSession): Promise<string> {
  const { address, port } = attachment.configuration;
  assert.ok(typeof address === "string" && typeof port === "number");
  const { targets } = await waitForInspector([{ address, port }]);
  return targets[0]?.webSocketUrl ?? "";
}

const IDLE = ["/usr/bin/node", "-e", PROGRAM];

function labTests(kind: LabEngine): void {
  describe(`a Node container of ${kind} in the lab`, function () {
    this.timeout(300_000);
    const lab = liveLab(kind, NAME);
    let work: ReturnType<typeof liveWork>;

    beforeEach(() => {
      work = liveWork();
    });
    afterEach(async () => {
      assert.deepEqual(await work.own.dispose(), []);
    });

    it("is woken with its inspector, and an expression gives what was frozen", async () => {
      const port = await freePort();
      const command = ["/usr/bin/node", `--inspect=127.0.0.1:${port}`, "-e", PROGRAM];
      const container = await startContainer(lab.engine, kind, NAME, { image: "node", command });
      const url = await webSocketUrl(await attachTo(lab.engine, container, liveOptions({}), work));
      const secret = await told(url, "state.secret");
      assert.match(String(secret), /^[0-9a-z]{6,}$/);
      const before = Number(await evaluate(url, "state.counter"));
      // Nothing but this process's memory has heard of it.
      await evaluate(url, `state.told = "${NAME} ${port}"; 0`);

      const snapshot = await freezeFor(lab.engine, container, lab.folder);
      assert.equal((await lab.engine.inspect(container.id)).state, "exited");
      const phases: string[] = [];
      const live = await wakeForDebugging(lab.engine, snapshot, liveOptions({}), {
        ...work,
        onProgress: ({ phase }) => phases.push(phase),
      });
      assert.equal(live.runtime, "node");
      assert.equal(live.attachment.configuration.address, "127.0.0.1");
      assert.equal(phases.at(-1), "attaching");
      const woken = await webSocketUrl(live);
      // Its own name for the place, whatever line leads there.
      assert.equal(new URL(woken).pathname, new URL(url).pathname);
      assert.equal(await evaluate(woken, "state.secret"), secret);
      assert.equal(await evaluate(woken, "state.told"), `${NAME} ${port}`);
      const after = Number(await evaluate(woken, "state.counter"));
      assert.ok(after >= before, `${before} -> ${after}`);
      // It runs, it isn't just there.
      await counts(woken, after);
      assert.deepEqual([...new Set(work.own.names)], ["line to Node's inspector"]);
    });

    it("that was started without the inspector is told to open it, and needs no network", async () => {
      const container = await startContainer(lab.engine, kind, NAME, {
        image: "node",
        command: ["/bin/sh", "-c", 'node -e "$0"; exit 3', PROGRAM],
        network: "none",
      });
      const snapshot = await freezeFor(lab.engine, container, lab.folder);
      const live = await wakeForDebugging(lab.engine, snapshot, liveOptions({}), work);
      assert.equal(live.runtime, "node");
      assert.notEqual(live.program.pid, 1);
      assert.deepEqual(work.own.names, ["relay to Node's inspector"]);
      const url = await webSocketUrl(live);
      await counts(url, Number(await told(url, "state.counter")));
      assert.equal(await evaluate(url, "process.pid"), live.program.pid);
    });

    it("whose inspector listens on its own loopback only is reached within", async () => {
      const container = await startContainer(lab.engine, kind, NAME, {
        image: "node",
        command: ["/usr/bin/node", "--inspect", "-e", PROGRAM],
        network: "none",
        environment: ["NODE_OPTIONS=--inspect-port=9333"],
      });
      const live = await attachTo(lab.engine, container, liveOptions({}), work);
      assert.equal(await evaluate(await webSocketUrl(live), "process.pid"), 1);
    });

    it("whose port another program has says so, and gets no signal", async () => {
      const thief = `require("net").createServer().listen(9229, "127.0.0.1")`;
      const child = `require("child_process").spawn(process.execPath, ["-e", process.argv[1]])`;
      const container = await startContainer(lab.engine, kind, NAME, {
        image: "node",
        command: ["/usr/bin/node", "-e", `${child};${PROGRAM}`, thief],
        network: "none",
      });
      await until(async () => {
        const programs = await programsOf(container, lab.engine);
        return programs.length > 1 ? programs : undefined;
      }, PATIENCE);
      // Port 9229 is 240D, and 0A says that it listens (proc_pid_net(5)).
      const { hostPid } = (await programsOf(container, lab.engine))[0] ?? {};
      await until(async () => {
        const sockets = await readFile(`/proc/${hostPid ?? 0}/net/tcp`, "utf8");
        return /:240D \S+ 0A /.test(sockets) ? true : undefined;
      }, PATIENCE);
      await assert.rejects(attachTo(lab.engine, container, liveOptions({ pid: 1 }), work), {
        code: "debug.inspectorPortTaken",
        next: /--inspect-port/,
      });
    });

    it("that is no Python says so when Python is asked for", async () => {
      const container = await startContainer(lab.engine, kind, NAME, { image: "node", command: IDLE });
      await assert.rejects(attachTo(lab.engine, container, liveOptions({ runtime: "python" }), work), {
        code: "debug.noRuntime",
      });
      await assert.rejects(attachTo(lab.engine, container, liveOptions({ pid: 4711 }), work), {
        code: "debug.noProcess",
      });
    });
  });
}

labTests("podman");
labTests("docker");
