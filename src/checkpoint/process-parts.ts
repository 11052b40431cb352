import { pageSizeOf } from "../criu/index.ts";
import type { MessageMap } from "../criu/index.ts";
import { checkpointErrors } from "./errors.ts";
import type { FileImages } from "./files/context.ts";
import { joinConnections } from "./files/connections.ts";
import type { Holder } from "./files/connections.ts";
import { readDescriptors, readOpenFiles } from "./files/open-files.ts";
import type { FileTable } from "./files/table.ts";
import type { Layer } from "./layers.ts";
import { readMemoryUse } from "./memory-use.ts";
import { memoryMapOf } from "./memory-map.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { Mapping } from "./memory-map.ts";
import type { Process, ProcessPaths } from "./processes.ts";
import { once, onceRecent } from "./once.ts";
import { collect, mapSome } from "./problems.ts";
import type { Part, Report } from "./problems.ts";
import { detailsOf } from "./process/details.ts";
import { NO_ENVIRONMENT, readEnvironment } from "./process/environment.ts";
import { withLegacyParts } from "./process/legacy.ts";
import { readMm } from "./process/mm-image.ts";
import { threadOf } from "./process/thread.ts";
import type { Thread } from "./process/thread.ts";
import { readOne } from "./records.ts";

type Parts = Pick<
  Checkpoint,
  "details" | "environment" | "threads" | "openFiles" | "memoryMap" | "memoryUse" | "paths" | "connections"
>;
type SeccompFilters = readonly MessageMap["seccomp_filter"][];

/** What the processes of a checkpoint share, each read once. */
export interface SharedImages {
  readonly files: FileImages;
  /** Whether descriptor tables are named by `files_id`; in old dumps by pid. */
  readonly fdinfoPerId: boolean;
  readonly seccompFilters: () => Promise<Part<SeccompFilters>>;
}

/** The parts of a process that are read only when asked for. A zombie has neither memory nor files: empty answers. */
export function processParts(
  layers: readonly [Layer, ...Layer[]],
  byPid: ReadonlyMap<number, Process>,
  shared: SharedImages,
  machine: number | undefined,
): Parts {
  const [layer] = layers;

  function processOf(pid: number): Process {
    const process = byPid.get(pid);
    if (process === undefined) throw checkpointErrors.noProcess(pid);
    return process;
  }

  async function part<T>(
    pid: number,
    nothing: T,
    read: (process: Process, report: Report) => Promise<T>,
  ): Promise<Part<T>> {
    const process = processOf(pid);
    if (process.state === "zombie") return { value: nothing, problems: [] };
    return collect((report) => read(process, report));
  }

  /** Something shared, and with it whatever was wrong with its images. */
  async function take<T>(read: () => Promise<Part<T>>, report: Report): Promise<T> {
    const { value, problems } = await read();
    problems.forEach(report);
    return value;
  }

  const cores = onceRecent(KEPT, (tid: number) =>
    collect(async (report) => {
      const core = await readOne(layer, `core-${tid}.img`, "core_entry", report);
      return core && withLegacyParts(layer, tid, core, report);
    }),
  );
  const mms = onceRecent(KEPT, (pid: number) => collect((report) => readMm(layer, pid, report)));
  const maps = onceRecent(KEPT, (pid: number) =>
    collect(async (report): Promise<readonly Mapping[]> => {
      const mm = await take(() => mms(pid), report);
      return mm === undefined
        ? []
        : memoryMapOf(mm, await mm.vmas(report), await take(shared.files.table, report));
    }),
  );
  const coreOf = (tid: number, report: Report) => take(() => cores(tid), report);
  const mmOf = (pid: number, report: Report) => take(() => mms(pid), report);

  /** The id in the name of a process's fdinfo image. */
  async function descriptorTableOf(pid: number, report: Report): Promise<number | undefined> {
    if (!shared.fdinfoPerId) return pid;
    return (await readOne(layer, `ids-${pid}.img`, "task_kobj_ids_entry", report))?.files_id;
  }

  const contextOf = async (process: Process, tid: number, report: Report) => {
    const leader = tid === process.pid;
    const { state, comm } = process;
    return { state, leader, comm: leader ? comm : "", filters: await take(shared.seccompFilters, report) };
  };

  return {
    details: (pid) =>
      collect(async (report) => {
        const process = processOf(pid);
        const alive = process.state !== "zombie";
        const images = {
          core: await coreOf(pid, report),
          ids: alive ? await readOne(layer, `ids-${pid}.img`, "task_kobj_ids_entry", report) : undefined,
          mm: alive ? await mmOf(pid, report) : undefined,
        };
        return detailsOf(pid, images, await contextOf(process, pid, report));
      }),
    environment: (pid) =>
      part(pid, NO_ENVIRONMENT, async (_, report) => {
        const mm = await mmOf(pid, report);
        return mm === undefined ? NO_ENVIRONMENT : readEnvironment(layers, pid, mm, report);
      }),
    threads: (pid) =>
      part<readonly Thread[]>(pid, [], (process, report) =>
        mapSome(process.threadIds, 8, async (tid) =>
          threadOf(tid, await coreOf(tid, report), await contextOf(process, tid, report)),
        ),
      ),
    connections: once(() =>
      collect(async (report) => {
        const holders = new Map<number, Holder[]>();
        const alive = [...byPid.values()].filter(({ state }) => state !== "zombie");
        const tables = await mapSome(alive, 8, async ({ pid }) => {
          const table = await descriptorTableOf(pid, report);
          return { pid, entries: table === undefined ? [] : await readDescriptors(layer, table, report) };
        });
        for (const { pid, entries } of tables)
          for (const { id, fd } of entries) {
            const known = holders.get(id);
            if (known) known.push({ pid, fd });
            else holders.set(id, [{ pid, fd }]);
          }
        return joinConnections(await shared.files.context(report), holders);
      }),
    ),
    openFiles: (pid) =>
      part(pid, [], async (_, report) => {
        const table = await descriptorTableOf(pid, report);
        return table === undefined
          ? []
          : readOpenFiles(layer, table, await shared.files.context(report), machine, report);
      }),
    memoryMap: (pid) => part(pid, [], (_, report) => take(() => maps(pid), report)),
    memoryUse: (pid) =>
      part(pid, [], async (_, report) => {
        const mm = await mmOf(pid, report);
        if (mm === undefined) return [];
        return readMemoryUse(layer, pid, await take(() => maps(pid), report), pageSizeOf(mm), report);
      }),
    paths: (pid) =>
      part<ProcessPaths>(pid, NO_PATHS, async (_, report) => {
        const fs = await readOne(layer, `fs-${pid}.img`, "fs_entry", report);
        const mm = await mmOf(pid, report);
        return pathsOf(fs, mm?.exe_file_id, await take(shared.files.table, report));
      }),
  };
}

/** Processes whose images are remembered: those that somebody looks at. */
const KEPT = 16;

const NO_PATHS: ProcessPaths = { exe: undefined, cwd: undefined, root: undefined, umask: undefined };

function pathsOf(
  fs: MessageMap["fs_entry"] | undefined,
  exeId: number | undefined,
  table: FileTable,
): ProcessPaths {
  // A name that is gone is marked as the kernel marks it in /proc/PID/cwd.
  const path = (id: number | undefined): string | undefined => {
    const name = id === undefined ? undefined : table.pathOf(id);
    return id !== undefined && name !== undefined && table.isDeleted(id) ? `${name} (deleted)` : name;
  };
  return { exe: path(exeId), cwd: path(fs?.cwd_id), root: path(fs?.root_id), umask: fs?.umask };
}
