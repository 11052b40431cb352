// gdb's own settings for a process that CRIU brought back.
import type { PathMapping } from "../source-map.ts";

/**
 * CRIU finds the end of its own code in a process by a hardware breakpoint, and leaves in the process's debug status
 * register (DR6) that it was hit. gdb takes each signal that comes after for that breakpoint's, and passes over it: it
 * would neither pause nor stop at a crash (`handle_signal_stop`, `x86_stopped_by_hw_breakpoint`). So the register is
 * cleared at the first stop, by ptrace's PTRACE_POKEUSER (6); it is at 848 + 6 × 8 of `struct user` (sys/user.h).
 */
const FORGET = [
  "import gdb",
  "def forget(event):",
  "    gdb.events.stop.disconnect(forget)",
  "    try:",
  "        import ctypes",
  "        if not gdb.selected_frame().architecture().name().startswith('i386:x86-64'): return",
  "        poke = ctypes.CDLL(None).ptrace",
  "        poke.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]",
  "        for thread in gdb.selected_inferior().threads(): poke(6, thread.ptid[1], 896, None)",
  "    except Exception: pass",
  "gdb.events.stop.connect(forget)",
];

/** For gdb that others start, too. */
export const RESTORED: readonly string[] = [
  `python exec(${JSON.stringify(FORGET.join("\n"))})`,
  // What was restored stopped is told to go on once it is traced; that is no news.
  "handle SIGCONT nostop noprint pass",
];

/**
 * Whether a gdb that says this to `--configuration` is built without Python (`print_gdb_configuration`), in which its debug
 * adapter is written: as the one of Debian's package gdb-minimal.
 */
export const lacksPython = (configuration: string): boolean =>
  /^\s*--without-python\s*$/m.test(configuration);

export const WITHOUT_PYTHON =
  "is built without Python, which it needs here: install the package gdb instead of gdb-minimal";

/** The arguments of a gdb that speaks the debug adapter protocol. */
export function gdbArgs(mappings: readonly PathMapping[], sysroot?: string): readonly string[] {
  return adapterArgs(sysroot, [
    ...mappings.map(
      ({ remoteRoot, localRoot }) => `set substitute-path ${quoted(remoteRoot)} ${quoted(localRoot)}`,
    ),
    ...RESTORED,
  ]);
}

function adapterArgs(sysroot: string | undefined, more: readonly string[]): readonly string[] {
  const commands = [
    // Nothing of the debuggee's own folders is run: its files are not to be trusted.
    "set auto-load off",
    "set debuginfod enabled off",
    ...(sysroot === undefined ? [] : [`set sysroot ${sysroot}`]),
    ...more,
  ];
  return ["-q", "-nx", ...commands.flatMap((command) => ["-iex", command]), "-i", "dap"];
}

/** A gdb that opens a core by the debug adapter protocol. */
export interface GdbOnCore {
  readonly args: readonly string[];
  /** What `attach` is told. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Before this version gdb speaks no debug adapter protocol. */
const WITH_ADAPTER = 14;
/** From this version on its `attach` takes `coreFile` (the announcement of gdb 18.1, 2026-09-25). */
const WITH_CORES = 18;

/** Linux's cores have no names of threads, which the protocol wants: they are called by their ids. */
const NAMED = [
  "import gdb",
  "def named(event):",
  "    thread = event.inferior_thread",
  "    if thread.name is None: thread.name = 'thread %d' % (thread.ptid[1] or thread.ptid[0])",
  "gdb.events.new_thread.connect(named)",
];

/**
 * Before, what it attaches to as a remote target is made the core, and that it stands is said as its adapter says it of a
 * process. The core's name isn't that of the target: gdb would write to the file if it took it for a line to a remote.
 */
const openCore = (core: string): readonly string[] => [
  `path = ${JSON.stringify(core)}`,
  "class Core(gdb.Command):",
  "    def __init__(self): super().__init__('target remote', gdb.COMMAND_RUNNING)",
  "    def invoke(self, argument, from_tty):",
  // From 16 on it takes a quoted name; the ones before take the rest of the line as it is.
  "        quoted = ''.join('\\\\' + c if c in ' \\t\\n\\r\\f\\v\\\\\\'\"' else c for c in path)",
  "        try: gdb.execute('core-file ' + quoted)",
  "        except gdb.error: gdb.execute('core-file ' + path)",
  "        from gdb.dap import events",
  "        class Stop: details = {}",
  "        events._on_stop(Stop())",
  "Core()",
];

/** How a gdb of this version opens `core` in a session; undefined when it is too old. */
export function gdbOnCore(version: number, core: string, sysroot?: string): GdbOnCore | undefined {
  if (version < WITH_ADAPTER) return undefined;
  const script = [...NAMED, ...(version < WITH_CORES ? openCore(core) : [])].join("\n");
  return {
    args: adapterArgs(sysroot, [`python exec(${JSON.stringify(script)})`]),
    settings: version < WITH_CORES ? { target: "the core" } : { coreFile: core },
  };
}

/** gdb splits the words of its commands as its `buildargv` does. */
const quoted = (path: string): string => `"${path.replace(/["\\]/g, "\\$&")}"`;
