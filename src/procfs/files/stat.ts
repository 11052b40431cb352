import type { Difference, ProcFile } from "../model.ts";
import { detailsOf, memorySums, mmOf, pendingSet, priorityOf, stateOf, threadOf } from "../task-facts.ts";
import { controllingTerminal } from "../terminals.ts";

const UNLIMITED = 0xffff_ffff_ffff_ffffn;
const RLIMIT_RSS = 5;
const SIGCHLD = 17;
/** Of threads (`kernel/fork.c: copy_process`). */
const NO_EXIT_SIGNAL = -1;
/** Where priorities of tasks that aren't real-time begin; `stat` counts from there. */
const FIRST_NORMAL = 100;
/** The first 31 signals, as old readers of `stat` know them. */
const OLD_SIGNALS = 0x7fff_ffffn;

/** The fields behind the name, which may hold blanks: 3 is the first of them. */
function field(name: string, numbers: readonly number[], frozen: string, why: string): Difference {
  const [first = 3] = numbers;
  const run = numbers.length;
  return {
    field: `${numbers.length === 1 ? "field" : "fields"} ${numbers.join(", ")} (${name})`,
    frozen,
    why,
    pattern: new RegExp(`^(.*\\)(?: \\S+){${first - 3}})(?: \\S+){${run}}`, "g"),
    becomes: `$1${" *".repeat(run)}`,
  };
}

const COUNTERS = "Counters of time and faults are not dumped.";

/** `fs/proc/array.c: do_task_stat`. What isn't known is 0, for the fields have no names to be left out by. */
export const stat: ProcFile = {
  name: "stat",
  perThread: true,
  write: async (task) => {
    const { process, tid } = task;
    const [details, thread, mm] = await Promise.all([detailsOf(task), threadOf(task), mmOf(task)]);
    const { limits, signals, flags, exitCode } = details;
    const sums = mm && memorySums(mm, await task.images.pageSize(process.pid));
    const terminal = await controllingTerminal(task);
    const { nice = 0, priority = 0, policyId = 0 } = thread?.scheduling ?? {};
    const fields: readonly (string | number | bigint)[] = [
      stateOf(task, thread)[0],
      process.ppid,
      process.pgid,
      process.sid,
      terminal.device,
      terminal.foreground,
      // CRIU dumps those of the leader only.
      tid === process.pid ? (flags ?? 0) : 0,
      ...Array<number>(8).fill(0),
      priorityOf(thread) - FIRST_NORMAL,
      nice,
      Math.max(1, process.threadIds.length),
      0,
      0,
      sums?.total ?? 0,
      0,
      limits[RLIMIT_RSS]?.soft ?? UNLIMITED,
      mm?.mm_start_code ?? 0,
      mm?.mm_end_code ?? 0,
      mm?.mm_start_stack ?? 0,
      0,
      0,
      pendingSet(thread?.pending ?? []) & OLD_SIGNALS,
      (thread?.blocked.bits ?? 0n) & OLD_SIGNALS,
      signals.ignored.bits & OLD_SIGNALS,
      signals.caught.bits & OLD_SIGNALS,
      0,
      0,
      0,
      tid === process.pid ? SIGCHLD : NO_EXIT_SIGNAL,
      0,
      priority,
      policyId,
      0,
      0,
      0,
      mm?.mm_start_data ?? 0,
      mm?.mm_end_data ?? 0,
      mm?.mm_start_brk ?? 0,
      mm?.mm_arg_start ?? 0,
      mm?.mm_arg_end ?? 0,
      mm?.mm_env_start ?? 0,
      mm?.mm_env_end ?? 0,
      process.state === "zombie" ? (exitCode ?? 0) : 0,
    ];
    return `${tid} (${thread?.comm ?? process.comm}) ${fields.join(" ")}\n`;
  },
  differences: [
    field(
      "ppid",
      [4],
      "0 for the first process",
      "The parent of the first process is not in the checkpoint.",
    ),
    field("minflt to cstime", [10, 11, 12, 13, 14, 15, 16, 17], "0", COUNTERS),
    field("starttime", [22], "0", "When a task began is not dumped."),
    field("rss", [24], "0", "A dump holds the pages that have to be kept, not which ones were resident."),
    field("wchan", [35], "0", "Where in the kernel a task waits is not dumped."),
    field(
      "exit_signal",
      [38],
      "17, of threads -1",
      "The signal that clone(2) was given for the parent is not dumped.",
    ),
    field("processor", [39], "0", "On which CPU a task ran is not dumped."),
    field("delayacct_blkio_ticks, guest_time, cguest_time", [42, 43, 44], "0", COUNTERS),
  ],
  threadDifferences: [
    field("flags", [9], "0", "The flags of threads that aren't the leader are not dumped."),
  ],
};
