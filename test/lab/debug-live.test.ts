// Live sessions of Python and native programs: frozen, woken, attached to, by the debuggers' own protocol.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DebugProtocol } from "@vscode/debugprotocol";
import {
  adapterPort,
  attachTo,
  isStopped,
  LeftoverRecords,
  liveOptions,
  programsOf,
  wakeForDebugging,
} from "../../src/debug/index.ts";
import type { ContainerDetails, Snapshot } from "../../src/engine/index.ts";
import { attachClient, topFrame, value } from "./dap-wire.ts";
import type { WireClient } from "./dap-wire.ts";
import { connectLab, freePort, startContainer, until } from "./engine-helpers.ts";
import type { LabEngine } from "./engine-helpers.ts";
import { freezeFor, liveLab, liveWork, running } from "./live-helpers.ts";
import { inLab } from "./namespaces.ts";
import { PROJECT } from "./place.ts";

const NAME = "cryoscope-live";

const PROGRAMS = join(PROJECT, "test/lab/programs");
/** Of `order.number = before + by` in it. */
const PYTHON_STEPS = { path: join(PROGRAMS, "steps.py"), line: 16 };
/** Of `order->number = before + by;` in it. */
const NATIVE_STEPS = { path: join(PROGRAMS, "steps.c"), line: 12 };

async function stopped(client: WireClient, after = 0): Promise<number> {
  const { body } = (await client.event("stopped", after)) as DebugProtocol.StoppedEvent;
  assert.ok(body.threadId !== undefined);
  return body.threadId;
}

