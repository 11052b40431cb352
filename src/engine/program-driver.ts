import type { Engine } from "./engine.ts";
import type { StartCommand } from "./local-process.ts";
import type { RunCommand } from "./run-command.ts";

/** The machine that engines without a daemon run on. */
export interface Machine {
  readonly run: RunCommand;
  /** For what is spoken with while it runs; undefined where that can't be. */
  readonly start?: StartCommand;
  /** Its proc file system; `/proc`. */
  readonly procfs: string;
  /** Where its cgroups are mounted; `/sys/fs/cgroup`. */
  readonly cgroups: string;
  /** User id that `run` has there; undefined on systems without. */
  readonly uid: number | undefined;
  /** Not root, but what has `asRoot` is run with its rights. */
  readonly elevates?: boolean;
  /** A folder for short-lived files, which `run` and this process both see. */
  readonly temporary: string;
  /** Variables that programs and addresses look at. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** One kind of engine that is a program, or that has an address scheme of its own: `runc:///run/runc`. */
export interface ProgramDriver {
  /** Also the scheme of its addresses. */
  readonly kind: string;
  /** Addresses worth a try on this machine though nobody named them. */
  usual(machine: Machine): Promise<readonly string[]>;
  /** `path` is what stands behind `kind://`; empty when nothing does. Throws `engine.*`. */
  connect(path: string, machine: Machine, signal?: AbortSignal): Promise<Engine>;
}
