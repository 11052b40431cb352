/** Running commands, with an error that says what went wrong. */
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";

interface RunOptions {
  /** Where the command's output goes; its last lines are part of the error. Without it the output is given back. */
  readonly log?: string;
  readonly timeoutMilliseconds?: number;
}

/** Runs a command to its end; gives its standard output; throws if it fails. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): string {
  const log = options.log === undefined ? undefined : openSync(options.log, "w");
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    stdio: ["ignore", log ?? "pipe", log ?? "pipe"],
    encoding: "utf8",
    maxBuffer: 64 << 20,
    ...(options.timeoutMilliseconds === undefined ? {} : { timeout: options.timeoutMilliseconds }),
  });
  if (log !== undefined) closeSync(log);
  if (status === 0) return stdout ?? "";
  const said = options.log === undefined ? (stderr ?? "") : readFileSync(options.log, "utf8");
  const end = said.trimEnd().split("\n").slice(-5).join("\n");
  const why = error?.message ?? (signal === null ? `exit ${status}` : `ended by ${signal}`);
  throw new Error(
    [`${command}: ${why}`, ...(end ? [end] : []), ...(options.log ? [`See ${options.log}`] : [])].join("\n"),
  );
}
