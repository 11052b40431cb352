import type { Checkpoint, Process } from "../checkpoint/index.ts";
import type { Images } from "./images.ts";

/** Text or bytes; what may be long comes line by line, so that it never blocks for long. */
export type Content = string | Uint8Array | Iterable<string>;

/** A line or field that cannot be as on the live system, because a checkpoint doesn't hold it. */
export interface Difference {
  /** The line or field, as docs/frozen-proc.md and people name it: `VmHWM`, `dev and inode`. */
  readonly field: string;
  /** What happens to it: it is missing, or something else stands there. */
  readonly frozen: string;
  readonly why: string;
  /** Finds it in the file's text, live or frozen; `becomes` takes its place before the two are compared. */
  readonly pattern: RegExp;
  readonly becomes: string;
  /** The lines are the same, in another order. */
  readonly unordered?: boolean;
}

/** What a file of /proc/PID is made of. */
export interface Task {
  readonly checkpoint: Checkpoint;
  readonly images: Images;
  readonly process: Process;
  /** The thread for files below `task/TID`, else the leader's, which is the pid. */
  readonly tid: number;
}

/** One kind of file below /proc/PID. A new kind is a file in `files/` or `net/` with one of these, and a row in `table.ts`. */
export interface ProcFile {
  /** Below /proc/PID: `status`, `net/tcp`. */
  readonly name: string;
  /** Whether `task/TID` has one too. */
  readonly perThread: boolean;
  /** The file's content; undefined where this checkpoint doesn't know it: then the file is not there. */
  write(task: Task): Promise<Content | undefined>;
  readonly differences: readonly Difference[];
  /** Of `task/TID` besides, for threads that aren't the leader. */
  readonly threadDifferences?: readonly Difference[];
  /** When the file is not there at all, for docs/frozen-proc.md. */
  readonly absent?: string;
}

/** One kind of file that isn't a process's: `sys/kernel/hostname`. Same rules. */
export interface SystemFile {
  /** Below /proc. */
  readonly name: string;
  write(system: System): Promise<Content | undefined>;
  readonly differences: readonly Difference[];
  /** When the file is not there at all, for docs/frozen-proc.md. */
  readonly absent?: string;
}

/** What files that aren't a process's are made of: the namespaces are those of the first process. */
export interface System {
  readonly checkpoint: Checkpoint;
  readonly images: Images;
  /** The first root of the process tree; undefined in a checkpoint without processes. */
  readonly first: Process | undefined;
}

export type ProcKind = "folder" | "file" | "link";

export interface ProcEntry {
  readonly name: string;
  readonly kind: ProcKind;
}

export interface ProcStat extends ProcEntry {
  /** Bytes. The live /proc says 0 for everything; here it is the length of what `read` gives. 0 for folders. */
  readonly size: number;
  /** Of a link: its target, an attacker's word. */
  readonly target?: string;
}

/**
 * The frozen /proc: a read-only file tree. Paths are below /proc, without a leading `/`: `1/maps`; "" is /proc itself.
 * Everything is made when asked for; of the texts made, a few are kept.
 */
export interface ProcFs {
  /** Throws `procfs.notFound`, `procfs.notAFolder`. */
  list(path: string): Promise<readonly ProcEntry[]>;
  /** Undefined where there is nothing of this name. */
  stat(path: string): Promise<ProcStat | undefined>;
  /** The content of a file; of a link, its target. Throws `procfs.notFound`, `procfs.notAFile`, `procfs.unreadable`, `procfs.tooLong`. */
  read(path: string): Promise<Uint8Array>;
}
