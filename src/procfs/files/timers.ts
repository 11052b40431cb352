import type { ProcFile } from "../model.ts";
import { detailsOf } from "../task-facts.ts";
import { hex } from "../text.ts";

/** `fs/proc/base.c: nstr`. */
const NOTIFY: Readonly<Record<string, string>> = {
  SIGEV_SIGNAL: "signal",
  SIGEV_NONE: "none",
  SIGEV_THREAD: "thread",
  SIGEV_THREAD_ID: "signal",
};

/** `fs/proc/base.c: show_timer`: POSIX timers, the newest first. */
export const timers: ProcFile = {
  name: "timers",
  perThread: false,
  write: async (task) => {
    const { timers: set, flags } = await detailsOf(task);
    if (flags === undefined) return undefined;
    return set.posix
      .toSorted((a, b) => b.id - a.id)
      .map((timer) => {
        const toThread = timer.notify === "SIGEV_THREAD_ID";
        const target = toThread ? `tid.${timer.notifyThread ?? 0}` : `pid.${task.process.pid}`;
        return [
          `ID: ${timer.id}`,
          `signal: ${timer.signal}/${hex(timer.value, 16)}`,
          `notify: ${NOTIFY[timer.notify] ?? "signal"}/${target}`,
          `ClockID: ${timer.clockId}`,
          "",
        ].join("\n");
      })
      .join("");
  },
  differences: [],
};
