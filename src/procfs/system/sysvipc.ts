import type { IpcNamespace, IpcObject } from "../../checkpoint/index.ts";
import { detailsOf } from "../task-facts.ts";
import type { Difference, System, SystemFile } from "../model.ts";

const NOT_DUMPED = "unless the ipc namespace was dumped, as it is for containers.";

/** The ipc namespace of the first process; undefined where it was not dumped. */
async function ipcOf({ checkpoint, images, first }: System): Promise<IpcNamespace | undefined> {
  if (first === undefined) return undefined;
  const { namespaces } = await detailsOf({ checkpoint, images, process: first, tid: first.pid });
  const all = await images.keep("ipc", async () => (await checkpoint.ipc()).value);
  return all.find(({ id }) => id === namespaces.ipc);
}

const right = (value: number | bigint, width: number): string => String(value).padStart(width);

/** Key, id and mode, with which the lines of all three begin. */
const begin = ({ key, id, mode }: IpcObject): string =>
  `${right(key | 0, 10)} ${right(id, 10)}  ${(mode & 0o7777).toString(8).padStart(4)}`;
const owners = ({ uid, gid, creatorUid, creatorGid }: IpcObject): string =>
  [uid, gid, creatorUid, creatorGid].map((id) => right(id, 5)).join(" ");
const times = (count: number): string => Array<string>(count).fill("0".padStart(10)).join(" ");

const TIMES = "CRIU doesn't dump when an object was used, and by whom.";

/** `ipc/shm.c: sysvipc_shm_proc_show`. */
export const sharedMemory: SystemFile = {
  name: "sysvipc/shm",
  absent: NOT_DUMPED,
  write: async (system) => {
    const objects = (await ipcOf(system))?.sharedMemory;
    return (
      objects && [
        "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n",
        ...objects.map(
          (object) =>
            `${begin(object)} ${right(object.size, 21)} ${right(0, 5)} ${right(0, 5)}  ${right(0, 5)} ${owners(object)} ` +
            `${times(3)} ${right(0, 21)} ${right(0, 21)}\n`,
        ),
      ]
    );
  },
  differences: [
    unknown("cpid, lpid, nattch", "0", TIMES, /(?<=^ *-?\d+ +\d+ +\d+ +\d+) +\d+ +\d+ +\d+/gm),
    unknown("atime, dtime, ctime, rss, swap", "0", TIMES, /(?<=^.*)(?: +\d+){5}$/gm),
  ],
};

/** `ipc/msg.c: sysvipc_msg_proc_show`. */
export const messageQueues: SystemFile = {
  name: "sysvipc/msg",
  absent: NOT_DUMPED,
  write: async (system) => {
    const objects = (await ipcOf(system))?.messageQueues;
    return (
      objects && [
        "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n",
        ...objects.map((object) => {
          const bytes = object.messages.reduce((sum, { content }) => sum + Number(content.size), 0);
          return (
            `${begin(object)}  ${right(bytes, 10)} ${right(object.messages.length, 10)} ${right(0, 5)} ${right(0, 5)} ` +
            `${owners(object)} ${times(3)}\n`
          );
        }),
      ]
    );
  },
  differences: [
    unknown("lspid, lrpid", "0", TIMES, /(?<=^ *-?\d+ +\d+ +\d+ +\d+ +\d+) +\d+ +\d+/gm),
    unknown("stime, rtime, ctime", "0", TIMES, /(?<=^.*)(?: +\d+){3}$/gm),
  ],
};

/** `ipc/sem.c: sysvipc_sem_proc_show`. */
export const semaphores: SystemFile = {
  name: "sysvipc/sem",
  absent: NOT_DUMPED,
  write: async (system) => {
    const objects = (await ipcOf(system))?.semaphores;
    return (
      objects && [
        "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n",
        ...objects.map(
          (object) => `${begin(object)} ${right(object.values.length, 10)} ${owners(object)} ${times(2)}\n`,
        ),
      ]
    );
  },
  differences: [unknown("otime, ctime", "0", TIMES, /(?<=^.*)(?: +\d+){2}$/gm)],
};

function unknown(field: string, frozen: string, why: string, pattern: RegExp): Difference {
  return { field, frozen, why, pattern, becomes: " *" };
}

/** Limits of `IpcNamespace.limits` that have a file in /proc/sys. */
const LIMITS = [
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.shmmax",
  "kernel.shmall",
  "kernel.shmmni",
  "kernel.shm_rmid_forced",
  "fs.mqueue.queues_max",
  "fs.mqueue.msg_max",
  "fs.mqueue.msgsize_max",
  "fs.mqueue.msg_default",
  "fs.mqueue.msgsize_default",
];

/** `ipc/ipc_sysctl.c`, `ipc/mq_sysctl.c`. */
export const ipcLimits: readonly SystemFile[] = LIMITS.map((name) => ({
  name: `sys/${name.replaceAll(".", "/")}`,
  absent: NOT_DUMPED,
  write: async (system) => {
    const value = (await ipcOf(system))?.limits[name];
    return value === undefined ? undefined : `${value}\n`;
  },
  differences: [],
}));
