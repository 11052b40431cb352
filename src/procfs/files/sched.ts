import type { ProcFile } from "../model.ts";
import { priorityOf, threadOf } from "../task-facts.ts";

/** `kernel/sched/debug.c: proc_sched_show_task`: the lines that a dump knows. */
export const sched: ProcFile = {
  name: "sched",
  perThread: true,
  write: async (task) => {
    const { process, tid } = task;
    const thread = await threadOf(task);
    if (thread?.scheduling === undefined) return undefined;
    const row = (name: string, value: number): string => `${name.padEnd(45)}:${String(value).padStart(21)}\n`;
    return [
      `${thread.comm} (${tid}, #threads: ${Math.max(1, process.threadIds.length)})\n`,
      `${"-".repeat(67)}\n`,
      row("policy", thread.scheduling.policyId),
      row("prio", priorityOf(thread)),
    ].join("");
  },
  differences: [
    {
      field: "all but policy and prio",
      frozen: "missing",
      why: "Scheduling statistics are not dumped.",
      pattern: /^(?!policy |prio |-{67}$|.* \(\d+, #threads: ).*\n/gm,
      becomes: "",
    },
  ],
};
