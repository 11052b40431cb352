// In the extension host, with the lab's own lldb-dap, gdb and delve: *Open Core in Debugger* is a session that shows what was
// frozen, and leaves nothing but the core.
import assert from "node:assert/strict";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import type { TestApi } from "../../src/vscode/extension.ts";
import { GDB_THREADS } from "../unit/debug/gdb-threads.ts";
import { Answers } from "../vscode/answers.ts";
import { sessionEnd, until } from "./debug-support.ts";

/** Written by test/lab/vscode.test.ts. */
interface Given {
  /** Has `c` and `go`, each with `img` and `root`, and `tools/NAME` with one debugger each. */
  readonly folder: string;
}

const given = JSON.parse(process.env["CRYOSCOPE_TEST_CORES"] ?? "null") as Given | null;
const TYPE = "cryoscope-attached";

interface Stop {
  readonly session: vscode.DebugSession;
  readonly body: Stopped["body"];
}

type Call = readonly [address: string, name: string];

interface Case {
  readonly debug: string;
  readonly program: "c" | "go";
  /** The reason and its description, of a process that no signal ended. */
  readonly stop: readonly [string, string | undefined];
  /** The first calls, as gdb and delve had them of the process. */
  readonly calls: readonly Call[];
  /** A call, one of its variables and that one's value. */
  readonly local: readonly [call: string, name: string, value: string];
}

const C_CALLS = GDB_THREADS.get(1) ?? [];
/** Of test/fixtures/unwind/go-checkpoint, delve.txt, without the innermost one, whose name has no package in each delve. */
const GO_CALLS: readonly Call[] = [
  ["475b0d", "syscall.RawSyscall6"],
  ["475b66", "syscall.Syscall"],
  ["475825", "syscall.Pause"],
  ["47900a", "main.(*shape).stand"],
  ["47905a", "main.descend"],
  ["479069", "main.descend"],
  ["479069", "main.descend"],
  ["47929e", "main.main"],
  ["43786b", "runtime.main"],
];

const C_LOCAL = ["depth3", "local_answer", "4"] as const;

const CASES: readonly Case[] = [
  {
    ...{ debug: "lldb-dap", program: "c", calls: C_CALLS, local: C_LOCAL },
    // What lldb makes of no signal.
    stop: ["exception", "signal SIGSTOP"],
  },
  { debug: "gdb", program: "c", calls: C_CALLS, local: C_LOCAL, stop: ["attach", undefined] },
  {
    ...{ debug: "dlv", program: "go", calls: GO_CALLS, stop: ["entry", undefined] },
    local: ["main.(*shape).stand", "s", '*main.shape {name: "main", sides: []int len: 0, cap: 0, nil}'],
  },
];

