import type { Content } from "../content.ts";
import { fileKind } from "./kind.ts";

/** What waits in a pipe. */
export interface PipeBuffer {
  /** Room in it, bytes; undefined where CRIU didn't say: as the kernel has it by default. */
  readonly capacity: number | undefined;
  /** Bytes that were written and not yet read. */
  readonly content: Content;
}

/** An end of a pipe. All ends with the same `pipeId` are one pipe. */
export interface Pipe {
  readonly kind: "pipe";
  /** The kernel's inode number: `pipe:[42]`. */
  readonly pipeId: number;
  readonly end: "read" | "write" | "both";
  /** Owner, where CRIU 4.3 stored it. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly buffer: PipeBuffer | undefined;
}

/** An open named pipe. */
export interface Fifo {
  readonly kind: "fifo";
  readonly pipeId: number;
  readonly end: "read" | "write" | "both";
  /** Id in files.img of the file that names it. */
  readonly fileId: number | undefined;
  readonly buffer: PipeBuffer | undefined;
}

const ENDS = ["read", "write", "both"] as const;
const O_ACCMODE = 3;

const endOf = (flags: number): Pipe["end"] => ENDS[flags & O_ACCMODE] ?? "both";

export const PIPE = fileKind(
  "PIPE",
  "pipe",
  async (file, context) => ({
    description: `pipe:[${file.pipe_id}]`,
    flags: file.flags,
    owner: file.fown,
    detail: {
      kind: "pipe",
      pipeId: file.pipe_id,
      end: endOf(file.flags),
      uid: file.uid,
      gid: file.gid,
      buffer: await context.pipeBuffer(file.pipe_id),
    },
  }),
  { file: "pipes.img", message: "pipe_entry" },
);

export const FIFO = fileKind(
  "FIFO",
  "fifo",
  async (file, context) => {
    // The named pipe's own entry has no flags: they are those of the file behind it (`criu/fifo.c`).
    const named = file.regf_id === undefined ? undefined : context.get(file.regf_id)?.reg;
    return {
      path: named?.name,
      description:
        named === undefined
          ? `fifo:[${file.pipe_id}]`
          : `fifo ${named.name}${context.isDeleted(named.id) ? " (deleted)" : ""}`,
      flags: named?.flags,
      owner: named?.fown,
      detail: {
        kind: "fifo",
        pipeId: file.pipe_id,
        end: endOf(named?.flags ?? 2),
        fileId: file.regf_id,
        buffer: await context.fifoBuffer(file.pipe_id),
      },
    };
  },
  { file: "fifo.img", message: "fifo_entry" },
);
