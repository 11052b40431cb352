import type { MessageMap } from "../../criu/index.ts";
import type { Difference, Task } from "../model.ts";
import { linesNamed } from "../text.ts";
import { descriptorsOf, fileLookup } from "./descriptors.ts";
import type { Descriptor, FileLookup } from "./descriptors.ts";
import { FD_KINDS } from "./kinds.ts";
import type { FileFacts } from "./kinds.ts";

const O_CLOEXEC = 0o2000000;

/** Target of `fd/N`; undefined where there is no such descriptor. */
export async function fdTarget(task: Task, fd: number): Promise<string | undefined> {
  return (await describe(task, fd))?.facts.link;
}

/** `fs/proc/fd.c: seq_show`. */
export async function fdInfo(task: Task, fd: number): Promise<string | undefined> {
  const found = await describe(task, fd);
  if (found === undefined) return undefined;
  const { facts, closeOnExec, locks } = found;
  // An open file's own flags never have it; /proc adds it from the descriptor.
  const flags = ((facts.flags & ~O_CLOEXEC) | (closeOnExec ? O_CLOEXEC : 0)) >>> 0;
  const lines = [
    `pos:\t${facts.position ?? 0}`,
    `flags:\t0${flags.toString(8)}`,
    ...(facts.mount === undefined ? [] : [`mnt_id:\t${facts.mount}`]),
    ...(facts.inode === undefined ? [] : [`ino:\t${facts.inode}`]),
    ...locks.map((lock, index) => `lock:\t${index + 1}: ${lockText(lock)}`),
    ...(facts.lines ?? []),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

interface Described {
  readonly facts: FileFacts;
  readonly closeOnExec: boolean;
  readonly locks: readonly MessageMap["file_lock_entry"][];
}

async function describe(task: Task, fd: number): Promise<Described | undefined> {
  const descriptor = (await descriptorsOf(task)).get(fd);
  if (descriptor === undefined) return undefined;
  const lookup = await fileLookup(task);
  const file = lookup.file(descriptor.id);
  const facts = file && FD_KINDS[descriptor.type]?.(file, lookup);
  return {
    // The descriptor is there, even where files.img doesn't say what it is.
    facts: facts ?? { link: `unknown:[${descriptor.id}]`, flags: 0 },
    closeOnExec: (descriptor.flags & 1) !== 0,
    locks: await locksOn(task, descriptor, lookup),
  };
}

const FL_POSIX = 1;

/**
 * The locks that /proc shows with a descriptor (`fs/locks.c: __show_fd_locks`): those that were taken through its open
 * file; of POSIX locks, which belong to a process, only the own ones.
 */
async function locksOn(
  task: Task,
  { id }: Descriptor,
  lookup: FileLookup,
): Promise<readonly MessageMap["file_lock_entry"][]> {
  const found: MessageMap["file_lock_entry"][] = [];
  for (const lock of lookup.locks) {
    if (lock.flag === FL_POSIX && lock.pid !== task.process.pid) continue;
    const process = task.checkpoint.process(lock.pid);
    const holder = process && { ...task, process, tid: process.pid };
    if (holder && (await descriptorsOf(holder)).get(lock.fd)?.id === id) found.push(lock);
  }
  return found;
}

/** Kind and firmness of a lock by CRIU's number (`criu/include/file-lock.h`), as `fs/locks.c: lock_get_status` writes them. */
const LOCK_KINDS: Readonly<Record<number, string>> = {
  1: "POSIX  ADVISORY ",
  2: "FLOCK  ADVISORY ",
  4: "OFDLCK ADVISORY ",
  8: "LEASE  ACTIVE   ",
};
const FL_OFD = 4;
const LOCK_TYPES: Readonly<Record<number, string>> = { 0: "READ", 1: "WRITE", 2: "UNLCK" };

/** A lock as in /proc/locks, behind its number. Device and inode of the file are not dumped. */
export function lockText({ flag, type, pid, start, len }: MessageMap["file_lock_entry"]): string {
  const end = len === 0n ? "EOF" : String(start + len - 1n);
  const holder = flag === FL_OFD ? -1 : pid;
  return `${LOCK_KINDS[flag] ?? "UNKNOWN UNKNOWN  "} ${LOCK_TYPES[type] ?? "UNLCK"} ${holder} 00:00:0 ${start} ${end}`;
}

export const LOCK_DIFFERENCE: Difference = {
  field: "device and inode of a lock",
  frozen: "`00:00:0`",
  why: "CRIU keeps a file by its path; neither its device nor its inode is dumped.",
  pattern: /(?<= )[0-9a-f]{2,}:[0-9a-f]{2,}:\d+(?= )/g,
  becomes: "*",
};

export const FDINFO_DIFFERENCES: readonly Difference[] = [
  {
    field: "mnt_id",
    frozen: "missing, where the mount namespace was not dumped",
    why: "CRIU notes a file's mount only together with the mounts.",
    pattern: linesNamed("mnt_id"),
    becomes: "",
  },
  {
    field: "ino",
    frozen: "missing, but for sockets and pipes",
    why: "CRIU keeps a file by its path; its inode is not dumped.",
    pattern: linesNamed("ino"),
    becomes: "",
  },
  {
    field: "eventfd-id, eventfd-semaphore, scm_fds, tty-index",
    frozen: "missing",
    why: "CRIU doesn't dump them.",
    pattern: linesNamed("eventfd-id|eventfd-semaphore|scm_fds|tty-index"),
    becomes: "",
  },
  {
    field: "it_value",
    frozen: "the time left when CRIU asked",
    why: "Time goes on between one look and the next.",
    pattern: /^it_value: .*$/gm,
    becomes: "it_value: *",
  },
  LOCK_DIFFERENCE,
];
