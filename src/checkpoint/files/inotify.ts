import type { MessageMap } from "../../criu/index.ts";
import { flagNames } from "../names.ts";
import { few, fileKind } from "./kind.ts";

/** A file by a name that survives renaming: name_to_handle_at(2). */
export interface FileHandle {
  readonly type: number;
  /** The handle's bytes. */
  readonly bytes: Uint8Array;
  /** Path that CRIU found for it. */
  readonly path: string | undefined;
  readonly mountId: number | undefined;
}

/** A file or directory that inotify watches. */
export interface InotifyWatch {
  readonly wd: number;
  readonly inode: bigint;
  /** The kernel's number of the file system. */
  readonly device: number;
  readonly mask: number;
  readonly events: readonly string[];
  readonly ignoredMask: number;
  readonly handle: FileHandle;
}

export interface Inotify {
  readonly kind: "inotify";
  readonly watches: readonly InotifyWatch[];
}

/** The handle is stored as 64-bit words of which `bytes` bytes count (`criu/fsnotify.c`). */
export function fileHandle(handle: MessageMap["fh_entry"]): FileHandle {
  const words = Buffer.alloc(handle.handle.length * 8);
  handle.handle.forEach((word, index) => words.writeBigUInt64LE(BigInt.asUintN(64, word), index * 8));
  return {
    type: handle.type,
    bytes: words.subarray(0, handle.bytes),
    path: handle.path,
    mountId: handle.mnt_id,
  };
}

const watch = (entry: MessageMap["inotify_wd_entry"]): InotifyWatch => ({
  wd: entry.wd,
  inode: entry.i_ino,
  device: entry.s_dev,
  mask: entry.mask,
  events: flagNames("inotify", entry.mask),
  ignoredMask: entry.ignored_mask,
  handle: fileHandle(entry.f_handle),
});

export const INOTIFY = fileKind(
  "INOTIFY",
  "ify",
  (file, { oldInotifyWatches }) => {
    const watches = [...file.wd, ...oldInotifyWatches(file.id)].map(watch);
    const names = watches.map(({ handle, inode }) => handle.path ?? `inode ${inode}`);
    return {
      description: `inotify on ${few(names) || "nothing"}`,
      flags: file.flags,
      owner: file.fown,
      detail: { kind: "inotify", watches },
    };
  },
  { file: "inotify.img", message: "inotify_file_entry" },
);
