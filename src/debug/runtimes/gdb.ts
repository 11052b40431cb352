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

/** The arguments of a gdb that speaks the debug adapter protocol. */
export function gdbArgs(mappings: readonly PathMapping[], sysroot?: string): readonly string[] {
  const commands = [
    // Nothing of the debuggee's own folders is run: its files are not to be trusted.
    "set auto-load off",
    "set debuginfod enabled off",
    ...(sysroot === undefined ? [] : [`set sysroot ${sysroot}`]),
    ...mappings.map(
      ({ remoteRoot, localRoot }) => `set substitute-path ${quoted(remoteRoot)} ${quoted(localRoot)}`,
    ),
    ...RESTORED,
  ];
  return ["-q", "-nx", ...commands.flatMap((command) => ["-iex", command]), "-i", "dap"];
}

/** gdb splits the words of its commands as its `buildargv` does. */
const quoted = (path: string): string => `"${path.replace(/["\\]/g, "\\$&")}"`;
