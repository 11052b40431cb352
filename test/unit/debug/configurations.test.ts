// What the debuggers of the editor are told, whole: each property is one that the debugger's own extension documents.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debuggersHere } from "../../../src/debug/index.ts";
import type { Target } from "../../../src/debug/index.ts";
import type { Execution } from "../../../src/engine/index.ts";
import { attach, program, targetHere } from "./targets.ts";

/**
 * The properties of `attach` that are used, by their types in the `package.json` of each extension: vscode-cpptools
 * (`Extension/tools/OptionsSchema.json`), CodeLLDB (`MANUAL.md`, "Attaching to a Running Process"), lldb-dap
 * (`lldb/tools/lldb-dap/package.json`; of `stopOnEntry` its adapter's `attach`), vscode-python-debugger, vscode-go, vscode-java-debug, and
 * VS Code's js-debug.
 */
const DOCUMENTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  cppdbg: {
    ...{ MIMode: "string", processId: "string", program: "string", sourceFileMap: "object" },
    setupCommands: "array",
  },
  lldb: { pid: "number", program: "string", stopOnEntry: "boolean", sourceMap: "object" },
  "lldb-dap": {
    ...{ pid: "number", program: "string", stopOnEntry: "boolean", sourceMap: "array" },
    debugAdapterExecutable: "string",
  },
  debugpy: { connect: "object", pathMappings: "array", justMyCode: "boolean", subProcess: "boolean" },
  go: {
    ...{ mode: "string", processId: "number", stopOnEntry: "boolean", substitutePath: "array" },
    debugAdapter: "string",
  },
  java: { hostName: "string", port: "number", sourcePaths: "array" },
};

/** A folder with the programs that extensions look for on PATH. */
let tools = "";
/** The same with gdb alone, one that doesn't speak the debug adapter protocol. */
let onlyGdb = "";

before(async () => {
  tools = await mkdtemp(join(tmpdir(), "cryoscope-tools-"));
  onlyGdb = join(tools, "only-gdb");
  await mkdir(onlyGdb);
  for (const path of [join(tools, "gdb"), join(tools, "lldb-dap-19"), join(onlyGdb, "gdb")])
    await writeFile(path, "", { mode: 0o755 });
});
after(() => rm(tools, { recursive: true }));

/** The configuration, of which each property has been looked up. */
async function told(
  id: Parameters<typeof attach>[0],
  type: string,
  change: Partial<Target> = {},
): Promise<unknown> {
  const here = debuggersHere([type], tools);
  const { configuration, adapter } = await attach(id, targetHere({ here, ...change }));
  assert.equal(adapter, undefined);
  assert.deepEqual([configuration.type, configuration.request], [type, "attach"]);
  assert.match(configuration.name, /^web: process \d+$/);
  const { type: _type, request: _request, name: _name, ...rest } = configuration;
  for (const [key, value] of Object.entries(rest))
    assert.equal(Array.isArray(value) ? "array" : typeof value, DOCUMENTED[type]?.[key], `${type}: ${key}`);
  return rest;
}

const { pid } = process;
const root = `/proc/${pid}/root`;
const seenHere = { pid, program: `${root}${process.execPath}` };

