// In the extension host, with the lab's engines: programs frozen, woken and debugged, again and again.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import * as vscode from "vscode";
import type { TestApi } from "../../src/vscode/extension.ts";
import { Debuggers, topFrame, until, valueOf } from "./debug-support.ts";

/** Written by test/lab/vscode.test.ts, which made the containers. */
interface Case {
  readonly runtime: "python" | "native" | "node";
  readonly engine: string;
  readonly endpoint: string;
  readonly container: string;
  /** A line that each step comes by, in a file of this machine. */
  readonly file: string;
  readonly line: number;
  /** Where its sources lie, unless a mount says so. */
  readonly remoteRoot?: string;
  readonly localRoot?: string;
  /** An expression at that line, and a word that its value holds. */
  readonly expression: string;
  readonly value: string;
  /** Grows with each step. */
  readonly counter: string;
  /** Makes it 900000. */
  readonly change: string;
  readonly changeContext: string;
}

const cases = JSON.parse(process.env["CRYOSCOPE_TEST_STEPS"] ?? "[]") as readonly Case[];

describe("a live session of a program that takes steps", function () {
  this.timeout(400_000);
  let debuggers: Debuggers;

  before(async () => {
    await vscode.extensions.getExtension("cryoscope.cryoscope")?.activate();
    debuggers = new Debuggers();
  });
  afterEach(async () => {
    // One that failed in the middle must not stop at the next one's breakpoints.
    await vscode.debug.stopDebugging();
  });
  after(() => {
    debuggers.dispose();
    vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
  });

  for (const one of cases) {
    const { runtime, engine, container } = one;
    it(`stops ${runtime} frozen in ${engine} at a breakpoint, freezes there, and rewinds to where it began`, async () => {
      const name = `steps-${container}`;
      const { endpoint, file, line, localRoot, remoteRoot } = one;
      const made: unknown = await vscode.commands.executeCommand("cryoscope.checkpointContainer", {
        ...{ endpoint, container, name, leaveRunning: false },
      });
      assert.ok(made, "the container was not frozen");
      const location = new vscode.Location(vscode.Uri.file(file), new vscode.Position(line - 1, 0));
      vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
      vscode.debug.addBreakpoints([new vscode.SourceBreakpoint(location)]);

      let seen = debuggers.count;
      const started = await vscode.debug.startDebugging(undefined, {
        ...{ type: "cryoscope", request: "launch", name: "Wake and debug", snapshot: name },
        ...(localRoot && { pathMappings: [{ localRoot, remoteRoot }] }),
      });
      assert.ok(started, "the debug session did not start");
      const first = await debuggers.breakpoint(seen);
      const frame = await topFrame(first);
      assert.equal(frame.line, line);
      // On a server VS Code writes where the file is before its path.
      assert.ok(frame.source?.path?.endsWith(file), frame.source?.path);
      // The editor shows the file of this machine, not a copy that the debugger would send.
      assert.ok((frame.source?.sourceReference ?? 0) === 0);
      await until("the editor shows the line", () =>
        Promise.resolve(
          vscode.window.activeTextEditor?.document.uri.scheme === "file" &&
            basename(vscode.window.activeTextEditor.document.fileName) === basename(file)
            ? true
            : undefined,
        ),
      );
      assert.ok((await valueOf(first, one.expression)).includes(one.value));
      const began = Number(await valueOf(first, one.counter));
      assert.ok(began >= 1000, `${began}`);

      // What the debugger changes is frozen too …
      await valueOf(first, one.change, one.changeContext);
      const before = await snapshotCount();
      seen = debuggers.count;
      assert.equal(await vscode.commands.executeCommand("cryoscope.freezeHere"), true);
      assert.equal(await snapshotCount(), before + 1);
      // … as it was at the breakpoint: it has taken no step since, though its debugger had to leave.
      const held = await numberInSnapshot(one.value);
      assert.equal(held ?? began, began);
      // A debugger that traces it finds it where it was; the others meet it on its way.
      const there = runtime === "native" ? await debuggers.stop(seen) : undefined;
      if (there !== undefined) {
        assert.equal((await topFrame(there)).line, line);
        assert.equal(Number(await valueOf(there, one.counter)), 900_000);
        seen = debuggers.count;
        await there.session.customRequest("continue", { threadId: there.threadId });
      }
      const again = await debuggers.breakpoint(seen);
      const later = Number(await valueOf(again, one.counter));
      assert.ok(later >= 900_000, `${began} -> ${later}`);

      // … and gone at the point where it began. The breakpoint is kept.
      seen = debuggers.count;
      assert.equal(await vscode.commands.executeCommand("cryoscope.rewind"), true);
      const rewound = await debuggers.breakpoint(seen);
      assert.notEqual(rewound.session.id, first.session.id);
      assert.ok((await valueOf(rewound, one.expression)).includes(one.value));
      const back = Number(await valueOf(rewound, one.counter));
      assert.ok(back >= 1000 && back < 100_000, `${began} -> ${later} -> ${back}`);
      assert.equal(vscode.debug.breakpoints.length, 1);

      await debuggers.end();
      if (runtime === "native") return;

      // Its debugger holds nothing that it attaches to, so it is paused: no breakpoint, and it stands in its own code.
      vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
      seen = debuggers.count;
      await vscode.debug.startDebugging(undefined, {
        ...{ type: "cryoscope", request: "attach", name: "Attach", container, engine: endpoint },
        stopOnEntry: true,
      });
      const entered = await topFrame(await debuggers.stop(seen));
      assert.ok(entered.source?.path?.endsWith(basename(file)), entered.source?.path);
      await debuggers.end();
    });
  }
});

/** The highest number that the newest snapshot's pages hold after the word; undefined where there are none to read. */
async function numberInSnapshot(word: string): Promise<number | undefined> {
  const extension = vscode.extensions.getExtension<TestApi>("cryoscope.cryoscope");
  const [newest] = (await (await extension?.activate())?.catalog.list()) ?? [];
  if (newest?.checkpoint.kind !== "archive") return undefined;
  const text = (await readFile(newest.checkpoint.path)).toString("latin1");
  const found = [...text.matchAll(new RegExp(`${word} (\\d{10})`, "g"))].map(([, digits]) => Number(digits));
  return found.length === 0 ? undefined : Math.max(...found);
}

async function snapshotCount(): Promise<number> {
  const extension = vscode.extensions.getExtension<TestApi>("cryoscope.cryoscope");
  return ((await (await extension?.activate())?.catalog.list()) ?? []).length;
}
