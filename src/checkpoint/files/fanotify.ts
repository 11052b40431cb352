import type { MessageMap } from "../../criu/index.ts";
import { flagNames } from "../names.ts";
import { fileHandle } from "./inotify.ts";
import type { FileHandle } from "./inotify.ts";
import { fileKind } from "./kind.ts";

/** A file or mount that fanotify watches. */
export interface FanotifyMark {
  readonly device: number;
  readonly mask: number;
  readonly events: readonly string[];
  readonly ignoredMask: number;
  readonly flags: readonly string[];
  readonly flagBits: number;
  readonly on:
    | { readonly type: "inode"; readonly inode: bigint; readonly handle: FileHandle }
    | { readonly type: "mount"; readonly mountId: number; readonly path: string | undefined }
    | undefined;
}

export interface Fanotify {
  readonly kind: "fanotify";
  /** Of fanotify_init(2). */
  readonly initFlags: readonly string[];
  readonly initFlagBits: number;
  /** Open flags of the files that come with events. */
  readonly eventFlagBits: number;
  readonly marks: readonly FanotifyMark[];
}

const mark = (entry: MessageMap["fanotify_mark_entry"]): FanotifyMark => ({
  device: entry.s_dev,
  mask: entry.mask,
  events: flagNames("fanotify", entry.mask),
  ignoredMask: entry.ignored_mask,
  flags: flagNames("fanotify.mark", entry.mflags),
  flagBits: entry.mflags,
  on: entry.ie
    ? { type: "inode", inode: entry.ie.i_ino, handle: fileHandle(entry.ie.f_handle) }
    : entry.me && { type: "mount", mountId: entry.me.mnt_id, path: entry.me.path },
});

export const FANOTIFY = fileKind(
  "FANOTIFY",
  "ffy",
  (file, { oldFanotifyMarks }) => {
    const marks = [...file.mark, ...oldFanotifyMarks(file.id)].map(mark);
    return {
      description: `fanotify with ${marks.length} mark${marks.length === 1 ? "" : "s"}`,
      flags: file.flags,
      owner: file.fown,
      detail: {
        kind: "fanotify",
        initFlags: flagNames("fanotify.init", file.faflags),
        initFlagBits: file.faflags,
        eventFlagBits: file.evflags,
        marks,
      },
    };
  },
  { file: "fanotify.img", message: "fanotify_file_entry" },
);
