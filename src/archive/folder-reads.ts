// How the files of a folder are reached. On a disk of this machine at once: that takes microseconds, far less than to ask a
// thread for it, and a checkpoint has thousands of small files. Where the answer comes from somewhere else (a network, a
// program that plays file system) it may never come: then only a thread waits for it, and not for ever.
import { close, closeSync, constants, fstat, fstatSync, lstatSync, open, openSync } from "node:fs";
import type { Stats } from "node:fs";
import { lstat, readFile, statfs } from "node:fs/promises";
import { sep } from "node:path";
import { promisify } from "node:util";
import { fillInThread, fillNow, readInThread, readNow } from "../bytes/index.ts";
import { archiveErrors } from "./errors.ts";

type Now<T> = T | Promise<T>;

export interface FolderReads {
  /** What is there, links not followed; undefined where it can't be told. */
  look(path: string): Now<Stats | undefined>;
  /** A descriptor. Throws what the machine says. */
  open(path: string): Now<number>;
  /** What a descriptor is of. */
  stat(descriptor: number): Now<Stats>;
  /** Fewer bytes only where the file ends. */
  read(descriptor: number, offset: number, length: number): Now<Uint8Array>;
  /**
   * The same into the caller's memory, which gives how many bytes. Undefined where a read may be given up: it would write
   * there later.
   */
  readonly fill?: (descriptor: number, offset: number, into: Uint8Array) => Now<number>;
  close(descriptor: number): Now<void>;
  /** Another question to the file system at `path`: with a limit where it may never be answered. */
  ask<T>(path: string, question: () => Promise<T>): Promise<T>;
}

/** Links could be swapped in between a check and an open; a FIFO would block. Neither exists on Windows. */
const OPEN_FLAGS =
  constants.O_RDONLY |
  ((constants.O_NOFOLLOW as number | undefined) ?? 0) |
  ((constants.O_NONBLOCK as number | undefined) ?? 0);

/** How long an answer from somewhere else is waited for, milliseconds. */
export const PATIENCE = 30_000;

/** The way for the folder `root`, a real path. */
export async function folderReads(root: string, patience: number): Promise<FolderReads> {
  return (await readsElsewhere(root, patience)) ?? HERE;
}

/** The way for a folder or file that is not on this machine, a real path; undefined for one that is. */
export async function readsElsewhere(path: string, patience: number): Promise<FolderReads | undefined> {
  return (await patiently(path, patience, () => isHere(path))) ? undefined : elsewhere(patience);
}

/** Bytes for which no thread is asked. */
const SMALL = 64 * 1024;

const HERE: FolderReads = {
  look(path) {
    try {
      return lstatSync(path, { throwIfNoEntry: false });
    } catch {
      return undefined;
    }
  },
  open: (path) => openSync(path, OPEN_FLAGS),
  stat: fstatSync,
  read: (descriptor, offset, length) =>
    (length <= SMALL ? readNow : readInThread)(descriptor, offset, length),
  fill: (descriptor, offset, into) =>
    (into.length <= SMALL ? fillNow : fillInThread)(descriptor, offset, into),
  close: closeSync,
  ask: (_path, question) => question(),
};

const openInThread = promisify(open);
const statInThread = promisify(fstat) as (descriptor: number) => Promise<Stats>;
const closeInThread = promisify(close);

function elsewhere(patience: number): FolderReads {
  const names = new Map<number, string>();
  const ask: FolderReads["ask"] = async (path, question) => {
    let over = false;
    try {
      // Given up while it waited for its turn, it isn't asked any more: the descriptor may be another file's by then.
      const once = (): ReturnType<typeof question> =>
        over ? Promise.reject(archiveErrors.noAnswer(path, patience)) : question();
      return await patiently(path, patience, () => inTurn(once));
    } finally {
      over = true;
    }
  };
  const of = (descriptor: number): string => names.get(descriptor) ?? "";
  return {
    look: (path) => ask(path, () => lstat(path).catch(() => undefined)),
    async open(path) {
      let wanted = true;
      try {
        const descriptor = await ask(path, async () => {
          const opened = await openInThread(path, OPEN_FLAGS);
          // Nobody waits for it any more.
          if (!wanted) await closeInThread(opened);
          return opened;
        });
        names.set(descriptor, path);
        return descriptor;
      } finally {
        wanted = false;
      }
    },
    stat: (descriptor) => ask(of(descriptor), () => statInThread(descriptor)),
    read: (descriptor, offset, length) => ask(of(descriptor), () => readInThread(descriptor, offset, length)),
    async close(descriptor) {
      const path = of(descriptor);
      names.delete(descriptor);
      // Whoever closes has no more use for the file; that the other side doesn't answer is no matter now.
      await ask(path, () => closeInThread(descriptor)).catch(() => undefined);
    },
    ask,
  };
}

/** Gives up after a while. The question stays asked: nothing can take it back. */
export async function patiently<T>(path: string, patience: number, question: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(archiveErrors.noAnswer(path, patience));
    }, patience);
  });
  try {
    return await Promise.race([question(), limit]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Questions that wait at the same time, of all folders of the process together: Node has four threads for files, and one
 * has to stay free for whatever else the editor reads.
 */
const AT_ONCE = 3;
let asked = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(question: () => Promise<T>): Promise<T> {
  if (asked >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else asked++;
  try {
    return await question();
  } finally {
    // The place goes straight to the next.
    const next = waiting.shift();
    if (next === undefined) asked--;
    else next();
  }
}

/**
 * File systems whose answers come from this machine's memory and disks, by the number that statfs(2) gives
 * (linux/magic.h; f_type of each file system).
 */
const OF_THIS_MACHINE: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x01021994, // tmpfs
  0x858458f6, // ramfs
  0x794c7630, // overlay
  0xf2f52010, // f2fs
  0x2fc12fc1, // zfs
  0xca451a4e, // bcachefs
  0x52654973, // reiserfs
  0x3153464a, // jfs
  0x3434, // nilfs2
  0x4d44, // fat
  0x2011bab0, // exfat
  0x7366746e, // ntfs3
  0x73717368, // squashfs
  0xe0f5e1e2, // erofs
  0x9660, // iso9660
  0x9fa0, // proc
  0x62656572, // sysfs
]);

/** Whether all of a folder is on file systems of this machine. Only Linux numbers them. */
async function isHere(root: string): Promise<boolean> {
  if (process.platform !== "linux") return false;
  const { type } = await statfs(root);
  // The number is a signed one of 32 bits on some machines.
  if (!OF_THIS_MACHINE.has(type >>> 0)) return false;
  return !(await mountsBelow(root));
}

/** Whether something is mounted in the folder. What it is doesn't matter: who looks at it would have asked it. */
async function mountsBelow(root: string): Promise<boolean> {
  const table = await readFile("/proc/self/mountinfo", "utf8").catch(() => "");
  const below = root.endsWith(sep) ? root : root + sep;
  return table.split("\n").some((line) => unescaped(line.split(" ")[4] ?? "").startsWith(below));
}

/** proc_pid_mountinfo(5) writes space, tab, newline and backslash as octal. */
const unescaped = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
