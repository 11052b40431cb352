// ELF cores in the debuggers of this machine: a session of the editor where one of its debuggers opens cores, else gdb or lldb.
import { join } from "node:path";
import { liveErrors } from "./errors.ts";
import type { DebuggersHere } from "./here.ts";

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
      readonly configuration: Readonly<Record<string, unknown>> & CoreConfiguration;
    }
  | { readonly kind: "terminal"; readonly program: string; readonly args: readonly string[] };

interface CoreConfiguration {
  readonly type: string;
  readonly request: string;
  readonly name: string;
}

interface CoreDebugger {
  /** The debug type that an extension contributes. */
  readonly type: string;
  readonly request: "launch" | "attach";
  configure(core: CoreToOpen, program: string | undefined): Readonly<Record<string, unknown>>;
}

/** Debuggers of the editor that open cores. A new one is a row. */
const EDITOR_DEBUGGERS: readonly CoreDebugger[] = [
  {
    type: "cppdbg",
    request: "launch",
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
    configure: ({ core, sysroot }, program) => ({
      coreFile: core,
      ...(program !== undefined && { program }),
      ...(sysroot !== undefined && {
        initCommands: [`platform select remote-linux --sysroot ${lldbWord(sysroot)}`],
      }),
    }),
  },
];

/** A word of lldb's own command language. */
const lldbWord = (text: string): string => `"${text.replace(/["\\`]/g, "\\$&")}"`;

interface TerminalDebugger {
  readonly program: string;
  args(core: CoreToOpen, program: string | undefined): readonly string[];
}

const TERMINAL_DEBUGGERS: readonly TerminalDebugger[] = [
  {
    program: "gdb",
    args: ({ core, sysroot }, program) => [
      ...(sysroot === undefined ? [] : ["-iex", `set sysroot ${sysroot}`]),
      ...(program === undefined ? [] : [program]),
      `--core=${core}`,
    ],
  },
  {
    program: "lldb",
    args: ({ core, sysroot }, program) => [
      ...(sysroot === undefined ? [] : ["-O", `platform select remote-linux --sysroot ${lldbWord(sysroot)}`]),
      "--core",
      core,
      ...(program === undefined ? [] : [program]),
    ],
  },
];

/** The best way there is here. Throws `debug.noCoreDebugger`. */
export async function coreOpening(core: CoreToOpen, here: DebuggersHere): Promise<CoreOpening> {
  const { sysroot, exe, name } = core;
  const program = sysroot === undefined || exe === undefined ? undefined : join(sysroot, exe);
  const editors = EDITOR_DEBUGGERS.find(({ type }) => here.types.has(type));
  if (editors) {
    const { type, request } = editors;
    return { kind: "session", configuration: { type, request, name, ...editors.configure(core, program) } };
  }
  for (const { program: command, args } of TERMINAL_DEBUGGERS) {
    const found = await here.find(command);
    if (found !== undefined) return { kind: "terminal", program: found, args: args(core, program) };
  }
  throw liveErrors.noCoreDebugger();
}
