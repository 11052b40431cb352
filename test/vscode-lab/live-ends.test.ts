// In the extension host, with Podman: sessions on what runs, on copies, and bisections; none leaves anything behind.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import * as vscode from "vscode";
import type { Snapshot } from "../../src/engine/index.ts";
import { Debuggers, topFrame, until, valueOf } from "./debug-support.ts";

/** Written by test/lab/vscode.test.ts, which made the containers, and counts them afterwards. */
interface Ends {
  readonly endpoint: string;
  /** Runs /steps. */
  readonly steps: string;
  readonly file: string;
  readonly line: number;
  readonly localRoot: string;
  readonly remoteRoot: string;
  /** Makes /turned when this file is there. */
  readonly turning: string;
  readonly turn: string;
  /** A folder with lldb-dap. */
  readonly tools: string;
  /** This machine's number of its process. */
  readonly turningPid: number;
  /** Ends as soon as it is restored. */
  readonly dies: string;
  /** Listens on a port of this machine, which a copy beside it can't have. */
  readonly listens: string;
}

const ends = JSON.parse(process.env["CRYOSCOPE_TEST_ENDS"] ?? "null") as Ends | null;

describe("a live session", function () {
  this.timeout(400_000);
  let debuggers: Debuggers;

  before(async function () {
    if (ends === null) this.skip();
    await vscode.extensions.getExtension("cryoscope.cryoscope")?.activate();
    debuggers = new Debuggers();
  });
  afterEach(async () => {
    await vscode.debug.stopDebugging();
    vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
  });
  after(() => {
    if (ends !== null) debuggers.dispose();
  });

  async function freeze(container: string, name: string): Promise<Snapshot> {
    const made: unknown = await vscode.commands.executeCommand("cryoscope.checkpointContainer", {
      ...{ endpoint: ends?.endpoint, container, name, leaveRunning: true },
    });
    assert.ok(made, "the container was not frozen");
    return made as Snapshot;
  }

  it("attaches to a container as it runs, and leaves it running", async () => {
    assert.ok(ends);
    const { file, line, localRoot, remoteRoot, steps, endpoint } = ends;
    const location = new vscode.Location(vscode.Uri.file(file), new vscode.Position(line - 1, 0));
    vscode.debug.addBreakpoints([new vscode.SourceBreakpoint(location)]);
    const seen = debuggers.count;
    const started = await vscode.debug.startDebugging(undefined, {
      ...{ type: "cryoscope", request: "attach", name: "Attach", container: steps, engine: endpoint },
      pathMappings: { [remoteRoot]: localRoot },
    });
    assert.ok(started);
    const hit = await debuggers.breakpoint(seen);
    assert.equal((await topFrame(hit)).line, line);
    const first = Number(await valueOf(hit, "before"));
    await vscode.debug.stopDebugging(hit.session);
    await until("the session has gone with its debugger", () =>
      Promise.resolve(debuggers.sessions.size === 0 ? true : undefined),
    );
    // It has run on in the meantime, so a second one finds it later.
    const again = debuggers.count;
    await vscode.debug.startDebugging(undefined, {
      ...{ type: "cryoscope", request: "attach", name: "Attach", container: steps },
      pathMappings: { [remoteRoot]: localRoot },
    });
    assert.ok(Number(await valueOf(await debuggers.breakpoint(again), "before")) > first);
    await debuggers.end();
  });

  it("stops on entry by lldb-dap, and not at a signal of the program's own", async () => {
    assert.ok(ends);
    const { steps, endpoint, tools } = ends;
    const path = process.env["PATH"] ?? "";
    // The extension's, too: it runs in this very process.
    process.env["PATH"] = `${tools}:${path}`;
    try {
      const seen = debuggers.count;
      const started = await vscode.debug.startDebugging(undefined, {
        ...{ type: "cryoscope", request: "attach", name: "Attach", container: steps, engine: endpoint },
        ...{ stopOnEntry: true, debugger: "lldb-dap" },
      });
      assert.ok(started);
      const { reason, session, threadId } = await debuggers.stop(seen);
      assert.equal(reason, "entry");
      // The next one is what it is.
      await session.customRequest("continue", { threadId });
      await session.customRequest("pause", { threadId });
      assert.notEqual((await debuggers.stop(seen + 1)).reason, "entry");
      await debuggers.end();
    } finally {
      process.env["PATH"] = path;
    }
  });

  it("holds a stopped copy before its first instruction, twice at the same point, and removes it", async () => {
    assert.ok(ends);
    const { localRoot, remoteRoot, steps } = ends;
    const snapshot = await freeze(steps, "ends-copy");
    const seen: string[] = [];
    for (const round of [1, 2]) {
      const before = debuggers.count;
      const started = await vscode.debug.startDebugging(undefined, {
        ...{ type: "cryoscope", request: "launch", name: `Copy ${round}`, snapshot: snapshot.id },
        ...{ copy: true, stopped: true, pathMappings: { [remoteRoot]: localRoot } },
      });
      assert.ok(started);
      const held = await debuggers.stop(before);
      await new Promise((resolve) => setTimeout(resolve, round * 300));
      const { session, threadId } = held;
      const answer: unknown = await session.customRequest("stackTrace", { threadId });
      const { stackFrames } = answer as { readonly stackFrames: readonly { id: number; name: string }[] };
      const main = stackFrames.find(({ name }) => name === "main");
      assert.ok(main, stackFrames.map(({ name }) => name).join(" "));
      const number: unknown = await session.customRequest("evaluate", {
        ...{ expression: "order.number", frameId: main.id, context: "watch" },
      });
      seen.push((number as { readonly result: string }).result);
      await debuggers.end();
    }
    assert.equal(seen[0], seen[1]);
    assert.ok(Number(seen[0]) >= 1000, seen[0]);
  });

  it("is not begun for a snapshot that isn't there", async () => {
    const starting = vscode.debug.startDebugging(undefined, {
      ...{ type: "cryoscope", request: "launch", name: "Nothing", snapshot: "no-such-snapshot" },
    });
    // The editor shows it in a dialog, which is an error where nobody could see one.
    await assert.rejects(Promise.resolve(starting), /There is no snapshot “no-such-snapshot”/);
    assert.equal(vscode.debug.activeDebugSession, undefined);
  });

  for (const [title, container, sentence] of [
    ["a copy that ends in the moment of restoring", "dies", /ended as soon as it was restored/],
    ["a copy whose port is in use", "listens", /a port that it listened on is in use by now/],
  ] as const)
    it(`says why it can't be had with ${title}`, async () => {
      assert.ok(ends);
      const snapshot = await freeze(ends[container], `ends-${container}`);
      const said: string[] = [];
      const listening = vscode.debug.registerDebugAdapterTrackerFactory("cryoscope", {
        createDebugAdapterTracker: () => ({
          onDidSendMessage: (message: { success?: boolean; body?: { error?: { format?: string } } }) => {
            if (message.success === false) said.push(message.body?.error?.format ?? "");
          },
        }),
      });
      try {
        const configuration = { type: "cryoscope", request: "launch", name: title, snapshot: snapshot.id };
        // Whether it is false or an error is the editor's affair.
        await Promise.resolve(vscode.debug.startDebugging(undefined, { ...configuration, copy: true })).catch(
          () => undefined,
        );
        await until("it is said", () => Promise.resolve(said[0]));
        assert.match(said[0] ?? "", sentence);
        await until("the session is over", () =>
          Promise.resolve(vscode.debug.activeDebugSession === undefined ? true : undefined),
        );
      } finally {
        listening.dispose();
      }
    });

  it("is bisected for: the first of four snapshots in which a command turns", async () => {
    assert.ok(ends);
    const { turning, turn } = ends;
    const snapshots: Snapshot[] = [];
    for (const number of [1, 2, 3, 4]) {
      if (number === 3) {
        await writeFile(turn, "");
        await until("it has turned", () =>
          Promise.resolve(existsSync(`/proc/${ends.turningPid}/root/turned`) ? true : undefined),
        );
      }
      snapshots.push(await freeze(turning, `turning-${number}`));
    }
    await rm(turn);
    const found: unknown = await vscode.commands.executeCommand(
      "cryoscope.bisectSnapshots",
      { snapshot: snapshots[0] },
      "test ! -e /turned",
    );
    assert.equal((found as Snapshot | undefined)?.name, "turning-3");
  });
});
