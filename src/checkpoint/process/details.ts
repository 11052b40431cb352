import type { MessageMap } from "../../criu/index.ts";
import { enumName, flagNames } from "../names.ts";
import { auxiliaryVector } from "./auxiliary.ts";
import type { AuxiliaryValue } from "./auxiliary.ts";
import { layoutOf } from "./layout.ts";
import type { MemoryLayout } from "./layout.ts";
import { limitsOf } from "./limits.ts";
import type { Limit } from "./limits.ts";
import { namespaceIds, sharedIds } from "./namespaces.ts";
import type { NamespaceIds, SharedIds } from "./namespaces.ts";
import { pendingSignals, signalActions, signalsWith } from "./signals.ts";
import type { PendingSignal, SignalAction, SignalSet } from "./signals.ts";
import { threadOf } from "./thread.ts";
import type { Thread, ThreadContext } from "./thread.ts";
import { timersOf } from "./timers.ts";
import type { Timers } from "./timers.ts";

/** Everything of a process that is no list of its own. What its images don't have is undefined or empty. */
export interface ProcessDetails {
  /** Its first thread: credentials, scheduling, seccomp, registers. */
  readonly leader: Thread;
  readonly signals: {
    readonly blocked: SignalSet;
    readonly ignored: SignalSet;
    readonly caught: SignalSet;
    /** Signals for any thread of the process; those of the leader alone are in `leader.pending`. */
    readonly pending: readonly PendingSignal[];
    readonly actions: readonly SignalAction[];
  };
  readonly timers: Timers;
  readonly limits: readonly Limit[];
  readonly personality: { readonly bits: number; readonly flags: readonly string[] } | undefined;
  /** `PF_` flags of the kernel's task, as in /proc/PID/stat. */
  readonly flags: number | undefined;
  /** Wait status; what a zombie leaves to its parent. */
  readonly exitCode: number | undefined;
  readonly oomScoreAdjust: number | undefined;
  /** Who logged in; undefined when nobody did. */
  readonly loginUid: number | undefined;
  readonly childSubreaper: boolean;
  /** The signal that stopped it; 0 none. */
  readonly stopSignal: number;
  /** Commands registered with membarrier(2). */
  readonly membarrier: readonly string[];
  /** Id of its set of cgroups. */
  readonly cgroupSet: number | undefined;
  readonly namespaces: NamespaceIds;
  readonly shared: SharedIds | undefined;
  readonly layout: MemoryLayout | undefined;
  readonly auxiliary: readonly AuxiliaryValue[];
}

export interface ProcessImages {
  readonly core: MessageMap["core_entry"] | undefined;
  readonly ids: MessageMap["task_kobj_ids_entry"] | undefined;
  readonly mm: Omit<MessageMap["mm_entry"], "vmas"> | undefined;
}

const NO_LOGIN = 0xffff_ffff;

/**
 * CRIU reads the hexadecimal digits of /proc/PID/personality as decimal ones, up to the first letter (`criu/cr-dump.c:
 * get_task_personality`, `atoi`): 00040000 is stored as 40,000.
 */
function personalityOf(stored: number): NonNullable<ProcessDetails["personality"]> {
  const bits = Number.parseInt(String(stored), 16) >>> 0;
  return { bits, flags: flagNames("personality", bits) };
}

export function detailsOf(
  pid: number,
  { core, ids, mm }: ProcessImages,
  context: ThreadContext,
): ProcessDetails {
  const tc = core?.tc;
  const architecture = core ? enumName("core_entry.march", core.mtype) : "";
  const leader = threadOf(pid, core, context);
  const actions = signalActions(tc?.sigactions ?? []);
  // Before CRIU 3.8 the ids were in the core image.
  const objects = ids ?? core?.ids;
  return {
    leader,
    signals: {
      blocked: leader.blocked,
      ignored: signalsWith(actions, "ignored"),
      caught: signalsWith(actions, "handled"),
      pending: pendingSignals(tc?.signals_s, architecture),
      actions,
    },
    timers: timersOf(tc?.timers),
    limits: limitsOf(tc?.rlimits?.rlimits ?? []),
    personality: tc && personalityOf(tc.personality),
    flags: tc?.flags,
    exitCode: tc?.exit_code,
    oomScoreAdjust: tc?.oom_score_adj,
    loginUid: tc?.loginuid === NO_LOGIN ? undefined : tc?.loginuid,
    childSubreaper: tc?.child_subreaper ?? false,
    stopSignal: tc?.stop_signo ?? 0,
    membarrier: flagNames("membarrier", tc?.membarrier_registration_mask ?? 0),
    cgroupSet: tc?.cg_set ?? core?.thread_core?.cg_set,
    namespaces: objects === undefined ? {} : namespaceIds(objects),
    shared: objects && sharedIds(objects),
    layout: mm && layoutOf(mm),
    auxiliary: auxiliaryVector(mm?.mm_saved_auxv ?? []),
  };
}
