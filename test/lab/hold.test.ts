// What a debugger shows is what is frozen after it: the container is held in between, though the debugger has gone.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { DebugProtocol } from "@vscode/debugprotocol";
import {
  attachTo,
  clearStops,
  freezerOf,
  holdContainer,
  leaveToTracer,
  letGoOf,
  liveOptions,
  programsOf,
  thaw,
  waitForInspector,
  wakeForDebugging,
} from "../../src/debug/index.ts";
import type { LiveSession } from "../../src/debug/index.ts";
import type { CheckpointOptions, Snapshot } from "../../src/engine/index.ts";
import { attachClient } from "./dap-wire.ts";
import type { WireClient } from "./dap-wire.ts";
import { freePort, startContainer, until } from "./engine-helpers.ts";
import type { LabEngine } from "./engine-helpers.ts";
import { freezeFor, liveLab, liveWork } from "./live-helpers.ts";
import { PROJECT } from "./place.ts";

const NAME = "cryoscope-hold";
const PROGRAMS = join(PROJECT, "test/lab/programs");
/** At ten steps a second, some would be taken in this time. */
const A_WHILE = 600;

/** As steps.py does: a number in its memory, as ten digits after the word. */
const NODE_STEPS = `
  globalThis.number = Number(process.argv[1]);
  const mark = Buffer.from(process.argv[2] + " ".padEnd(11, "0"));
  setInterval(() => {
    globalThis.number += 2;
    mark.write(String(globalThis.number).padStart(10, "0"), mark.length - 10);
  }, 100);
`;

/** The highest number that the pages hold; found by grep, in what the engine wrote. */
function numberIn(path: string, word: string): number {
  const { stdout } = spawnSync("grep", ["-raohE", `${word} [0-9]{10}`, path], { maxBuffer: 1 << 24 });
  const numbers = stdout.toString("latin1").split("\n").filter(Boolean);
  assert.ok(numbers.length > 0, "the number is not in the pages");
  return Math.max(...numbers.map((line) => Number(line.slice(-10))));
}

async function stop(client: WireClient, after = 0): Promise<number> {
  const { body } = (await client.event("stopped", after)) as DebugProtocol.StoppedEvent;
  return body.threadId ?? 0;
}

async function inTopFrame(client: WireClient, threadId: number, expression: string): Promise<string> {
  const { stackFrames } = await client.get<DebugProtocol.StackTraceResponse>("stackTrace", { threadId });
  const frame = stackFrames.find(({ source, name }) => source && /step|main/.test(name)) ?? stackFrames[0];
  const args = { expression, frameId: frame?.id, context: "watch" };
  return (await client.get<DebugProtocol.EvaluateResponse>("evaluate", args)).result;
}

const state = ({ program }: LiveSession): string =>
  /^State:\s+(\S)/m.exec(readFileSync(`/proc/${program.hostPid ?? 0}/status`, "utf8"))?.[1] ?? "";

/** A client of Node's inspector that has the program paused; it says its number, and stays until it is cut off. */
async function pausedNode(
  url: string,
): Promise<{ readonly number: number; readonly gone: Promise<unknown> }> {
  const script = `
    const socket = new WebSocket(process.argv[1]);
    const send = (id, method, params = {}) => socket.send(JSON.stringify({ id, method, params }));
    socket.onopen = () => { send(1, "Debugger.enable"); send(2, "Debugger.pause"); };
    socket.onclose = socket.onerror = () => process.exit();
    socket.onmessage = ({ data }) => {
      const { id, method, result } = JSON.parse(data);
      if (method === "Debugger.paused") send(3, "Runtime.evaluate", { expression: "globalThis.number" });
      if (id === 3) console.log(result.result.value);
    };
  `;
  const flags = "WebSocket" in globalThis ? [] : ["--experimental-websocket"];
  const child = spawn(process.execPath, [...flags, "--no-warnings", "-e", script, url], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 60_000,
  });
  const gone = once(child, "exit");
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return { number: Number(line), gone };
}

async function webSocketUrl({ attachment }: LiveSession): Promise<string> {
  const { address, port } = attachment.configuration;
  assert.ok(typeof address === "string" && typeof port === "number");
  return (await waitForInspector([{ address, port }])).targets[0]?.webSocketUrl ?? "";
}