describe("what a debugger of the editor is told", () => {
  before(function () {
    if (process.platform !== "linux") this.skip();
  });

  it("names the process, its file and the container's root, for cppdbg", async () => {
    const rest = (await told("native", "cppdbg")) as { readonly setupCommands: readonly { text: string }[] };
    const { setupCommands, ...others } = rest;
    assert.deepEqual(others, {
      ...{ MIMode: "gdb", processId: String(pid), program: seenHere.program },
      sourceFileMap: { "/app": '/home/me/my "app"' },
    });
    const [sysroot, forget, signal, ...more] = setupCommands;
    assert.deepEqual(more, []);
    assert.deepEqual(sysroot, { text: `-gdb-set sysroot ${root}`, ignoreFailures: true });
    assert.deepEqual(signal, { text: "handle SIGCONT nostop noprint pass", ignoreFailures: true });
    assert.match(forget?.text ?? "", /^python exec\("import gdb\\n.*"\)$/);
  });

  it("names process, file and sources, for CodeLLDB and lldb-dap's extension", async () => {
    for (const stopOnEntry of [false, true]) {
      const map = { "/app": '/home/me/my "app"' };
      assert.deepEqual(await told("native", "lldb", { stopOnEntry }), {
        ...{ ...seenHere, stopOnEntry, sourceMap: map },
      });
      // In pairs: lldb asks them in order.
      assert.deepEqual(await told("native", "lldb-dap", { stopOnEntry }), {
        ...{ ...seenHere, stopOnEntry, sourceMap: Object.entries(map) },
        // Its own search knows no other name than lldb-dap.
        debugAdapterExecutable: join(tools, "lldb-dap-19"),
      });
    }
  });

  it("has the sources of this machine first, for Go", async () => {
    assert.deepEqual(await told("go", "go", { stopOnEntry: true }), {
      ...{ mode: "local", processId: pid, stopOnEntry: true, debugAdapter: "dlv-dap" },
      substitutePath: [{ from: '/home/me/my "app"', to: "/app" }],
    });
  });

  it("names the JVM's agent and where sources are, for Java", async () => {
    const jvm = program(1, "java", "-agentlib:jdwp=transport=dt_socket,server=y,address=*:5005");
    assert.deepEqual(await told("java", "java", { program: jvm }), {
      ...{ hostName: "127.0.0.1", port: 5005, sourcePaths: ['/home/me/my "app"'] },
    });
  });

  it("leads through a relay to debugpy, for Python", async () => {
    const target = targetHere();
    // Its interpreter answers, and what connects to debugpy hears its three greetings.
    const greeting = "Content-Length: 2\r\n\r\n{}".repeat(3);
    const exec = (_id: string, argv: readonly string[]): Promise<Execution> =>
      Promise.resolve(
        argv.includes("5678") ? started("sh", "-c", 'printf %s "$1"; cat', "sh", greeting) : started("true"),
      );
    const change = {
      engine: { ...target.engine, exec },
      program: program(7, "/usr/bin/python3", "-m", "debugpy", "--listen", "0.0.0.0:5678", "app.py"),
      // debugpy knows it of what it launches only.
      stopOnEntry: true,
      own: target.own,
    };
    try {
      const rest = (await told("python", "debugpy", change)) as { readonly connect: { port: number } };
      const { connect, ...others } = rest;
      assert.ok(connect.port > 1023);
      assert.deepEqual(connect, { host: "127.0.0.1", port: connect.port });
      assert.deepEqual(others, {
        pathMappings: [{ localRoot: '/home/me/my "app"', remoteRoot: "/app" }],
        ...{ justMyCode: false, subProcess: false },
      });
    } finally {
      assert.deepEqual(await target.own.dispose(), []);
    }
  });
});

describe("a process that is to be held", () => {
  before(function () {
    if (process.platform !== "linux") this.skip();
  });

  it("isn't given to a debugger that would let it go, while there is another", async () => {
    const chosen = async (stopOnEntry: boolean, ...types: readonly string[]): Promise<string> => {
      const here = debuggersHere(types, onlyGdb);
      return (await attach("native", targetHere({ here, stopOnEntry }))).configuration.type;
    };
    assert.equal(await chosen(false, "cppdbg", "lldb"), "cppdbg");
    assert.equal(await chosen(true, "cppdbg", "lldb"), "lldb");
    assert.equal(await chosen(true, "cppdbg"), "cppdbg");
  });

  it("that runs on all the same is told of", async () => {
    const lines: string[] = [];
    const log = (line: string): void => void lines.push(line);
    const here = debuggersHere(["cppdbg"], onlyGdb);
    await attach("native", targetHere({ here, log, stopOnEntry: true }));
    assert.match(lines.at(-1) ?? "", /runs on then: cppdbg/);
  });
});

/** A program of this machine in place of one in a container. */
function started(command: string, ...args: readonly string[]): Execution {
  const child = spawn(command, args, { stdio: "pipe" });
  const { stdin, stdout, stderr } = child;
  stdin.on("error", () => undefined);
  return { stdin, stdout, stderr, exit: once(child, "close").then(() => child.exitCode ?? -1) };
}
