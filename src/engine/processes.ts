// Processes of this machine by their files in /proc; what has ended meanwhile reads as undefined.
import { open, readdir, readlink, stat } from "node:fs/promises";
import { join } from "node:path";

export interface LiveProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly session: number;
  /** Device number of its controlling terminal; 0: none. */
  readonly terminal: number;
  /** Clock ticks after boot: with the pid it names the process for good (proc_pid_stat(5), field 22). */
  readonly startTime: string;
  readonly comm: string;
  /** `R`, `S`, `T`, `Z`, … */
  readonly state: string;
  readonly uid: number;
  readonly argv: readonly string[];
  /** Path of the program; empty for threads of the kernel and where it may not be read. */
  readonly exe: string;
}

/** No file of /proc that is read here is longer than it matters; each is cut off there. */
const MAX_FILE = 4 * 1024 * 1024;
const MAX_PROCESSES = 32_768;

/** A file of /proc, at most 4 MiB; undefined when it can't be read. */
export async function readProc(...path: readonly string[]): Promise<string | undefined> {
  const handle = await open(join(...path)).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const chunks: Buffer[] = [];
    for (let size = 0; size < MAX_FILE;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(65_536), 0, 65_536);
      if (bytesRead === 0) break;
      chunks.push(buffer.subarray(0, bytesRead));
      size += bytesRead;
    }
    return Buffer.concat(chunks).toString("utf8");
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}

export async function listPids(procfs: string): Promise<readonly number[]> {
  const names = await readdir(procfs).catch(() => []);
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .slice(0, MAX_PROCESSES);
}

export async function readProcess(procfs: string, pid: number): Promise<LiveProcess | undefined> {
  const folder = join(procfs, String(pid));
  const line = await readProc(folder, "stat");
  if (line === undefined) return undefined;
  const parsed = parseStat(line);
  if (parsed === undefined) return undefined;
  const [cmdline, exe, owner] = await Promise.all([
    readProc(folder, "cmdline"),
    readlink(join(folder, "exe")).catch(() => ""),
    stat(folder).catch(() => undefined),
  ]);
  if (owner === undefined) return undefined;
  const argv = (cmdline ?? "").split("\0").slice(0, -1);
  return { pid, ...parsed, uid: owner.uid, argv, exe };
}

/** A line of /proc/PID/stat (proc_pid_stat(5)); the name in parentheses may hold anything, also parentheses. */
function parseStat(line: string): Omit<LiveProcess, "pid" | "uid" | "argv" | "exe"> | undefined {
  const open = line.indexOf("(");
  const close = line.lastIndexOf(")");
  const fields = line.slice(close + 2).split(" ");
  const [state, ppid, , session, terminal] = fields;
  const startTime = fields[19];
  if (open < 0 || close < open || state === undefined || startTime === undefined) return undefined;
  return {
    comm: line.slice(open + 1, close),
    state,
    ppid: Number(ppid),
    session: Number(session),
    terminal: Number(terminal),
    startTime,
  };
}

/** The process and all below it, in no order but that the first comes first. */
export async function processTree(procfs: string, root: number): Promise<readonly LiveProcess[]> {
  const all = await Promise.all((await listPids(procfs)).map((pid) => readProcess(procfs, pid)));
  const children = new Map<number, LiveProcess[]>();
  for (const one of all) {
    if (one === undefined) continue;
    const siblings = children.get(one.ppid);
    if (siblings) siblings.push(one);
    else children.set(one.ppid, [one]);
  }
  const tree = all.filter((one) => one?.pid === root).filter((one) => one !== undefined);
  // The list grows while it is walked; a pid is its parent's child once, so this ends.
  for (const one of tree) tree.push(...(children.get(one.pid) ?? []).filter(({ pid }) => pid !== root));
  return tree;
}
