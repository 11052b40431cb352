// ELF cores in the debuggers of this machine: a session of the editor, by one of its debuggers or by an adapter that is here;
// else gdb or lldb in a terminal.
import { open } from "node:fs/promises";
import { join } from "node:path";
import { coreAdapter, FOREIGN_GDB, lldbSettings } from "./core-adapters.ts";
import { liveErrors } from "./errors.ts";
import type { DebuggersHere } from "./here.ts";
import { ANY_GO, delveOnCore, isGoFile, startDelve } from "./runtimes/go.ts";
import type { ServerWork } from "./runtimes/go.ts";
import { extensionAdapter, lldbWord } from "./runtimes/lldb.ts";
import { OWN_TYPE } from "./runtimes/runtime.ts";
import type { Adapter, DebugConfiguration } from "./runtimes/runtime.ts";

/** A core, and what a debugger needs beside it. */
export interface CoreToOpen {
  readonly core: string;
  /** The program as a path in the process's root; undefined where it isn't known. */
  readonly exe: string | undefined;
  /** A folder on this machine that has the programs and libraries. */
  readonly sysroot: string | undefined;
  readonly name: string;
}

/** How a core is opened. Arguments are passed as they are, through no shell. */
export type CoreOpening =
  | {
      readonly kind: "session";
      readonly configuration: DebugConfiguration;
      /** Where no extension brings one. */
      readonly adapter?: Adapter;
    }
  | { readonly kind: "terminal"; readonly program: string; readonly args: readonly string[] };

interface CoreDebugger {
  /** The debug type that an extension contributes. */
  readonly type: string;
  readonly request: "launch" | "attach";
  /** What it needs of this machine, which it is told; undefined when that isn't here. */
  needed?(here: DebuggersHere, foreign: boolean): Promise<Readonly<Record<string, unknown>> | undefined>;
  configure(core: CoreToOpen, program: string | undefined): Readonly<Record<string, unknown>>;
}

/** Debuggers of the editor that open cores. A new one is a row. */
const EDITOR_DEBUGGERS: readonly CoreDebugger[] = [
  {
    type: "cppdbg",
    request: "launch",
    async needed(here, foreign) {
      const gdb = await here.find(foreign ? FOREIGN_GDB : "gdb");
      return gdb === undefined ? undefined : foreign ? { miDebuggerPath: gdb } : {};
    },
    configure: ({ core, sysroot }, program) => ({
      ...{ MIMode: "gdb", program: program ?? core, coreDumpPath: core, cwd: sysroot ?? "/" },
      ...(sysroot !== undefined && {
        setupCommands: [{ text: `-gdb-set sysroot ${sysroot}`, ignoreFailures: true }],
      }),
    }),
  },
  {
    type: "lldb",
    request: "launch",
    configure: ({ core, sysroot }, program) => ({
      initCommands:
        sysroot === undefined ? [] : [`platform select remote-linux --sysroot ${lldbWord(sysroot)}`],
      targetCreateCommands: [
        `target create ${program === undefined ? "" : `${lldbWord(program)} `}--core ${lldbWord(core)}`,
      ],
      processCreateCommands: [],
    }),
  },
  {
    type: "lldb-dap",
    request: "attach",
    needed: extensionAdapter,
    configure: (core, program) => ({ ...lldbSettings(core), ...(program !== undefined && { program }) }),
  },
];

interface TerminalDebugger {
  readonly program: string;
  /** The form of it that knows other machines than the one it runs on. */
  readonly foreign: string;
  args(core: CoreToOpen, program: string | undefined): readonly string[];
}

const TERMINAL_DEBUGGERS: readonly TerminalDebugger[] = [
  {
    ...{ program: "gdb", foreign: FOREIGN_GDB },
    args: ({ core, sysroot }, program) => [
      ...(sysroot === undefined ? [] : ["-iex", `set sysroot ${sysroot}`]),
      ...(program === undefined ? [] : [program]),
      `--core=${core}`,
    ],
  },
  {
    ...{ program: "lldb", foreign: "lldb" },
    args: ({ core, sysroot }, program) => [
      ...(sysroot === undefined ? [] : ["-O", `platform select remote-linux --sysroot ${lldbWord(sysroot)}`]),
      "--core",
      core,
      ...(program === undefined ? [] : [program]),
    ],
  },
];

/** `e_machine` of this machine's own programs, by Node's name of it. */
const MACHINES: Readonly<Record<string, number>> = { x64: 62, arm64: 183, arm: 40, ia32: 3 };

/** Whether a core is of another machine than this: a debugger must be made for it then. One that can't be read is not. */
async function isForeign(core: string): Promise<boolean> {
  const file = await open(core).catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(20), 0, 20, 0);
    return bytesRead === 20 && buffer.readUInt16LE(18) !== MACHINES[process.arch];
  } finally {
    await file.close();
  }
}

/** Delve for a program of Go, whose goroutines the other debuggers don't know; undefined where it isn't here. */
async function delveOpening(
  { core, name }: CoreToOpen,
  program: string,
  here: DebuggersHere,
  work: ServerWork,
): Promise<CoreOpening | undefined> {
  const dlv = await here.find("dlv");
  if (dlv === undefined || !(await isGoFile(program))) return undefined;
  const configuration = { request: "launch" as const, name, ...delveOnCore(core, program) };
  if (here.types.has("go")) return { kind: "session", configuration: { ...configuration, type: "go" } };
  const port = await startDelve(dlv, work, ANY_GO);
  return {
    kind: "session",
    configuration: { ...configuration, type: OWN_TYPE },
    adapter: { kind: "server", host: "127.0.0.1", port },
  };
}

/**
 * The best way there is here; `work` has the server that is started for it. Throws `debug.noCoreDebugger`,
 * `debug.noForeignDebugger`, `debug.silentAdapter`.
 */
export async function coreOpening(
  core: CoreToOpen,
  here: DebuggersHere,
  work: ServerWork,
): Promise<CoreOpening> {
  const { sysroot, exe, name } = core;
  const program = sysroot === undefined || exe === undefined ? undefined : join(sysroot, exe);
  const foreign = await isForeign(core.core);
  // Delve reads the cores of its own machine.
  const delve = foreign || program === undefined ? undefined : await delveOpening(core, program, here, work);
  if (delve) return delve;
  for (const { type, request, needed, configure } of EDITOR_DEBUGGERS) {
    if (!here.types.has(type)) continue;
    const found = needed === undefined ? {} : await needed(here, foreign);
    if (found === undefined) continue;
    return {
      kind: "session",
      configuration: { type, request, name, ...configure(core, program), ...found },
    };
  }
  const own = await coreAdapter(core, program, here, foreign);
  if (own) return { kind: "session", ...own };
  for (const { program: native, foreign: other, args } of TERMINAL_DEBUGGERS) {
    const found = await here.find(foreign ? other : native);
    if (found !== undefined) return { kind: "terminal", program: found, args: args(core, program) };
  }
  throw foreign ? liveErrors.noForeignDebugger() : liveErrors.noCoreDebugger();
}
