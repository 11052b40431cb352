import { readFileSync, readlinkSync } from "node:fs";

/** Of this process; empty where there is none. Two dev containers may share a home, and know nothing of each other's processes. */
const pidNamespace = (): string => {
  try {
    return readlinkSync("/proc/self/ns/pid").replace(/\D/g, "");
  } catch {
    return "";
  }
};

/**
 * A process's number, and on Linux when it started (proc_pid_stat(5), field 22), since numbers are given again, and the pid
 * namespace in which it has that number. Undefined when it is gone.
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
    return state === "Z" || state === "X" ? undefined : `${pid}-${fields[18] ?? ""}-${pidNamespace()}`;
  } catch {
    return undefined;
  }
}

/** Whether the process that an identity is of still runs. What is in another pid namespace can't be seen, and counts as running. */
export function stillRuns(identity: string): boolean {
  const [pid = "", , namespace] = identity.split("-");
  if (namespace !== undefined && namespace !== pidNamespace()) return true;
  return processIdentity(Number(pid)) === identity;
}
