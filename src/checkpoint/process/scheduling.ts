import type { MessageMap } from "../../criu/index.ts";
import { enumName } from "../names.ts";

export interface Scheduling {
  /** `SCHED_OTHER`, `SCHED_FIFO` … */
  readonly policy: string;
  /** Without SCHED_RESET_ON_FORK. */
  readonly policyId: number;
  /** Whether children begin with the default policy; undefined when not: SCHED_RESET_ON_FORK. */
  readonly resetOnFork: true | undefined;
  /** -20 (most favourable) to 19. */
  readonly nice: number;
  /** Of the real-time policies, 1 to 99; 0 for others. */
  readonly priority: number;
  /** Nanoseconds that timers may be late; undefined where CRIU stored none. */
  readonly timerSlack: bigint | undefined;
}

const RESET_ON_FORK = 0x4000_0000;

/** How a thread is scheduled (`criu/cr-dump.c: dump_sched_info`); undefined where the image has nothing of it. */
export function schedulingOf(thread: MessageMap["thread_core_entry"] | undefined): Scheduling | undefined {
  if (thread?.sched_policy === undefined && thread?.sched_nice === undefined) return undefined;
  // sched_getscheduler(2) gives both in one number, and CRIU keeps it.
  const { sched_policy: stored = 0 } = thread;
  const policyId = stored & ~RESET_ON_FORK;
  return {
    policy: enumName("sched_policy", policyId),
    policyId,
    resetOnFork: (stored & RESET_ON_FORK) !== 0 || undefined,
    nice: thread.sched_nice ?? 0,
    priority: thread.sched_prio ?? 0,
    timerSlack: thread.timerslack_ns,
  };
}
