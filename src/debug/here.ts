// What there is on this machine to debug with.
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** The debuggers of this machine. */
export interface DebuggersHere {
  /** Debug types that the editor's extensions contribute: `debugpy`, `cppdbg`, `lldb`, … */
  readonly types: ReadonlySet<string>;
  /** The path of the first of these programs on PATH. */
  find(...programs: readonly string[]): Promise<string | undefined>;
  /** What the user has set of another extension: `lldb-dap.executable-path`. */
  setting(name: string): unknown;
  /** What a program says to `--version`; empty when it can't be asked. */
  version(program: string): Promise<string>;
  /** What a gdb says that it was built with; empty when it can't be asked. */
  configuration(gdb: string): Promise<string>;
}

export function debuggersHere(
  types: Iterable<string>,
  path: string | undefined = process.env["PATH"],
  setting: (name: string) => unknown = () => undefined,
): DebuggersHere {
  return {
    types: new Set(types),
    setting,
    async find(...programs) {
      for (const program of programs)
        for (const folder of (path ?? "").split(delimiter)) {
          if (folder === "") continue;
          const found = join(folder, program);
          const there = await access(found, constants.X_OK).then(
            () => true,
            () => false,
          );
          if (there) return found;
        }
      return undefined;
    },
    version: (program) => said(program, "--version"),
    configuration: (gdb) => said(gdb, "--configuration"),
  };
}

function said(program: string, option: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, [option], { timeout: 10_000, maxBuffer: 65_536 }, (error, stdout) => {
      resolve(error ? "" : stdout);
    });
  });
}

/** The first number of a version's text: 16 of "GNU gdb (Debian 16.3-1) 16.3". */
export function majorVersion(text: string): number {
  // The last word of the first line that looks like one: before it may stand the packager's own.
  const words = (text.split("\n")[0] ?? "").match(/\b\d+(?:\.\d+)+/g);
  return Number.parseInt(words?.at(-1) ?? "0", 10);
}