describe("a core of a frozen process", function () {
  this.timeout(300_000);
  const ask = new Answers();

  before(function () {
    if (given === null) this.skip();
  });
  after(ask.putBack);

  for (const { debug, program, stop, calls, local } of CASES)
    it(`is a session by ${debug} with the calls that were frozen, which leaves nothing but the core`, async () => {
      assert.ok(given);
      const images = vscode.Uri.file(join(given.folder, program, "img"));
      const root = vscode.Uri.file(join(given.folder, program, "root"));
      const folder = join(given.folder, `saved-${debug}`);
      const temporary = join(given.folder, `temporary-${debug}`);
      for (const each of [folder, temporary]) await mkdir(each);
      const row = await processIn(images);

      const { PATH, TMPDIR } = process.env;
      // The extension's, too: it runs in this very process.
      process.env["PATH"] = join(given.folder, "tools", debug);
      process.env["TMPDIR"] = temporary;
      const stops: Stop[] = [];
      const tracking = vscode.debug.registerDebugAdapterTrackerFactory(TYPE, {
        createDebugAdapterTracker: (session) => ({
          onDidSendMessage: ({ event, body }: Partial<Stopped>) => {
            if (event === "stopped") stops.push({ session, body: body ?? {} });
          },
        }),
      });
      try {
        ask.give({
          showSaveDialog: [vscode.Uri.file(join(folder, "core"))],
          showQuickPick: ["Choose a Root Folder"],
          showOpenDialog: [[root]],
        });
        assert.equal(await vscode.commands.executeCommand("cryoscope.openCore", row), true);
        const { session, body } = await until("it stops", () => Promise.resolve(stops[0]));
        const { threadId, reason, description } = body;
        assert.deepEqual([reason, description], stop);
        const adapters = await childrenNamed(debug);
        assert.equal(adapters.length, 1);
        assert.match(session.name, /^Core of \d+ /);
        const { stackFrames } = await asked<Frames>(session, "stackTrace", { threadId, levels: 40 });
        const seen = stackFrames.map(({ name, instructionPointerReference: address = "" }) =>
          callOf([BigInt(address || 0).toString(16), name]),
        );
        const first = program === "go" ? 1 : 0;
        assert.deepEqual(seen.slice(first, first + calls.length), calls.map(callOf));
        const [call, name, value] = local;
        const frame = stackFrames.find((each) => each.name === call);
        assert.equal((await variablesOf(session, frame?.id ?? 0)).get(name), value);

        const ended = sessionEnd(TYPE);
        await vscode.debug.stopDebugging(session);
        await ended;
        await until("the debugger has ended", async () =>
          (await childrenNamed(debug)).length === 0 ? true : undefined,
        );
        assert.deepEqual(await readdir(folder), ["core"]);
        const left = await readdir(temporary);
        assert.deepEqual(
          left.filter((name) => !name.startsWith("vscode")),
          [],
        );
      } finally {
        tracking.dispose();
        process.env["PATH"] = PATH ?? "";
        if (TMPDIR === undefined) delete process.env["TMPDIR"];
        else process.env["TMPDIR"] = TMPDIR;
      }
    });
});

interface Stopped {
  readonly event: string;
  readonly body: { readonly reason?: string; readonly description?: string; readonly threadId?: number };
}
interface Frames {
  readonly stackFrames: readonly {
    readonly id: number;
    readonly name: string;
    readonly instructionPointerReference?: string;
  }[];
}
interface Scopes {
  readonly scopes: readonly { readonly name: string; readonly variablesReference: number }[];
}
interface Variables {
  readonly variables: readonly { readonly name: string; readonly value: string }[];
}

/** Of several names of the C library's at one place, debuggers take different ones. */
const callOf = ([address, name]: Call): Call => [address, name.replace(/^_+/, "")];

async function asked<T>(session: vscode.DebugSession, request: string, args: unknown): Promise<T> {
  return (await session.customRequest(request, args)) as T;
}

/** The row of the first process of a checkpoint, which is opened. */
async function processIn(images: vscode.Uri): Promise<unknown> {
  const extension = vscode.extensions.getExtension<TestApi>("cryoscope.cryoscope");
  const explorer = (await extension?.activate())?.checkpoint;
  const checkpoint = await explorer?.open(images);
  const entry = explorer?.openCheckpoints.find(({ source: { fsPath } }) => fsPath === images.fsPath);
  assert.ok(entry && checkpoint);
  return { kind: "process", entry, process: checkpoint.processes[0] };
}

/** A call's arguments and other variables, whatever scope a debugger puts them in. */
async function variablesOf(
  session: vscode.DebugSession,
  frameId: number,
): Promise<ReadonlyMap<string, string>> {
  const { scopes } = await asked<Scopes>(session, "scopes", { frameId });
  const found = new Map<string, string>();
  for (const { variablesReference } of scopes.filter(({ name }) => /^(Arguments|Locals)/.test(name))) {
    const { variables } = await asked<Variables>(session, "variables", { variablesReference });
    for (const { name, value } of variables) found.set(name, value);
  }
  return found;
}

/** The processes that this one started and that still run, of programs whose names begin so. */
async function childrenNamed(debug: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    const name = /^Name:\t(.*)$/m.exec(status)?.[1] ?? "";
    if (name.startsWith(debug) && status.includes(`\nPPid:\t${process.pid}\n`)) found.push(Number(pid));
  }
  return found;
}
