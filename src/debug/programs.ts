// The processes of a container that a debugger may be attached to, and their numbers on both sides.
import { readFile, readdir, readlink } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ContainerDetails, Engine } from "../engine/index.ts";

/** A process of a container. What can't be found out is empty. */
export interface Program {
  /** As the container numbers it. */
  readonly pid: number;
  /** As this machine numbers it; undefined where its /proc doesn't show the container (a virtual machine, another user). */
  readonly hostPid: number | undefined;
  /** Path of the program's file in the container. */
  readonly exe: string;
  readonly argv: readonly string[];
}

const MAX_PROCESSES = 32_768;
const AT_ONCE = 64;

/**
 * The processes of a container by this machine's /proc; by what the engine says of its first process where that shows
 * none. Lowest pid first. Never fails: what ends in the meantime is left out.
 */
export async function programsOf(
  container: ContainerDetails,
  engine: Pick<Engine, "capabilities">,
  procfs = "/proc",
): Promise<readonly Program[]> {
  if (engine.capabilities.lists === "processes") {
    const found = container.pid === undefined ? undefined : await readProgram(procfs, container.pid);
    return found ? [{ ...found, pid: found.hostPid ?? found.pid }] : [];
  }
  const names = (await readdir(procfs).catch(() => [])).filter((name) => /^\d+$/.test(name));
  const all: Program[] = [];
  for (let at = 0; at < Math.min(names.length, MAX_PROCESSES); at += AT_ONCE) {
    const some = names.slice(at, at + AT_ONCE).map(async (name) => {
      const cgroup = await readFile(join(procfs, name, "cgroup"), "utf8").catch(() => "");
      return isIn(cgroup, container.id) ? readProgram(procfs, Number(name)) : undefined;
    });
    for (const one of await Promise.all(some)) if (one !== undefined) all.push(one);
  }
  if (all.length > 0) return all.sort((a, b) => a.pid - b.pid);
  return [{ pid: 1, hostPid: undefined, exe: container.argv[0] ?? "", argv: container.argv }];
}

/** Whether a `/proc/PID/cgroup` names the container: as a folder, or as systemd's scope (`libpod-ID.scope`). */
export function isIn(cgroup: string, container: string): boolean {
  if (container === "") return false;
  return cgroup
    .split(/[\n/:]/)
    .some((part) => part === container || part.replace(/\.scope$/, "").endsWith(`-${container}`));
}

async function readProgram(procfs: string, hostPid: number): Promise<Program | undefined> {
  const folder = join(procfs, String(hostPid));
  const [status, cmdline, exe] = await Promise.all([
    readFile(join(folder, "status"), "utf8").catch(() => ""),
    readFile(join(folder, "cmdline"), "utf8").catch(() => ""),
    readlink(join(folder, "exe")).catch(() => ""),
  ]);
  // "NSpid: HOST … CONTAINER" (proc_pid_status(5)); a kernel without it numbers all alike.
  const pid = Number(/^NSpid:.*?(\d+)$/m.exec(status)?.[1] ?? hostPid);
  if (status === "" || /^State:\s+[ZX]/m.test(status)) return undefined;
  return { pid, hostPid, exe, argv: cmdline === "" ? [] : cmdline.replace(/\0$/, "").split("\0") };
}

/** Where a debugger that runs on this machine finds the program's file and its libraries. */
export function rootOf({ hostPid }: Program): string | undefined {
  return hostPid === undefined ? undefined : `/proc/${hostPid}/root`;
}

/** The name of the program's file: `python3.13`. */
export function programName({ exe, argv }: Program): string {
  return basename(exe.replace(/ \(deleted\)$/, "")) || basename(argv[0] ?? "");
}
