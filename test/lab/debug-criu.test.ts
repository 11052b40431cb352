// A plain process that CRIU alone froze and brought back, under a debugger of this machine: nothing is run by an engine's exec.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { endForRewind, leaveToTracer, liveOptions, wakeForDebugging } from "../../src/debug/index.ts";
import { connectEngine } from "../../src/engine/index.ts";
import type { Container, ContainerDetails, Engine } from "../../src/engine/index.ts";
import { attachClient } from "./dap-wire.ts";
import type { WireClient } from "./dap-wire.ts";
import { until } from "./engine-helpers.ts";
import { labMachine, labStart, sharedFolder } from "./engine-machine.ts";
import { liveWork, provideTools, running } from "./live-helpers.ts";
import { hostPid } from "./namespaces.ts";
import { IMAGES, PROJECT } from "./place.ts";

const STEPS = { path: join(PROJECT, "test/lab/programs/steps.c"), line: 12 };

/** CRIU in the lab, whose processes are told by this machine's numbers, as they are where it runs beside the editor. */
async function criuHere(): Promise<Engine> {
  const criu = await connectEngine("criu://", { machine: labMachine() });
  const here = (one: ContainerDetails): ContainerDetails => {
    const pid = one.pid === undefined ? undefined : hostPid(one.pid);
    return pid === undefined ? one : { ...one, pid };
  };
  return new Proxy(criu, {
    get(target, name) {
      if (name === "inspect") return async (id: string) => here(await target.inspect(id));
      if (name === "restore")
        return async (...args: Parameters<Engine["restore"]>) => ({
          container: here((await target.restore(...args)).container),
        });
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

async function stop(client: WireClient, after = 0): Promise<number> {
  const { body } = (await client.event("stopped", after)) as DebugProtocol.StoppedEvent;
  return body.threadId ?? 0;
}

async function valueAt(client: WireClient, threadId: number, name: RegExp, expression: string) {
  const { stackFrames } = await client.get<DebugProtocol.StackTraceResponse>("stackTrace", { threadId });
  const frame = stackFrames.find((one) => name.test(one.name));
  assert.ok(frame, stackFrames.map((one) => one.name).join(" "));
  const args = { expression, frameId: frame.id, context: "watch" };
  const { result } = await client.get<DebugProtocol.EvaluateResponse>("evaluate", args);
  return { frame, result };
}

describe("a process that CRIU alone brought back is attached to", function () {
  this.timeout(180_000);
  let criu: Engine;
  let folder = "";
  let tools = "";

  before(async () => {
    folder = await sharedFolder();
    tools = await mkdtemp(join(tmpdir(), "cryoscope-tools-"));
    await provideTools(tools, ["gdb"]);
    criu = await criuHere();
    const tar = (await readdir(IMAGES)).find((name) => /^debuggers-.*\.tar$/.test(name)) ?? "";
    const names = execFileSync("tar", ["-tf", join(IMAGES, tar)], { encoding: "utf8", maxBuffer: 1 << 26 });
    const steps = names.split("\n").find((name) => /^(?:\.\/)?steps$/.test(name)) ?? "steps";
    execFileSync("tar", ["-xf", join(IMAGES, tar), "-C", folder, steps]);
  });
  after(async () => {
    for (const one of await steps()) await criu.remove(one.id);
    await rm(folder, { recursive: true, force: true });
    await rm(tools, { recursive: true, force: true });
  });

  const steps = async (): Promise<readonly Container[]> =>
    (await criu.list()).filter(({ command }) => command.startsWith(`${folder}/steps`));

  it("by gdb of this machine: held before its first instruction, then a breakpoint, its locals, and it runs on", async () => {
    const own = `exec setsid --fork "$0" 1000 frozen-word </dev/null >/dev/null 2>&1`;
    await labStart("sh", "-c", own, `${folder}/steps`);
    const { id } = await until(async () => (await steps())[0], 30_000);
    const { snapshot } = await criu.checkpoint(id, { name: "steps", folder: join(folder, "frozen") });
    const options = liveOptions({ stopped: true, pathMappings: { "/project": PROJECT } });
    const numbers: string[] = [];
    let before: ContainerDetails | undefined;
    for (const round of [1, 2]) {
      const work = liveWork([], tools);
      try {
        // As a session does that is rewound: its process would have the number that the next one needs.
        if (before !== undefined) {
          await assert.rejects(wakeForDebugging(criu, snapshot, options, liveWork([], tools)));
          await running({ hostPid: before.pid });
          const isAway = { kind: "folder", path: join(folder, "nowhere") } as const;
          await endForRewind(criu, before, { ...snapshot, checkpoint: isAway });
          await running({ hostPid: before.pid });
          await endForRewind(criu, before, snapshot);
          assert.deepEqual(await steps(), []);
        }
        const live = await wakeForDebugging(criu, snapshot, options, work);
        before = live.container;
        assert.equal(live.runtime, "native");
        assert.match(work.lines.join("\n"), /with gdb\./);
        const client = await attachClient(live.attachment);
        await client.attach(STEPS);
        const thread = await stop(client);
        await leaveToTracer(live.program);
        numbers.push((await valueAt(client, thread, /^main/, "order.number")).result);
        const seen = client.events.length;
        await client.get("continue", { threadId: thread });
        const { frame, result } = await valueAt(client, await stop(client, seen), /^step/, "before");
        assert.deepEqual([frame.source?.path, frame.line], [STEPS.path, STEPS.line]);
        assert.ok(Number(result) >= Number(numbers[0]), result);
        await client.disconnect();
        await running(live.program);
      } finally {
        assert.deepEqual(await work.own.dispose(), [], `round ${round}`);
      }
    }
    assert.equal(numbers[0], numbers[1]);
    assert.ok(Number(numbers[0]) >= 1000, numbers[0]);
  });
});