function labTests(kind: LabEngine): void {
  describe(`a container of ${kind} that is frozen at a breakpoint`, function () {
    this.timeout(300_000);
    const lab = liveLab(kind, NAME);
    const word = `held${Math.random().toString(36).slice(2)}`;

    /** Holds it, lets the debugger go, waits, and freezes; the time in between is long enough to see it run. */
    async function freezeHeld(
      live: LiveSession,
      leave: () => Promise<void>,
      { stopped = false, ...options }: Partial<CheckpointOptions> & { readonly stopped?: boolean } = {},
    ): Promise<Snapshot> {
      const letGo = await holdContainer(lab.engine, live);
      assert.ok(letGo, "it was not held");
      try {
        await leave();
        await sleep(A_WHILE);
        const how = { leaveRunning: true, ...options };
        return await freezeFor(lab.engine, live.container, lab.folder, how);
      } finally {
        await letGo(stopped);
      }
    }

    it("is where a native debugger left it, and runs on when the freeze is over", async () => {
      const command = ["/steps", "1000", word];
      const container = await startContainer(lab.engine, kind, NAME, { image: "debuggers", command });
      const work = liveWork([], "");
      const options = liveOptions({ pathMappings: { "/project": PROJECT } });
      const live = await attachTo(lab.engine, container, options, work);
      const client = await attachClient(live.attachment);
      await client.attach({ path: join(PROGRAMS, "steps.c"), line: 12 });
      const seen = client.events.length;
      await client.get("continue", { threadId: 1 });
      const number = Number(await inTopFrame(client, await stop(client, seen), "before"));
      const snapshot = await freezeHeld(live, async () => {
        await client.disconnect();
        assert.deepEqual(await work.own.dispose(), []);
      });
      assert.equal((await lab.engine.inspect(container.id)).state, "running");
      await until(() => Promise.resolve(/[SR]/.test(state(live)) ? true : undefined));

      // Another gdb has the number of what was frozen, before its first instruction.
      const again = liveWork([], "");
      try {
        const woken = await wakeForDebugging(lab.engine, snapshot, liveOptions({ stopped: true }), again);
        const debug = await attachClient(woken.attachment);
        await debug.attach();
        assert.equal(Number(await inTopFrame(debug, await stop(debug), "before")), number);
        await debug.disconnect();
      } finally {
        assert.deepEqual(await again.own.dispose(), []);
      }
    });

    it("is where it was frozen for the next native debugger, and for one more freeze", async () => {
      const command = ["/steps", "1000", word];
      const container = await startContainer(lab.engine, kind, NAME, { image: "debuggers", command });
      const options = liveOptions({ pathMappings: { "/project": PROJECT } });
      let work = liveWork([], "");
      let live = await attachTo(lab.engine, container, options, work);
      let client = await attachClient(live.attachment);
      await client.attach({ path: join(PROGRAMS, "steps.c"), line: 12 });
      const seen = client.events.length;
      await client.get("continue", { threadId: 1 });
      const number = Number(await inTopFrame(client, await stop(client, seen), "before"));
      const leave = async (): Promise<void> => {
        await client.disconnect();
        assert.deepEqual(await work.own.dispose(), []);
      };
      let snapshot: Snapshot | undefined;
      for (const round of [1, 2]) {
        const left = async (): Promise<void> => {
          await leave();
          clearStops(live.program);
        };
        snapshot = await freezeHeld(live, left, { stopped: true });
        assert.equal(state(live), "T");
        await sleep(A_WHILE);
        work = liveWork([], "");
        live = await attachTo(lab.engine, container, { ...options, stopped: true }, work);
        client = await attachClient(live.attachment);
        await client.attach();
        assert.equal(
          Number(await inTopFrame(client, await stop(client), "before")),
          number,
          `round ${round}`,
        );
        await leaveToTracer(live.program);
        assert.equal(state(live), "t");
      }
      await leave();
      // It isn't stopped by the signal any more when its debugger lets it go.
      await until(() => Promise.resolve(/[SR]/.test(state(live)) ? true : undefined));
      // Nothing of all that waits in what was frozen last.
      assert.ok(snapshot);
      assert.equal((await lab.engine.restore(snapshot, { replace: true })).container.state, "running");
    });

    it("is let go by whoever comes after an editor that ended in the middle", async () => {
      const command = ["/steps", "1000", word];
      const container = await startContainer(lab.engine, kind, NAME, { image: "debuggers", command });
      const [program] = await programsOf(container, lab.engine);
      assert.ok(program?.hostPid);
      const { hostPid } = program;
      assert.ok(await holdContainer(lab.engine, { container, program }), "it was not held");
      process.kill(hostPid, "SIGSTOP");
      await letGoOf(lab.engine, container.id);
      await until(() =>
        Promise.resolve(
          /^State:\t[SR]/m.test(readFileSync(`/proc/${hostPid}/status`, "utf8")) ? true : undefined,
        ),
      );
      assert.equal((await lab.engine.inspect(container.id)).state, "running");
      assert.equal(await thaw(container.id, hostPid), false, "it is still frozen");
    });

    it("is not held while a debugger that traces it lets it run: it could not leave", async () => {
      const command = ["/steps", "1000", word];
      const container = await startContainer(lab.engine, kind, NAME, { image: "debuggers", command });
      const work = liveWork([], "");
      const live = await attachTo(lab.engine, container, liveOptions({}), work);
      const client = await attachClient(live.attachment);
      await client.attach();
      await client.get("continue", { threadId: 1 });
      await until(() => Promise.resolve(state(live) === "t" ? undefined : true));
      assert.equal(await holdContainer(lab.engine, live), undefined);
      await client.disconnect();
      assert.deepEqual(await work.own.dispose(), []);
      assert.equal((await lab.engine.inspect(container.id)).state, "running");
    });

    it("is where Node's inspector had paused it", async () => {
      const inspect = `--inspect=127.0.0.1:${await freePort()}`;
      const container = await startContainer(lab.engine, kind, NAME, {
        image: "node",
        command: ["/usr/bin/node", inspect, "-e", NODE_STEPS, "1000", word],
      });
      const work = liveWork();
      const live = await attachTo(lab.engine, container, liveOptions({}), work);
      const { number, gone } = await pausedNode(await webSocketUrl(live));
      const snapshot = await freezeHeld(live, async () => {
        assert.deepEqual(await work.own.dispose(), []);
        await gone;
      });
      const { path } = await lab.engine.locate(snapshot);
      assert.equal(numberIn(path ?? "", word), number);

      // It goes on, and takes the next debugger.
      const again = liveWork();
      const next = await attachTo(lab.engine, container, liveOptions({}), again);
      const later = await pausedNode(await webSocketUrl(next));
      assert.ok(later.number > number, `${number} -> ${later.number}`);
      assert.deepEqual(await again.own.dispose(), []);
      await later.gone;
    });

    if (kind === "podman")
      it("is where debugpy had stopped it", async () => {
        const container = await startContainer(lab.engine, kind, NAME, {
          ...{ image: "debuggers", network: "none" },
          command: ["/usr/bin/python3", "/app/steps.py", "1000", word],
        });
        const work = liveWork();
        const options = liveOptions({ pathMappings: { "/app": PROGRAMS } });
        const live = await attachTo(lab.engine, container, options, work);
        const client = await attachClient(live.attachment);
        await client.attach({ path: join(PROGRAMS, "steps.py"), line: 16 });
        const number = Number(await inTopFrame(client, await stop(client), "before"));
        const leave = async (): Promise<void> => {
          assert.deepEqual(await work.own.dispose(), []);
        };
        const snapshot = await freezeHeld(live, leave, { tcpEstablished: true });
        const { path } = await lab.engine.locate(snapshot);
        assert.equal(numberIn(path ?? "", word), number);

        const again = liveWork();
        try {
          const { port } = live.attachment;
          const next = await attachTo(lab.engine, container, { ...options, port }, again);
          const debug = await attachClient(next.attachment);
          await debug.attach({ path: join(PROGRAMS, "steps.py"), line: 16 });
          assert.ok(Number(await inTopFrame(debug, await stop(debug), "before")) > number);
          await debug.disconnect();
        } finally {
          assert.deepEqual(await again.own.dispose(), []);
        }
      });
  });
}

describe("the freezer of a container's cgroup", function () {
  it("is none for a process that is in no container, or in ours", async () => {
    assert.equal(await freezerOf("a".repeat(64), process.pid), undefined);
    assert.equal(await freezerOf("", process.pid), undefined);
  });
});

labTests("podman");
labTests("docker");
