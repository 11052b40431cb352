import type { RpcMap } from "./rpc.ts";

/** What a mark of the page leads to. Addresses are hexadecimal, without `0x`. */
export type OverviewTarget =
  | { readonly kind: "process"; readonly pid: number }
  | { readonly kind: "openFile"; readonly pid: number; readonly fd: number }
  | { readonly kind: "mapping"; readonly pid: number; readonly start: string }
  /** An image or another file of the checkpoint, by its path in it. */
  | { readonly kind: "file"; readonly path: string };

/** A line of the identity card. */
export interface OverviewFact {
  readonly label: string;
  readonly value: string;
  readonly target?: OverviewTarget;
}

/** Something that deserves a look, or that could not be read. */
export interface OverviewFinding {
  readonly severity: "error" | "warning" | "info";
  /** A few words: `Writable and executable memory`. */
  readonly title: string;
  /** Where and what: `1 sample: 7f00…-7f01… rwxp`. */
  readonly detail: string;
  readonly target?: OverviewTarget;
}

export interface OverviewProcess {
  readonly pid: number;
  /** 0, or a pid that is not in the list, for a root. */
  readonly ppid: number;
  readonly comm: string;
  readonly cmdline: string;
  /** `running`, `stopped`, `zombie, exit code 1` … */
  readonly state: string;
  readonly threads: number;
  /** Titles of what is a warning about it. */
  readonly findings: readonly string[];
}

/** Memory that was frozen, in bytes: of one process, by kind of mapping. */
export interface OverviewMemory {
  readonly pid: number;
  readonly comm: string;
  readonly kinds: readonly OverviewKind[];
}

export interface OverviewKind {
  readonly kind: OverviewMemoryKind;
  readonly bytes: number;
  /** The mapping of that kind with the most bytes. */
  readonly largest: OverviewTarget;
}

export type OverviewMemoryKind = "heap" | "stack" | "anonymous" | "file" | "shared" | "other";

/** A pipe or socket and the descriptors that hold it. */
export interface OverviewChannel {
  readonly kind: "pipe" | "fifo" | "unix" | "inet";
  /** `pipe:[42]`, `TCP 0.0.0.0:80 LISTEN`. */
  readonly label: string;
  readonly ends: readonly OverviewEnd[];
  /** Bytes that were written and not yet read. */
  readonly queued: number;
  /** Reaches beyond the checkpoint: listens, or is connected to an address. */
  readonly isOutside: boolean;
}

export interface OverviewEnd {
  readonly pid: number;
  readonly fd: number;
  readonly role: "reads" | "writes" | "both";
}

/** A phase of the dump, in microseconds. */
export interface OverviewTiming {
  readonly label: string;
  readonly microseconds: number;
}

export interface Overview {
  readonly title: string;
  readonly subtitle: string;
  readonly facts: readonly OverviewFact[];
  /** CRIU didn't make it: there is nothing to say of processes, memory and connections. */
  readonly isForeign: boolean;
  readonly findings: readonly OverviewFinding[];
  readonly processes: readonly OverviewProcess[];
  readonly memory: readonly OverviewMemory[];
  readonly channels: readonly OverviewChannel[];
  readonly timings: readonly OverviewTiming[];
  /** Counts of pages: `written`, `skipped, in the parent`. */
  readonly pages: readonly OverviewFact[];
  /** What was left out of a list that is too long to draw, in words. */
  readonly notes: readonly string[];
}

export interface OverviewRpc extends RpcMap {
  readonly requests: {
    /** `again`: a person wants it though it could not be shown before, and may be asked for a key. */
    readonly overview: { readonly params: { readonly again?: boolean }; readonly result: Overview };
  };
  readonly hostEvents: Record<never, never>;
  readonly viewEvents: {
    readonly open: OverviewTarget;
  };
}
