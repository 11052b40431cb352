// In the extension host, with the lab's engines: freeze a Node container from VS Code, wake it, and debug it.
import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { TestApi } from "../../src/vscode/extension.ts";
import { until } from "./debug-support.ts";

/** Written by test/lab/vscode.test.ts, which made the containers. */
interface Case {
  readonly engine: string;
  readonly endpoint: string;
  readonly container: string;
  /** What `globalThis.frozen` of the process is. */
  readonly value: string;
}

const cases = JSON.parse(process.env["CRYOSCOPE_TEST_CASES"] ?? "[]") as readonly Case[];

describe("a live session", function () {
  this.timeout(300_000);
  let listening: vscode.Disposable;

  before(async () => {
    await vscode.extensions.getExtension("cryoscope.cryoscope")?.activate();
    listening = listenToEnds();
  });
  after(() => {
    listening.dispose();
  });

  for (const { engine, endpoint, container, value } of cases) {
    it(`opens and wakes a Node container frozen in ${engine}, and evaluates in it what was frozen`, async () => {
      const name = `snapshot-${container}`;
      const snapshot: unknown = await vscode.commands.executeCommand("cryoscope.checkpointContainer", {
        endpoint,
        container,
        name,
        leaveRunning: false,
      });
      assert.ok(snapshot, "the container was not frozen");

      await vscode.commands.executeCommand("cryoscope.openSnapshot", snapshot);
      assert.ok((await frozenCommands()).some((line) => line.includes(value)));

      const debuggers = debuggersBelow();
      const started = await vscode.debug.startDebugging(undefined, {
        type: "cryoscope",
        request: "launch",
        name: "Wake and debug",
        snapshot: name,
      });
      assert.ok(started, "the debug session did not start");
      const result = await evaluate(debuggers.sessions, "globalThis.frozen");
      assert.equal(result, `'${value}'`);
      // It runs on: its counter moves.
      const first = Number(await evaluate(debuggers.sessions, "globalThis.counter"));
      await until("it counts on", async () =>
        Number(await evaluate(debuggers.sessions, "globalThis.counter")) > first ? true : undefined,
      );

      const goodbyes = requestsToEnd();
      const ended = sessionEnd("cryoscope");
      await vscode.debug.stopDebugging();
      await ended;
      // The process has pid 1 in its container, and the debugger would kill the tree below pid 1 of this machine.
      await until("the debugger is told that it is over", () => Promise.resolve(goodbyes[0]));
      for (const goodbye of goodbyes) assert.match(goodbye, /^disconnect .*"terminateDebuggee":false/);
      debuggers.dispose();
    });
  }
});

/** The command lines of the processes in the checkpoint that was opened last. */
async function frozenCommands(): Promise<readonly string[]> {
  const extension = vscode.extensions.getExtension<TestApi>("cryoscope.cryoscope");
  const opened = (await extension?.activate())?.checkpoint.openCheckpoints.at(-1);
  return ((await opened?.load())?.processes ?? []).map((frozen) => frozen.cmdline.join(" "));
}

function hasCryoscopeAncestor(session: vscode.DebugSession): boolean {
  for (let parent = session.parentSession; parent; parent = parent.parentSession)
    if (parent.type === "cryoscope") return true;
  return false;
}

/** The sessions below a cryoscope session, as they come and go. */
function debuggersBelow(): { readonly sessions: ReadonlySet<vscode.DebugSession>; dispose(): void } {
  const sessions = new Set<vscode.DebugSession>();
  const listening = [
    vscode.debug.onDidStartDebugSession((session) => {
      if (hasCryoscopeAncestor(session)) sessions.add(session);
    }),
    vscode.debug.onDidTerminateDebugSession((session) => sessions.delete(session)),
  ];
  return { sessions, dispose: () => vscode.Disposable.from(...listening).dispose() };
}

/** What the debuggers are asked for to end, as it reaches them. */
const asked: string[] = [];

/** Registered after the extension's own tracker, so that it sees what that one leaves. */
function listenToEnds(): vscode.Disposable {
  return vscode.debug.registerDebugAdapterTrackerFactory("pwa-node", {
    createDebugAdapterTracker: () => ({
      onWillReceiveMessage: (message: { command?: string; arguments?: unknown }) => {
        if (message.command === "disconnect" || message.command === "terminate")
          asked.push(`${message.command} ${JSON.stringify(message.arguments)}`);
      },
    }),
  });
}

function requestsToEnd(): readonly string[] {
  asked.length = 0;
  return asked;
}

function sessionEnd(type: string): Promise<void> {
  return new Promise((resolve) => {
    const listening = vscode.debug.onDidTerminateDebugSession((session) => {
      if (session.type !== type) return;
      listening.dispose();
      resolve();
    });
  });
}

/**
 * The debugger's answer. Only the innermost of its sessions holds the thread; the ones around it refuse, or never
 * answer. So all are asked, for a while.
 */
async function evaluate(sessions: ReadonlySet<vscode.DebugSession>, expression: string): Promise<string> {
  const end = Date.now() + 90_000;
  let last: unknown;
  while (Date.now() < end) {
    for (const session of sessions) {
      const answer: unknown = await Promise.race([
        Promise.resolve(session.customRequest("evaluate", { expression, context: "repl" })).catch(
          (error: unknown) => {
            last = error;
          },
        ),
        new Promise((resolve) => setTimeout(resolve, 10_000)),
      ]);
      if (typeof answer === "object" && answer !== null && "result" in answer) return String(answer.result);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`no session evaluates ${expression}`, { cause: last });
}
