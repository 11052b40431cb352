import { pageSizeOf } from "../criu/index.ts";
import type { MessageMap } from "../criu/index.ts";
import { readCmdline } from "./cmdline.ts";
import { pathInLayer } from "./layers.ts";
import type { Layer } from "./layers.ts";
import { mapSome } from "./problems.ts";
import type { Report } from "./problems.ts";
import type { MmImage } from "./process/mm-image.ts";
import { readMm } from "./process/mm-image.ts";
import { readOne, readRecords } from "./records.ts";
import { linkTree } from "./process-tree.ts";

export type ProcessState = "running" | "stopped" | "zombie" | "unknown";

/** Why a zombie ended: by itself with a code, or by a signal. */
export interface ProcessExit {
  readonly code?: number;
  readonly signal?: number;
}

/** One process. Its pids are those of its own pid namespace, as in the container. */
export interface Process {
  readonly pid: number;
  /** 0 for a root of the dumped tree. */
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  /** Pids of the children that are in this checkpoint, in the order of pstree.img. */
  readonly children: readonly number[];
  readonly comm: string;
  /** Arguments as the process has them in its memory now. Empty for zombies and where the memory is not readable. */
  readonly cmdline: readonly string[];
  readonly state: ProcessState;
  readonly exit: ProcessExit | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Thread ids, the leader first. Empty for zombies. */
  readonly threadIds: readonly number[];
}

/** Paths of a process, undefined where the image is missing. */
export interface ProcessPaths {
  readonly exe: string | undefined;
  readonly cwd: string | undefined;
  readonly root: string | undefined;
  readonly umask: number | undefined;
}

/** More tasks than Linux lets a machine have by default; a bound for hostile images. */
const MAX_PROCESSES = 65_536;
const MAX_THREADS = 65_536;
/** Images read at the same time: enough to hide latency, few enough for the descriptor limit. */
const AT_ONCE = 8;

/** `task_core_entry.task_state` (`criu/include/image.h`). Every state but these is unknown to CRIU itself. */
const STATES: Readonly<Record<number, ProcessState>> = {
  1: "running",
  2: "zombie",
  3: "stopped",
  6: "zombie",
};

export interface ProcessTree {
  /** In the order of pstree.img. */
  readonly processes: readonly Process[];
  readonly roots: readonly number[];
  /** `X86_64` … of the first process whose core could be read. */
  readonly architecture: number | undefined;
  /** Bytes. */
  readonly pageSize: number;
}

export const NO_PROCESSES: ProcessTree = {
  processes: [],
  roots: [],
  architecture: undefined,
  pageSize: 4096,
};

/** Reads pstree.img, each task's core image and its command line. Pids are those inside the container. */
export async function readProcesses(
  layers: readonly [Layer, ...Layer[]],
  report: Report,
  signal?: AbortSignal,
): Promise<ProcessTree> {
  const [layer] = layers;
  const entries = await readRecords(layer, "pstree.img", "pstree_entry", report, MAX_PROCESSES);
  const tasks = new Map<number, MessageMap["pstree_entry"]>();
  for (const entry of entries) {
    if (!tasks.has(entry.pid)) tasks.set(entry.pid, entry);
    else report(duplicatePid(layer, entry.pid));
  }
  let architecture: number | undefined;
  let pageSize: number | undefined;
  const processes = await mapSome([...tasks.values()], AT_ONCE, async (entry) => {
    signal?.throwIfAborted();
    const core = await readOne(layer, `core-${entry.pid}.img`, "core_entry", report);
    architecture ??= core?.mtype;
    return readProcess(layers, entry, core, report, (mm) => {
      pageSize ??= pageSizeOf(mm);
    });
  });
  const { children, roots } = linkTree(
    processes.map(({ pid, ppid }) => ({ pid, ppid })),
    (pid) => report(parentCycle(layer, pid)),
  );
  return {
    processes: processes.map((process) => ({ ...process, children: children.get(process.pid) ?? [] })),
    roots,
    architecture,
    pageSize: pageSize ?? 4096,
  };
}

async function readProcess(
  layers: readonly [Layer, ...Layer[]],
  entry: MessageMap["pstree_entry"],
  core: MessageMap["core_entry"] | undefined,
  report: Report,
  onMemory: (mm: MmImage) => void,
): Promise<Omit<Process, "children">> {
  const [layer] = layers;
  const state = STATES[core?.tc?.task_state ?? -1] ?? "unknown";
  const creds = core?.thread_core?.creds;
  // A zombie has neither memory nor files, and the thread ids in its pstree entry are leftover bytes.
  const alive = state !== "zombie";
  const mm = alive ? await readMm(layer, entry.pid, report) : undefined;
  if (mm !== undefined) onMemory(mm);
  const cmdline = mm === undefined ? [] : await readCmdline(layers, entry.pid, mm, report);
  if (cmdline === undefined) report(cmdlineMissing(layer, entry.pid));
  return {
    pid: entry.pid,
    ppid: entry.ppid,
    pgid: entry.pgid,
    sid: entry.sid,
    comm: core?.tc?.comm ?? core?.thread_core?.comm ?? "",
    cmdline: cmdline ?? [],
    state,
    exit: alive ? undefined : exitOf(core?.tc?.exit_code),
    uid: creds?.uid,
    gid: creds?.gid,
    threadIds: alive ? [...new Set(entry.threads)].slice(0, MAX_THREADS) : [],
  };
}

/** A wait status: the low seven bits are a signal, the next byte an exit code. */
function exitOf(status: number | undefined): ProcessExit | undefined {
  if (status === undefined) return undefined;
  const signal = status & 0x7f;
  return signal === 0 ? { code: (status >> 8) & 0xff } : { signal };
}

const cmdlineMissing = (layer: Layer, pid: number) =>
  ({
    code: "checkpoint.cmdlineMissing",
    message: `The command line of process ${pid} is in memory that is not among the pages here.`,
    severity: "warning",
    file: pathInLayer(layer, `pagemap-${pid}.img`),
  }) as const;

const duplicatePid = (layer: Layer, pid: number) =>
  ({
    code: "checkpoint.duplicatePid",
    message: `Process ${pid} is listed twice; the first entry is shown.`,
    severity: "warning",
    file: pathInLayer(layer, "pstree.img"),
  }) as const;

const parentCycle = (layer: Layer, pid: number) =>
  ({
    code: "checkpoint.processCycle",
    message: `Process ${pid} is its own ancestor; it is shown as a root.`,
    severity: "warning",
    file: pathInLayer(layer, "pstree.img"),
  }) as const;
