// ELF cores in sessions of the editor without another extension: by the debug adapters that lldb and gdb bring.
import type { CoreToOpen } from "./core-debuggers.ts";
import { majorVersion } from "./here.ts";
import type { DebuggersHere } from "./here.ts";
import { gdbOnCore, lacksPython } from "./runtimes/gdb.ts";
import { LLDB_DAP, lldbWord } from "./runtimes/lldb.ts";
import { OWN_TYPE } from "./runtimes/runtime.ts";
import type { Attachment } from "./runtimes/runtime.ts";

/** A program of this machine that speaks the debug adapter protocol, and what it is told. */
interface CoreAdapter {
  readonly command: string;
  readonly args: readonly string[];
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The gdb that knows other machines than the one it runs on. */
export const FOREIGN_GDB = "gdb-multiarch";

/** What lldb's adapter and the extension of it are told. */
export const lldbSettings = ({ core, sysroot }: CoreToOpen): Readonly<Record<string, unknown>> => ({
  coreFile: core,
  ...(sysroot !== undefined && {
    initCommands: [`platform select remote-linux --sysroot ${lldbWord(sysroot)}`],
  }),
});

/** Best first. Each gives what is here of it; `foreign` says that the core is of another machine. */
const ADAPTERS: readonly ((
  core: CoreToOpen,
  here: DebuggersHere,
  foreign: boolean,
) => Promise<CoreAdapter | undefined>)[] = [
  async (core, here) => {
    const command = await here.find(...LLDB_DAP);
    return command === undefined ? undefined : { command, args: [], settings: lldbSettings(core) };
  },
  async ({ core, sysroot }, here, foreign) => {
    const command = await here.find(foreign ? FOREIGN_GDB : "gdb");
    if (command === undefined || lacksPython(await here.configuration(command))) return undefined;
    const opened = gdbOnCore(majorVersion(await here.version(command)), core, sysroot);
    return opened && { command, ...opened };
  },
];

/** The session of the first adapter that is here; undefined when there is none. `program` is a path on this machine. */
export async function coreAdapter(
  core: CoreToOpen,
  program: string | undefined,
  here: DebuggersHere,
  foreign: boolean,
): Promise<Attachment | undefined> {
  for (const find of ADAPTERS) {
    const found = await find(core, here, foreign);
    if (found === undefined) continue;
    const { command, args, settings } = found;
    return {
      configuration: {
        ...{ type: OWN_TYPE, request: "attach", name: core.name, ...settings },
        ...(program !== undefined && { program }),
      },
      adapter: { kind: "program", command, args },
    };
  }
  return undefined;
}
