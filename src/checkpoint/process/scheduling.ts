import type { MessageMap } from "../../criu/index.ts";
import { enumName } from "../names.ts";

export interface Scheduling {
  /** `SCHED_OTHER`, `SCHED_FIFO` … */
  readonly policy: string;
  readonly policyId: number;
  /** -20 (most favourable) to 19. */
  readonly nice: number;
  /** Of the real-time policies, 1 to 99; 0 for others. */
  readonly priority: number;
  /** Nanoseconds that timers may be late; undefined where CRIU stored none. */
  readonly timerSlack: bigint | undefined;
}

/** How a thread is scheduled (`criu/cr-dump.c: dump_sched_info`); undefined where the image has nothing of it. */
export function schedulingOf(thread: MessageMap["thread_core_entry"] | undefined): Scheduling | undefined {
  if (thread?.sched_policy === undefined && thread?.sched_nice === undefined) return undefined;
  const policyId = thread.sched_policy ?? 0;
  return {
    policy: enumName("sched_policy", policyId),
    policyId,
    nice: thread.sched_nice ?? 0,
    priority: thread.sched_prio ?? 0,
    timerSlack: thread.timerslack_ns,
  };
}
