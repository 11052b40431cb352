import { readFileSync } from "node:fs";

/**
 * A process's number, and on Linux when it started (proc_pid_stat(5), field 22): numbers are given again. Undefined when it
 * is gone.
 */
export function processIdentity(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's is there.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return undefined;
  }
  if (process.platform !== "linux") return String(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie runs no more, whoever has yet to hear of it.
    return state === "Z" || state === "X" ? undefined : `${pid}-${fields[18] ?? ""}`;
  } catch {
    return undefined;
  }
}

/** Whether the process that an identity is of still runs. */
export const stillRuns = (identity: string): boolean =>
  processIdentity(Number.parseInt(identity, 10)) === identity;