function labTests(kind: LabEngine): void {
  describe(`a live session on a container of ${kind}`, function () {
    this.timeout(300_000);
    const lab = liveLab(kind, NAME);

    it("puts debugpy into a plain Python process, and finds what was frozen", async () => {
      const word = `word-${Math.random().toString(36).slice(2)}`;
      const command = ["/usr/bin/python3", "/app/steps.py", "1000", word];
      const container = await startContainer(lab.engine, kind, NAME, {
        image: "debuggers",
        command,
        network: "none",
      });
      const snapshot = await freezeFor(lab.engine, container, lab.folder);
      const work = liveWork();
      try {
        const options = liveOptions({ pathMappings: { "/app": PROGRAMS } });
        const live = await wakeForDebugging(lab.engine, snapshot, options, work);
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
      assert.equal((await lab.engine.inspect(container.id)).state, "running");
    });

    if (kind === "podman")
      it("finds debugpy that listened when it was frozen, with its own connection to the process kept", async () => {
        const port = await freePort();
        const container = await startContainer(lab.engine, kind, NAME, {
          // In a network of its own Podman restores the loopback down, and no connection over it comes back.
          image: "debuggers",
          command: [
            ...["/usr/bin/python3", "-m", "debugpy", "--listen", `127.0.0.1:${port}`],
            ...["/app/steps.py", "1000", "word"],
          ],
        });
        // The adapter is a process of its own, which has to be there before it is frozen.
        await until(async () => adapterPort(await programsOf(container, lab.engine)));
        const options = liveOptions({ pathMappings: { "/app": PROGRAMS } });
        // Sessions that end before their debugger comes don't make it deaf for the next.
        for (let round = 0; round < 4; round++) {
          const before = liveWork();
          await attachTo(lab.engine, container, options, before);
          assert.deepEqual(await before.own.dispose(), []);
        }
        const snapshot = await freezeFor(lab.engine, container, lab.folder, { tcpEstablished: true });
        const work = liveWork();
        try {
          const live = await wakeForDebugging(lab.engine, snapshot, options, work);
          assert.deepEqual([live.runtime, live.attachment.port], ["python", port]);
          const client = await attachClient(live.attachment);
          await client.attach(PYTHON_STEPS);
          const frame = await topFrame(client, await stopped(client));
          assert.equal(frame.line, PYTHON_STEPS.line);
          assert.ok(Number(await value(client, "before", frame.id)) >= 1000);
          await client.disconnect();
        } finally {
          assert.deepEqual(await work.own.dispose(), []);
        }
      });

    it("stops a native program at a breakpoint, steps, and has its locals right", async () => {
      const command = ["/steps", "1000", "frozen-word"];
      const container = await startContainer(lab.engine, kind, NAME, { image: "debuggers", command });
      const snapshot = await freezeFor(lab.engine, container, lab.folder);
      const work = liveWork([], "");
      try {
        const options = liveOptions({ pathMappings: { "/project": PROJECT } });
        const live = await wakeForDebugging(lab.engine, snapshot, options, work);
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
        // CRIU has left a mark in its debug registers, for which gdb would not see the signal (runtimes/gdb.ts).
        await client.get("setBreakpoints", { source: { path: NATIVE_STEPS.path }, breakpoints: [] });
        seen = client.events.length;
        await client.get("continue", { threadId: thread });
        await running(live.program);
        await client.get("pause", { threadId: thread });
        const pause = (await client.event("stopped", seen)) as DebugProtocol.StoppedEvent;
        assert.equal(pause.body.reason, "pause");
        await client.disconnect();
      } finally {
        assert.deepEqual(await work.own.dispose(), []);
      }
      assert.equal((await lab.engine.inspect(container.id)).state, "running");
    });

    it("held before its first instruction is where it was frozen, however long that takes", async () => {
      const command = ["/steps", "1000", "frozen-word"];
      const container = await startContainer(lab.engine, kind, NAME, { image: "debuggers", command });
      const snapshot = await freezeFor(lab.engine, container, lab.folder);
      const numbers: string[] = [];
      for (const round of [1, 2]) {
        const work = liveWork([], "");
        try {
          const live = await wakeForDebugging(lab.engine, snapshot, liveOptions({ stopped: true }), work);
          assert.deepEqual(work.own.names, ["held process", "gdb in the container"]);
          await new Promise((resolve) => setTimeout(resolve, round * 300));
          const client = await attachClient(live.attachment);
          await client.attach();
          const thread = await stopped(client);
          const args = { threadId: thread };
          const { stackFrames } = await client.get<DebugProtocol.StackTraceResponse>("stackTrace", args);
          const main = stackFrames.find(({ name }) => name === "main");
          assert.ok(main);
          numbers.push(await value(client, "order.number", main.id));
          if (round === 1) await client.disconnect();
          // The second time the debugger never says good-bye: its line is cut.
        } finally {
          assert.deepEqual(await work.own.dispose(), []);
        }
        // It goes on by itself then.
        const now = await lab.engine.inspect(container.id);
        assert.equal(now.state, "running");
        const [program] = await programsOf(now, lab.engine);
        assert.ok(program?.hostPid !== undefined);
        assert.equal(await isStopped(program.hostPid), false);
      }
      assert.equal(numbers[0], numbers[1]);
      assert.ok(Number(numbers[0]) >= 1000, numbers[0]);
    });

    it("that ends as soon as it is restored says so, and what to do", async () => {
      // Its one system call comes back interrupted after a restore.
      const container = await startContainer(lab.engine, kind, NAME, { command: ["sleep", "1000"] });
      const snapshot = await freezeFor(lab.engine, container, lab.folder);
      const work = liveWork([], "");
      const waking = wakeForDebugging(lab.engine, snapshot, liveOptions({}), work);
      await assert.rejects(waking, { code: "debug.diedAtWaking", next: /Debug Frozen Process/ });
      assert.deepEqual(await work.own.dispose(), []);
    });

    it("without debugpy or gdb names the package that is missing", async () => {
      const command = ["/usr/bin/python3", "/app/steps.py", "1", "word"];
      const container = await startContainer(lab.engine, kind, NAME, { image: "debuggers", command });
      const moved = async (path: string): Promise<void> => {
        const done = await lab.engine.exec?.(container.id, ["mv", path, "/root/"]);
        done?.stdout.resume();
        done?.stderr.resume();
        assert.equal(await done?.exit, 0);
      };
      const work = liveWork([], "");
      await moved("/usr/bin/gdb");
      await assert.rejects(attachTo(lab.engine, container, liveOptions({}), work), {
        code: "debug.noInjector",
        next: /package gdb/,
      });
      await moved("/usr/lib/python3/dist-packages/debugpy");
      await assert.rejects(attachTo(lab.engine, container, liveOptions({}), work), {
        code: "debug.noDebugpy",
        next: /pip install debugpy.*Debug Frozen Process/,
      });
      await assert.rejects(attachTo(lab.engine, container, liveOptions({ runtime: "native" }), work), {
        code: "debug.noNativeDebugger",
        message: /gdb-inside: it isn't in the container/,
        next: /Install gdb/,
      });
      assert.deepEqual(await work.own.dispose(), []);
    });
  });
}

describe("a copy of a container, restored beside it for a debugger", function () {
  this.timeout(300_000);
  const lab = liveLab("podman", NAME);
  let container: ContainerDetails;
  let snapshot: Snapshot;

  before(async () => {
    container = await startContainer(lab.engine, "podman", NAME, {
      ...{ image: "debuggers", command: ["/steps", "1000", "frozen-word"], network: "none" },
    });
    snapshot = await freezeFor(lab.engine, container, lab.folder, { leaveRunning: true });
  });

  /** All that a session could leave behind, one a line. */
  async function everything(): Promise<readonly string[]> {
    const inside = (script: string): readonly string[] => {
      const [file, args] = inLab(["sh", "-c", script]);
      return execFileSync(file, args, { encoding: "utf8" }).split("\n");
    };
    return [
      ...(await lab.engine.list()).map(({ id }) => id),
      ...inside("cut -d' ' -f5 /proc/self/mountinfo"),
      ...inside("find /sys/fs/cgroup -name '*libpod-*'"),
      ...readdirSync(lab.folder),
      ...readdirSync(tmpdir()).filter((name) => /cryoscope-(?!live-)|\.part$/.test(name)),
      ...(await programsOf(container, lab.engine)).map(({ pid }) => `process ${pid}`),
    ];
  }

  /** What is there that wasn't. (Podman lets go of the old container's own mount of /dev/shm at some time.) */
  async function left(before: readonly string[]): Promise<readonly string[]> {
    return (await everything()).filter((one) => !before.includes(one));
  }

  it("leaves no container, mount, cgroup, file or process when its session ends", async () => {
    const before = await everything();
    const work = liveWork([], "");
    const live = await wakeForDebugging(
      lab.engine,
      snapshot,
      liveOptions({ copy: true, stopped: true }),
      work,
    );
    assert.notEqual(live.container.id, container.id);
    const client = await attachClient(live.attachment);
    await client.attach();
    await stopped(client);
    assert.ok((await left(before)).length >= 3);
    // Neither continued nor disconnected: as when the window is closed.
    assert.deepEqual(await work.own.dispose(), []);
    assert.deepEqual(await left(before), []);
    assert.equal((await lab.engine.inspect(container.id)).state, "running");
  });

  it("leaves nothing when the restore fails, or is cancelled, or no debugger can be had", async () => {
    const before = await everything();
    const empty = join(lab.folder, "empty.tar");
    writeFileSync(empty, Buffer.alloc(10_240));
    const broken = { ...snapshot, checkpoint: { kind: "archive", path: empty } } as const;
    const failing = liveWork([], "");
    await assert.rejects(wakeForDebugging(lab.engine, broken, liveOptions({ copy: true }), failing));
    assert.deepEqual(await failing.own.dispose(), []);
    rmSync(empty);
    assert.deepEqual(await left(before), []);

    const leave = new AbortController();
    const noted = mkdtempSync(join(tmpdir(), "cryoscope-live-"));
    const records = new LeftoverRecords(noted, () => Promise.resolve([lab.engine]));
    const cancelled = { ...liveWork([], ""), signal: leave.signal, note: records.note };
    const options = liveOptions({ copy: true, stopped: true });
    const waking = wakeForDebugging(lab.engine, snapshot, options, {
      ...cancelled,
      onProgress: ({ phase }) => {
        if (phase === "restoring") leave.abort();
      },
    });
    await assert.rejects(waking);
    assert.deepEqual(await cancelled.own.dispose(), []);
    // The engine may still be at it when nobody waits any more; what it makes then is looked for.
    await until(async () => ((await left(before)).length === 0 ? true : undefined), 90_000);
    records.dispose();
    rmSync(noted, { recursive: true });

    const without = liveWork([], "");
    const wrong = liveOptions({ copy: true, stopped: true, debugger: "codelldb" });
    await assert.rejects(wakeForDebugging(lab.engine, snapshot, wrong, without), {
      code: "debug.noNativeDebugger",
    });
    assert.deepEqual(await without.own.dispose(), []);
    assert.deepEqual(await left(before), []);
  });

  it("is refused by an engine that can't make one", async () => {
    const docker = await connectLab("docker");
    const work = liveWork([], "");
    const refused = wakeForDebugging(docker, snapshot, liveOptions({ copy: true }), work);
    await assert.rejects(refused, { code: "debug.noCopy", next: /Leave "copy" out/ });
  });
});

labTests("podman");
labTests("docker");
