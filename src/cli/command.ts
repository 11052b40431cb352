import type { CliOutput } from "./output.ts";

/** How a command ended; also the exit status of the process. */
export const EXIT = {
  done: 0,
  /** Done, and there was something to find: problems, differences. */
  findings: 1,
  wrongUsage: 2,
  unreadable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * Runs one command. `args` are the words behind its name. Throws `cli.usage` for wrong usage (exit 2) and any other
 * `CryoscopeError` for what could not be read (exit 3).
 */
export type RunCommand = (args: readonly string[], output: CliOutput) => Promise<ExitCode>;

/** A row of the table of commands. */
export interface CommandRow {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Lines for `cryoscope NAME --help`: the synopsis first. */
  readonly usage: string;
  /** Loads the command's file when it is asked for. */
  load(): Promise<{ readonly run: RunCommand }>;
}
