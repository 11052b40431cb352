import type { Checkpoint, Process } from "../../checkpoint/index.ts";

/** What a finding is about, as narrowly as it can be said. */
export type FindingPlace =
  | { readonly kind: "process"; readonly pid: number }
  | { readonly kind: "openFile"; readonly pid: number; readonly fd: number }
  | { readonly kind: "mapping"; readonly pid: number; readonly start: bigint };

/** Something in a checkpoint that deserves a look. It need not be wrong: debuggers and JITs do odd things too. */
export interface Finding {
  /** `id` of its rule. */
  readonly rule: string;
  readonly severity: "warning" | "info";
  /** A few words, the same for every finding of the rule. */
  readonly title: string;
  /** Which one: `1 nginx: 0.0.0.0:80`. */
  readonly detail: string;
  readonly place: FindingPlace;
}

/** What a rule says of one thing that it found. */
export type Found = Pick<Finding, "detail" | "place">;

/** A question that is asked of every process. */
export interface FindingRule {
  /** Stable: `memory.writableExecutable`. */
  readonly id: string;
  readonly severity: Finding["severity"];
  readonly title: string;
  /** Why it deserves a look, and what harmless reasons there are. */
  readonly why: string;
  readonly find: (process: Process, checkpoint: Checkpoint) => Promise<readonly Found[]>;
}

/** `7 nginx`. */
export const processName = ({ pid, comm }: Process): string => `${pid} ${comm}`;
