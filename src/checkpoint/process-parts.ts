import type { MessageMap } from "../criu/index.ts";
import { checkpointErrors } from "./errors.ts";
import { readOpenFiles } from "./files.ts";
import type { FileTable } from "./files.ts";
import type { Layer } from "./layers.ts";
import { memoryMapOf } from "./memory-map.ts";
import type { Checkpoint, Process, ProcessPaths, Thread } from "./model.ts";
import { collect, mapSome } from "./problems.ts";
import type { Part, Report } from "./problems.ts";
import { readOne } from "./records.ts";

type Parts = Pick<Checkpoint, "threads" | "openFiles" | "memoryMap" | "paths">;

/** The parts of a process that are read only when asked for. A zombie has none of them: it gets empty answers. */
export function processParts(
  layer: Layer,
  byPid: ReadonlyMap<number, Process>,
  fileTable: () => Promise<Part<FileTable>>,
  machine: number | undefined,
): Parts {
  /** Reads a part of a living process, and with it whatever was wrong with files.img. */
  async function part<T>(
    pid: number,
    nothing: T,
    read: (process: Process, report: Report) => Promise<T>,
  ): Promise<Part<T>> {
    const process = byPid.get(pid);
    if (process === undefined) throw checkpointErrors.noProcess(pid);
    if (process.state === "zombie") return { value: nothing, problems: [] };
    return collect((report) => read(process, report));
  }

  async function files(report: Report): Promise<FileTable> {
    const { value, problems } = await fileTable();
    problems.forEach(report);
    return value;
  }

  return {
    threads: (pid) =>
      part<readonly Thread[]>(pid, [], (process, report) =>
        mapSome(process.threadIds, 8, (tid) => readThread(layer, process, tid, report)),
      ),
    openFiles: (pid) =>
      part(pid, [], async (_, report) => {
        const ids = await readOne(layer, `ids-${pid}.img`, "task_kobj_ids_entry", report);
        return ids === undefined
          ? []
          : readOpenFiles(layer, ids.files_id, await files(report), machine, report);
      }),
    memoryMap: (pid) =>
      part(pid, [], async (_, report) => {
        const mm = await readOne(layer, `mm-${pid}.img`, "mm_entry", report);
        return mm === undefined ? [] : memoryMapOf(mm, await files(report));
      }),
    paths: (pid) =>
      part<ProcessPaths>(pid, NO_PATHS, async (_, report) => {
        const fs = await readOne(layer, `fs-${pid}.img`, "fs_entry", report);
        const mm = await readOne(layer, `mm-${pid}.img`, "mm_entry", report);
        return pathsOf(fs, mm, await files(report));
      }),
  };
}

const NO_PATHS: ProcessPaths = { exe: undefined, cwd: undefined, root: undefined, umask: undefined };

async function readThread(layer: Layer, process: Process, tid: number, report: Report): Promise<Thread> {
  const leader = tid === process.pid;
  const core = await readOne(layer, `core-${tid}.img`, "core_entry", report);
  const comm = core?.thread_core?.comm ?? core?.tc?.comm ?? (leader ? process.comm : "");
  return { tid, comm, state: process.state, leader };
}

function pathsOf(
  fs: MessageMap["fs_entry"] | undefined,
  mm: MessageMap["mm_entry"] | undefined,
  table: FileTable,
): ProcessPaths {
  const path = (id: number | undefined): string | undefined =>
    id === undefined ? undefined : table.pathOf(id);
  return { exe: path(mm?.exe_file_id), cwd: path(fs?.cwd_id), root: path(fs?.root_id), umask: fs?.umask };
}
