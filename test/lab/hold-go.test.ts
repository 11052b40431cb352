// A Go program frozen at a breakpoint of delve's, with the signal waiting for it by which its runtime preempts goroutines.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { DebugProtocol } from "@vscode/debugprotocol";
import {
  attachTo,
  clearStops,
  holdContainer,
  IN_HANDLER,
  leaveToTracer,
  liveOptions,
  wakeForDebugging,
} from "../../src/debug/index.ts";
import type { LiveSession } from "../../src/debug/index.ts";
import type { Snapshot } from "../../src/engine/index.ts";
import { attachClient, value } from "./dap-wire.ts";
import type { WireClient } from "./dap-wire.ts";
import { startContainer } from "./engine-helpers.ts";
import type { LabEngine } from "./engine-helpers.ts";
import { freezeFor, liveLab, liveWork, provideTools, running } from "./live-helpers.ts";
import { PROJECT } from "./place.ts";

const NAME = "cryoscope-hold-go";
const STEP = { path: join(PROJECT, "test/lab/programs/steps.go"), line: 17 };
const ROUNDS = 3;
const SIGURG = 23;
const TGKILL = { x64: 234, arm64: 131 };

/** What `before` is in the step that a goroutine takes, once delve has stopped; undefined when none takes one. */
async function inStep(client: WireClient, after = 0): Promise<number | undefined> {
  await client.event("stopped", after);
  const { threads } = await client.get<DebugProtocol.ThreadsResponse>("threads");
  for (const { id: threadId } of threads) {
    const { stackFrames } = await client.get<DebugProtocol.StackTraceResponse>("stackTrace", { threadId });
    const frame = stackFrames.find(({ name }) => name === "main.step");
    if (frame === undefined) continue;
    return Number(await value(client, "before", frame.id));
  }
  return undefined;
}

const threadsOf = ({ program }: LiveSession): readonly string[] =>
  readdirSync(`/proc/${program.hostPid ?? 0}/task`);

/** Sends to each thread alone what the runtime sends to one that runs for too long: there it waits, while delve has it. */
function preemptAll(live: LiveSession): void {
  const call = TGKILL[process.arch as keyof typeof TGKILL];
  const script = `my ($c, $p, @t) = map { $_ + 0 } @ARGV; for (@t) { syscall($c, $p, $_, ${SIGURG}) == 0 or die }`;
  const args = ["-e", script, `${call}`, `${live.program.hostPid ?? 0}`, ...threadsOf(live)];
  assert.equal(spawnSync("perl", args, { stdio: "inherit" }).status, 0);
  assert.ok(waits(live));
}

/** Whether that signal still waits for a thread: it hasn't been taken. */
const waits = (live: LiveSession): boolean =>
  threadsOf(live).some((thread) => {
    const status = readFileSync(`/proc/${live.program.hostPid ?? 0}/task/${thread}/status`, "utf8");
    const bits = BigInt(`0x${/^SigPnd:\t(.*)$/m.exec(status)?.[1] ?? "0"}`);
    return (bits & (1n << BigInt(SIGURG - 1))) !== 0n;
  });

function labTests(kind: LabEngine): void {
  describe(`a Go program in a container of ${kind} that is frozen at a breakpoint`, function () {
    this.timeout(300_000);
    const lab = liveLab(kind, NAME);

    it("is where delve left it, round after round, though its runtime's signal waits; a restore says so", async () => {
      const tools = join(lab.folder, "tools");
      await mkdir(tools, { recursive: true });
      await provideTools(tools, ["dlv"]);
      const command = ["/gosteps", "1000", "frozen-word"];
      const container = await startContainer(lab.engine, kind, NAME, { image: "debuggers", command });
      const options = liveOptions({ pathMappings: { "/project": PROJECT } });
      let work = liveWork([], tools);
      let live = await attachTo(lab.engine, container, options, work);
      assert.equal(live.runtime, "go");
      let client = await attachClient(live.attachment);
      await client.attach(STEP);
      const number = await inStep(client);
      assert.ok(number !== undefined && number >= 1000, `${number}`);
      preemptAll(live);

      let snapshot: Snapshot | undefined;
      for (let round = 1; round <= ROUNDS; round++) {
        const letGo = await holdContainer(lab.engine, live);
        assert.ok(letGo, "it was not held");
        let isFirst = false;
        try {
          await client.disconnect();
          assert.deepEqual(await work.own.dispose(), []);
          clearStops(live.program);
          snapshot = await freezeFor(lab.engine, container, lab.folder, { leaveRunning: true });
        } finally {
          isFirst = await letGo(true);
        }
        assert.ok(isFirst && waits(live), "the signal was taken");
        work = liveWork([], tools);
        live = await attachTo(lab.engine, container, { ...options, stopped: true }, work);
        client = await attachClient(live.attachment);
        await client.attach();
        assert.equal(await inStep(client), number, `round ${round}`);
        await leaveToTracer(live.program);
      }
      // It goes on, through the handler and from there.
      await client.disconnect();
      assert.deepEqual(await work.own.dispose(), []);
      await running(live.program);

      // CRIU stops what it restores by a signal to the process: what waited for the thread comes first.
      assert.ok(snapshot);
      const rewound = liveWork([], tools);
      try {
        const held = liveOptions({ stopped: true, pathMappings: { "/project": PROJECT } });
        const woken = await wakeForDebugging(lab.engine, snapshot, held, rewound);
        assert.ok(rewound.lines.includes(IN_HANDLER), rewound.lines.join("\n"));
        const debug = await attachClient(woken.attachment);
        await debug.attach(STEP);
        if ((await inStep(debug)) === undefined) {
          await leaveToTracer(woken.program);
          const seen = debug.events.length;
          await debug.get("continue", { threadId: 1 });
          assert.equal(await inStep(debug, seen), number);
        }
        await leaveToTracer(woken.program);
        await debug.disconnect();
      } finally {
        assert.deepEqual(await rewound.own.dispose(), []);
      }
    });
  });
}

labTests("podman");
labTests("docker");
