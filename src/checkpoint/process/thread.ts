import type { MessageMap } from "../../criu/index.ts";
import type { ProcessState } from "../processes.ts";
import { enumName, flagNames } from "../names.ts";
import { credentialsOf } from "./credentials.ts";
import type { Credentials } from "./credentials.ts";
import { registersOf } from "./registers.ts";
import type { Registers } from "./registers.ts";
import { schedulingOf } from "./scheduling.ts";
import type { Scheduling } from "./scheduling.ts";
import { seccompOf } from "./seccomp.ts";
import type { Seccomp } from "./seccomp.ts";
import { pendingSignals, signalSet } from "./signals.ts";
import type { PendingSignal, SignalSet } from "./signals.ts";

/** An area of memory that the kernel was told of. */
export interface Area {
  readonly address: bigint;
  readonly length: bigint;
}

/** One thread. Fields that its image doesn't have are undefined. */
export interface Thread {
  readonly tid: number;
  readonly comm: string;
  /** A thread has the state of its process: CRIU stores one per process. */
  readonly state: ProcessState;
  readonly leader: boolean;
  readonly registers: Registers | undefined;
  readonly credentials: Credentials | undefined;
  readonly scheduling: Scheduling | undefined;
  readonly seccomp: Seccomp;
  readonly blocked: SignalSet;
  /** Signals for this thread alone. */
  readonly pending: readonly PendingSignal[];
  /** The stack that handlers with SA_ONSTACK run on, with `SS_DISABLE` … */
  readonly alternateStack: (Area & { readonly flags: readonly string[] }) | undefined;
  /** Head of the list of robust futexes. */
  readonly robustList: Area | undefined;
  /** Restartable sequences: the area that is registered, its signature. */
  readonly restartableSequences: (Area & { readonly signature: number }) | undefined;
  /** The signal it gets when its parent dies; 0 none. */
  readonly parentDeathSignal: number;
  /** Id of its set of cgroups. */
  readonly cgroupSet: number | undefined;
}

export interface ThreadContext {
  readonly state: ProcessState;
  readonly leader: boolean;
  readonly comm: string;
  readonly filters: readonly MessageMap["seccomp_filter"][];
}

/** A thread as its core image has it (`criu/cr-dump.c: dump_task_core_all`, `dump_task_thread`). */
export function threadOf(
  tid: number,
  core: MessageMap["core_entry"] | undefined,
  { state, leader, comm, filters }: ThreadContext,
): Thread {
  const thread = core?.thread_core;
  const { sas, rseq_entry: rseq, creds } = thread ?? {};
  const architecture = core ? enumName("core_entry.march", core.mtype) : "";
  const blocked = thread?.blk_sigset ?? core?.tc?.blk_sigset ?? 0n;
  return {
    tid,
    comm: thread?.comm ?? core?.tc?.comm ?? comm,
    state,
    leader,
    registers: core && registersOf(core, architecture),
    credentials: creds && credentialsOf(creds),
    scheduling: schedulingOf(thread),
    seccomp: seccompOf(
      thread?.seccomp_mode ?? core?.tc?.old_seccomp_mode,
      thread?.seccomp_filter ?? core?.tc?.old_seccomp_filter,
      filters,
    ),
    blocked: signalSet(blocked, thread?.blk_sigset_extended ?? core?.tc?.blk_sigset_extended),
    pending: pendingSignals(thread?.signals_p, architecture),
    alternateStack: sas && {
      address: sas.ss_sp,
      length: sas.ss_size,
      flags: flagNames("sigaltstack", sas.ss_flags),
    },
    robustList:
      thread && thread.futex_rla !== 0n
        ? { address: thread.futex_rla, length: BigInt(thread.futex_rla_len) }
        : undefined,
    restartableSequences:
      rseq && rseq.rseq_abi_pointer !== 0n
        ? { address: rseq.rseq_abi_pointer, length: BigInt(rseq.rseq_abi_size), signature: rseq.signature }
        : undefined,
    parentDeathSignal: thread?.pdeath_sig ?? 0,
    cgroupSet: thread?.cg_set,
  };
}
