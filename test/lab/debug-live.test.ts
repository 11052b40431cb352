// Live sessions of Python and native programs: frozen, woken, attached to, by the debuggers' own protocol.
import assert from "node:assert/strict";
import { join } from "node:path";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { liveOptions, wakeForDebugging } from "../../src/debug/index.ts";
import type { Engine } from "../../src/engine/index.ts";
import { attachClient } from "./dap-wire.ts";
import type { WireClient } from "./dap-wire.ts";
import { connectLab, removeContainer, startContainer } from "./engine-helpers.ts";
import type { LabEngine } from "./engine-helpers.ts";
import { archiveFolder, freezeFor, liveWork } from "./live-helpers.ts";
import { PROJECT } from "./place.ts";

const NAME = "cryoscope-live";

const PROGRAMS = join(PROJECT, "test/lab/programs");
/** Of `order.number = before + by` in it. */
const PYTHON_STEPS = { path: join(PROGRAMS, "steps.py"), line: 14 };
/** Of `order->number = before + by;` in it. */
const NATIVE_STEPS = { path: join(PROGRAMS, "steps.c"), line: 12 };

async function stopped(client: WireClient, after = 0): Promise<number> {
  const { body } = (await client.event("stopped", after)) as DebugProtocol.StoppedEvent;
  assert.ok(body.threadId !== undefined);
  return body.threadId;
}

async function topFrame(client: WireClient, threadId: number): Promise<DebugProtocol.StackFrame> {
  const { stackFrames } = await client.get<DebugProtocol.StackTraceResponse>("stackTrace", { threadId });
  assert.ok(stackFrames[0]);
  return stackFrames[0];
}

async function value(client: WireClient, expression: string, frameId: number): Promise<string> {
  const args = { expression, frameId, context: "watch" };
  return (await client.get<DebugProtocol.EvaluateResponse>("evaluate", args)).result;
}

function labTests(kind: LabEngine): void {
  describe(`a live session on a container of ${kind}`, function () {
    this.timeout(120_000);
    let engine: Engine;
    let folder: Awaited<ReturnType<typeof archiveFolder>>;

    before(async () => {
      engine = await connectLab(kind);
      folder = await archiveFolder();
    });
    after(async () => {
      await removeContainer(kind, NAME);
      await folder.remove();
    });

    it("puts debugpy into a plain Python process, and finds what was frozen", async () => {
      const word = `word-${Math.random().toString(36).slice(2)}`;
      const command = ["/usr/bin/python3", "/app/steps.py", "1000", word];
      const container = await startContainer(engine, kind, NAME, {
        image: "debuggers",
        command,
        network: "none",
      });
      const snapshot = await freezeFor(engine, container, folder.path);
      const work = liveWork();
      try {
        const options = liveOptions({ pathMappings: { "/app": PROGRAMS } });
        const live = await wakeForDebugging(engine, snapshot, options, work);
        assert.equal(live.runtime, "python");
        const client = await attachClient(live.attachment);
        await client.attach(PYTHON_STEPS);
        const thread = await stopped(client);
        const frame = await topFrame(client, thread);
        assert.deepEqual([frame.source?.path, frame.line], [PYTHON_STEPS.path, PYTHON_STEPS.line]);
        assert.equal(await value(client, "order.what", frame.id), `'${word}'`);
        const before = Number(await value(client, "before", frame.id));
        assert.ok(before >= 1000 && before % 2 === 0, `${before}`);
        const seen = client.events.length;
        await client.get("next", { threadId: thread });
        const next = await topFrame(client, await stopped(client, seen));
        assert.equal(next.line, PYTHON_STEPS.line + 1);
        assert.equal(Number(await value(client, "order.number", next.id)), before + 2);
        await client.disconnect();
      } finally {
        assert.deepEqual(await work.own.dispose(), []);
      }
      assert.equal((await engine.inspect(container.id)).state, "running");
    });

    it("stops a native program at a breakpoint, steps, and has its locals right", async () => {
      const command = ["/steps", "1000", "frozen-word"];
      const container = await startContainer(engine, kind, NAME, { image: "debuggers", command });
      const snapshot = await freezeFor(engine, container, folder.path);
      const work = liveWork([], "");
      try {
        const options = liveOptions({ pathMappings: { "/project": PROJECT } });
        const live = await wakeForDebugging(engine, snapshot, options, work);
        assert.equal(live.runtime, "native");
        const client = await attachClient(live.attachment);
        await client.attach(NATIVE_STEPS);
        let seen = client.events.length;
        await client.get("continue", { threadId: 1 });
        const thread = await stopped(client, seen);
        const frame = await topFrame(client, thread);
        assert.equal(frame.source?.path, NATIVE_STEPS.path);
        assert.equal(frame.line, NATIVE_STEPS.line);
        const before = Number(await value(client, "before", frame.id));
        assert.ok(before >= 1000 && before % 2 === 0, `${before}`);
        assert.equal(await value(client, "by", frame.id), "2");
        assert.match(await value(client, "order->what", frame.id), /frozen-word/);
        assert.equal(Number(await value(client, "order->number", frame.id)), before);
        seen = client.events.length;
        await client.get("next", { threadId: thread });
        const next = await topFrame(client, await stopped(client, seen));
        assert.equal(next.line, NATIVE_STEPS.line + 1);
        assert.equal(Number(await value(client, "order->number", next.id)), before + 2);
        await client.disconnect();
      } finally {
        assert.deepEqual(await work.own.dispose(), []);
      }
      assert.equal((await engine.inspect(container.id)).state, "running");
    });
  });
}

labTests("podman");
labTests("docker");
