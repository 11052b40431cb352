// The live processes of a container, as far as a preflight looks at them.
import { readdir, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ContainerDetails } from "../engine.ts";
import { listPids, processTree, readProc } from "../processes.ts";
import type { LiveProcess } from "../processes.ts";

export interface OpenFile {
  readonly fd: number;
  /** What the link in /proc/PID/fd says: a path, `socket:[123]`, `anon_inode:[io_uring]`. */
  readonly target: string;
  /** Lines of /proc/PID/fdinfo/FD. */
  readonly info: string;
  /** Hard links and bytes of a regular file; undefined for anything else. */
  readonly file: { readonly links: number; readonly bytes: number } | undefined;
}

export interface FrozenToBe extends LiveProcess {
  /** /proc/PID/status by its names: `TracerPid`, `Seccomp`, … */
  readonly status: ReadonlyMap<string, string>;
  readonly files: readonly OpenFile[];
  /** What its mappings are of: paths and `[names]`, each once. */
  readonly mapped: readonly string[];
  /** `pid` → `pid:[4026531836]`. */
  readonly namespaces: ReadonlyMap<string, string>;
  /** Of all threads that a tracer holds. */
  readonly tracers: readonly number[];
  /** /proc/PID/mountinfo's ids of mounts. */
  readonly mounts: ReadonlySet<string>;
}

const MAX_PROCESSES = 4096;
const MAX_FILES = 65_536;
const NAMESPACES = ["pid", "ipc", "uts", "user", "cgroup", "time", "net", "mnt"];

/**
 * The container's processes as `procfs` numbers them: found by the pid that the engine says when that process is in the
 * container's cgroup, else by the cgroup and the number it has in the engine's namespace. Empty when they aren't here, or
 * belong to another user.
 */
export async function processesOf(
  procfs: string,
  container: ContainerDetails,
): Promise<readonly FrozenToBe[]> {
  const root = await rootPid(procfs, container);
  if (root === undefined || !(await mayLookAt(procfs, root))) return [];
  const tree = (await processTree(procfs, root)).slice(0, MAX_PROCESSES);
  const all: FrozenToBe[] = [];
  // One after the other: each reads hundreds of files.
  for (const one of tree) all.push(await look(procfs, one));
  return all;
}

/** Another user's files can't be listed: nothing would be found, and that isn't the same as nothing being there. */
function mayLookAt(procfs: string, pid: number): Promise<boolean> {
  return readdir(join(procfs, String(pid), "fd")).then(
    () => true,
    () => false,
  );
}

async function rootPid(procfs: string, { pid, id, state }: ContainerDetails): Promise<number | undefined> {
  if (pid === undefined || (state !== "running" && state !== "paused")) return undefined;
  // A process's own id (`12-3456`) needs no cgroup, nor does a name that a runtime was given for a container.
  if (!/^[0-9a-f]{64}$/.test(id)) return pid;
  if (await inContainer(procfs, pid, id)) return pid;
  for (const other of await listPids(procfs)) {
    const spaces = /^NSpid:\s+(.*)$/m.exec((await readProc(procfs, String(other), "status")) ?? "")?.[1];
    const isIt = spaces?.split(/\s+/).slice(1).includes(String(pid)) === true;
    if (isIt && (await inContainer(procfs, other, id))) return other;
  }
  return undefined;
}

async function inContainer(procfs: string, pid: number, id: string): Promise<boolean> {
  return (await readProc(procfs, String(pid), "cgroup"))?.includes(id) === true;
}

async function look(procfs: string, one: LiveProcess): Promise<FrozenToBe> {
  const folder = join(procfs, String(one.pid));
  const [status, maps, mountinfo, files, namespaces, tracers] = await Promise.all([
    readProc(folder, "status"),
    readProc(folder, "maps"),
    readProc(folder, "mountinfo"),
    openFiles(folder),
    Promise.all(
      NAMESPACES.map(
        async (name) => [name, await readlink(join(folder, "ns", name)).catch(() => "")] as const,
      ),
    ),
    tracersOf(folder),
  ]);
  return {
    ...one,
    status: parseStatus(status ?? ""),
    files,
    mapped: mappedNames(maps ?? ""),
    namespaces: new Map(namespaces.filter(([, link]) => link !== "")),
    tracers,
    mounts: new Set((mountinfo ?? "").split("\n").map((line) => line.split(" ", 1)[0] ?? "")),
  };
}

function parseStatus(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split("\n").flatMap((line) => {
      const colon = line.indexOf(":");
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()] as const];
    }),
  );
}

/** Column 6 of /proc/PID/maps (proc_pid_maps(5)). */
function mappedNames(maps: string): readonly string[] {
  const names = maps.split("\n").map((line) => /^\S+ \S+ \S+ \S+ \d+\s+(.*)$/.exec(line)?.[1] ?? "");
  return [...new Set(names)].filter((name) => name !== "");
}

async function openFiles(folder: string): Promise<readonly OpenFile[]> {
  const names = (await readdir(join(folder, "fd")).catch(() => [])).slice(0, MAX_FILES);
  const files: OpenFile[] = [];
  for (const name of names) {
    const path = join(folder, "fd", name);
    const [target, info, file] = await Promise.all([
      readlink(path).catch(() => undefined),
      readProc(folder, "fdinfo", name),
      stat(path).then(
        (found) => (found.isFile() ? { links: found.nlink, bytes: found.size } : undefined),
        () => undefined,
      ),
    ]);
    if (target !== undefined) files.push({ fd: Number(name), target, info: info ?? "", file });
  }
  return files;
}

async function tracersOf(folder: string): Promise<readonly number[]> {
  const threads = (await readdir(join(folder, "task")).catch(() => [])).slice(0, MAX_FILES);
  const tracers = new Set<number>();
  for (const thread of threads) {
    const status = (await readProc(folder, "task", thread, "status")) ?? "";
    const tracer = Number(/^TracerPid:\s+(\d+)$/m.exec(status)?.[1] ?? 0);
    if (tracer > 0) tracers.add(tracer);
  }
  return [...tracers];
}
