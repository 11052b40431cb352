// Native programs: a table of debuggers, on this machine by the process's number here, else in the container.
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { access, constants, mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { liveErrors } from "../errors.ts";
import { majorVersion } from "../here.ts";
import { runInside, startInside } from "../inside.ts";
import { openRelay } from "../relay.ts";
import { gdbArgs, lacksPython, RESTORED, WITHOUT_PYTHON } from "./gdb.ts";
import { extensionAdapter, LLDB_DAP } from "./lldb.ts";
import { OWN_TYPE, sessionName } from "./runtime.ts";
import type { Attachment, DebugConfiguration, Runtime, Target } from "./runtime.ts";

export const native: Runtime = {
  id: "native",
  label: "a native program",
  needs:
    "gdb 14 or newer or lldb-dap, on this machine or in the container, or a C/C++ debugger of the editor's.",
  recognises: ({ exe }) => exe !== "",
  async attach(target) {
    const tried: string[] = [];
    for (const { id, attach, letsGo } of inOrder(target)) {
      if (target.debugger !== undefined && target.debugger !== id) continue;
      const found = await attach(target);
      if (typeof found !== "string") {
        target.log(`Attaching to process ${target.program.pid} with ${id}.`);
        if (target.stopOnEntry && letsGo)
          target.log(`It runs on then: ${id} holds none that it attaches to.`);
        return found;
      }
      tried.push(`${id}: ${found}`);
    }
    throw liveErrors.noNativeDebugger(target.container.name, tried);
  },
};

interface NativeDebugger {
  /** What `debugger` in launch.json calls it. */
  readonly id: string;
  /** It lets a process run on as soon as it has attached, and has no setting for that. */
  readonly letsGo?: true;
  /** The attachment, or a few words that say why it isn't to be had. */
  attach(target: Target): Promise<Attachment | string>;
}

const NO_TYPE = "the editor has no such debugger";
const NOT_SEEN = "this machine doesn't see the process";

/** What all that run here need: the process's number on this machine, and the right to look at it. */
interface Seen {
  readonly pid: number;
  /** Its file, found whatever is at that path on this machine. */
  readonly program: string;
  readonly root: string;
}

async function seen({ program: { hostPid, exe } }: Target): Promise<Seen | undefined> {
  if (hostPid === undefined) return undefined;
  const root = `/proc/${hostPid}/root`;
  // The link can be followed only by who may trace the process (ptrace(2), access mode checking).
  const may = await access(`${root}/`, constants.R_OK).then(
    () => true,
    () => false,
  );
  const path = `${root}${exe}`;
  const there = await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
  return may ? { pid: hostPid, root, program: there ? path : `/proc/${hostPid}/exe` } : undefined;
}

const pairs = ({ mappings }: Target): readonly (readonly [string, string])[] =>
  mappings.map(({ remoteRoot, localRoot }) => [remoteRoot, localRoot]);
const table = (target: Target): Readonly<Record<string, string>> => Object.fromEntries(pairs(target));

function extension(
  type: string,
  configure: (target: Target, seen: Seen) => Readonly<Record<string, unknown>>,
  /** What the extension needs of this machine: told to it, or a few words when it isn't there. */
  needed: (target: Target) => Promise<Readonly<Record<string, unknown>> | string> = () => Promise.resolve({}),
): NativeDebugger["attach"] {
  return async (target) => {
    if (!target.here.types.has(type)) return NO_TYPE;
    const where = await seen(target);
    if (where === undefined) return NOT_SEEN;
    const found = await needed(target);
    if (typeof found === "string") return found;
    return { configuration: named(target, type, { ...configure(target, where), ...found }) };
  };
}

const named = (
  target: Target,
  type: string,
  more: Readonly<Record<string, unknown>>,
): DebugConfiguration => ({ type, request: "attach", name: sessionName(target), ...more });

const lldbSettings = (target: Target, { pid, program }: Seen) => ({
  pid,
  program,
  stopOnEntry: target.stopOnEntry,
  sourceMap: pairs(target),
});

/** Best first: what the user installed for it, then what runs here, then what the container has. */
export const NATIVE_DEBUGGERS: readonly NativeDebugger[] = [
  {
    id: "cppdbg",
    // MIEngine, `HandleIDebugEntryPointEvent2`: `stopAtEntry` is for what it launches.
    letsGo: true,
    attach: extension(
      "cppdbg",
      (target, { pid, program, root }) => ({
        MIMode: "gdb",
        processId: `${pid}`,
        program,
        sourceFileMap: table(target),
        setupCommands: [`-gdb-set sysroot ${root}`, ...RESTORED].map((text) => ({
          text,
          ignoreFailures: true,
        })),
      }),
      // MIEngine, `EnsureDebuggerPath`: without one on PATH it gives up, whatever else could debug it.
      async ({ here }) => ((await here.find("gdb")) === undefined ? "it needs gdb on PATH" : {}),
    ),
  },
  {
    id: "codelldb",
    attach: extension("lldb", (target, where) => ({
      pid: where.pid,
      program: where.program,
      stopOnEntry: target.stopOnEntry,
      sourceMap: table(target),
    })),
  },
  {
    id: "lldb-dap-extension",
    attach: extension(
      "lldb-dap",
      lldbSettings,
      async ({ here }) =>
        (await extensionAdapter(here)) ?? "lldb-dap is neither on PATH nor set as lldb-dap.executable-path",
    ),
  },
  {
    id: "lldb-dap",
    async attach(target) {
      const command = await target.here.find(...LLDB_DAP);
      if (command === undefined) return "it isn't on PATH";
      const where = await seen(target);
      if (where === undefined) return NOT_SEEN;
      return {
        configuration: named(target, OWN_TYPE, lldbSettings(target, where)),
        adapter: { kind: "program", command, args: [] },
      };
    },
  },
  {
    id: "gdb",
    async attach(target) {
      const command = await target.here.find("gdb");
      if (command === undefined) return "it isn't on PATH";
      const version = majorVersion(await target.here.version(command));
      if (version < 14)
        return `it is version ${version || "?"}, and speaks the debug adapter protocol from 14 on`;
      if (lacksPython(await target.here.configuration(command))) return `it ${WITHOUT_PYTHON}`;
      const where = await seen(target);
      if (where === undefined) return NOT_SEEN;
      return {
        configuration: named(target, OWN_TYPE, { pid: where.pid, program: where.program }),
        adapter: { kind: "program", command, args: gdbArgs(target.mappings, where.root) },
        waits: true,
      };
    },
  },
  {
    id: "gdb-inside",
    async attach(target) {
      const { engine, container, program, signal } = target;
      if (engine.exec === undefined) return `${engine.name} can't run programs in it`;
      const options = { privileged: true, ...(signal && { signal }) };
      const asked = await runInside(engine, container, ["gdb", "--version"], options).catch(() => undefined);
      if (asked?.status !== 0) return "it isn't in the container";
      const version = majorVersion(asked.stdout);
      if (version < 14) return `the container's is version ${version || "?"}, and it must be 14 or newer`;
      const built = await runInside(engine, container, ["gdb", "--configuration"], options).catch(
        () => undefined,
      );
      if (lacksPython(built?.stdout ?? "")) return `the container's ${WITHOUT_PYTHON}`;
      // Without the signal: cancelling must end the session in order, not cut its line.
      // gdb takes the debuggee's strings to be in its own locale's encoding.
      const debugging = { privileged: true, environment: ["LC_ALL=C.UTF-8"] };
      const start = () => startInside(engine, container, ["gdb", ...gdbArgs(target.mappings)], debugging);
      const relay = await openRelay(start, { onMessage: target.log });
      await target.own.own("gdb in the container", () => relay.close());
      const file = `/proc/${program.pid}/exe`;
      return {
        configuration: named(target, OWN_TYPE, { pid: program.pid, program: file }),
        adapter: { kind: "server", host: relay.address, port: relay.port },
        waits: true,
      };
    },
  },
  {
    id: "gdbserver",
    async attach(target) {
      const { engine, container, program } = target;
      if (engine.exec === undefined) return `${engine.name} can't run programs in it`;
      // lldb takes its breakpoints for traps there: gdbserver doesn't set the program counter back as it expects.
      const command = await target.here.find("gdb");
      const version = command === undefined ? 0 : majorVersion(await target.here.version(command));
      if (command === undefined || version < 14) return "its other half, gdb 14 or newer, isn't on PATH";
      if (lacksPython(await target.here.configuration(command)))
        return `its other half, the gdb on PATH, ${WITHOUT_PYTHON}`;
      const asked = await runInside(engine, container, ["gdbserver", "--version"]).catch(() => undefined);
      if (asked?.status !== 0) return "it isn't in the container";
      // It sends SIGINT to the process group of that number, and kill(2) takes -1 for all but the first process.
      if (program.pid === 1)
        target.log(
          "By gdbserver process 1 can't be paused: all others of the container would be interrupted.",
        );
      // "stdio": what would be its TCP connection is its input and output.
      const argv = ["gdbserver", "--once", "--attach", "stdio", `${program.pid}`];
      const start = () => startInside(engine, container, argv, { privileged: true });
      const relay = await openRelay(start, { onMessage: target.log });
      await target.own.own("gdbserver in the container", () => relay.close());
      const file = await programFile(target);
      const settings = { target: `${relay.address}:${relay.port}`, ...(file && { program: file }) };
      return {
        configuration: named(target, OWN_TYPE, settings),
        adapter: { kind: "program", command, args: gdbArgs(target.mappings) },
        waits: true,
      };
    },
  },
];

/** Best first; where the process is to be held, those that can come before. */
function inOrder({ stopOnEntry }: Target): readonly NativeDebugger[] {
  const able = NATIVE_DEBUGGERS.filter(({ letsGo }) => !letsGo);
  return stopOnEntry ? [...able, ...NATIVE_DEBUGGERS.filter(({ letsGo }) => letsGo)] : NATIVE_DEBUGGERS;
}

const MAX_PROGRAM = 1024 * 1024 * 1024;

/**
 * The process's program as a file of this machine, for its symbols: where it is to be seen, else a copy that is gone at
 * the end. Undefined when the container has no `cat`.
 */
async function programFile(target: Target): Promise<string | undefined> {
  const where = await seen(target);
  if (where !== undefined) return where.program;
  const { container, engine, note, own, program } = target;
  const folder = join(tmpdir(), `cryoscope-program-${randomUUID()}`);
  const gone = await note?.({ kind: "files", path: folder });
  await own.own("copy of the program", async () => {
    await rm(folder, { recursive: true, force: true });
    await gone?.();
  });
  await mkdir(folder, { mode: 0o700 });
  const path = join(folder, "program");
  const argv = ["cat", `/proc/${program.pid}/exe`];
  const reading = await startInside(engine, container, argv, { privileged: true }).catch(() => undefined);
  if (reading === undefined) return undefined;
  reading.stdin.end();
  reading.stderr.resume();
  let size = 0;
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      done(size > MAX_PROGRAM ? liveErrors.bigProgram(container.name) : null, chunk);
    },
  });
  const copied = await pipeline(reading.stdout, bounded, createWriteStream(path, { mode: 0o600 })).then(
    () => true,
    () => false,
  );
  return copied && (await reading.exit) === 0 ? path : undefined;
}
