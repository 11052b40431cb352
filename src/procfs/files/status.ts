import type { Difference, ProcFile, Task } from "../model.ts";
import { detailsOf, memorySums, mmOf, pendingSet, stateOf, threadOf } from "../task-facts.ts";
import { hex, linesNamed } from "../text.ts";

const SECCOMP_MODES = ["disabled", "strict", "filter"] as const;
const RESIDENT =
  "A dump holds the pages that have to be kept, not which ones were resident, swapped or pinned.";

const missing = (names: string, why: string): Difference => ({
  field: names.replaceAll("|", ", "),
  frozen: "missing",
  why,
  pattern: linesNamed(names),
  becomes: "",
});

/** `fs/proc/array.c: proc_pid_status`, in the order and widths of Linux 6.18. */
export const status: ProcFile = {
  name: "status",
  perThread: true,
  write,
  differences: [
    missing("Ngid", "The NUMA group is the scheduler's own; it is not dumped."),
    missing("FDSize", "How many descriptors the table had room for is not dumped."),
    missing("VmPeak|VmHWM|VmPin|VmRSS|RssAnon|RssFile|RssShmem|VmPTE|VmSwap|HugetlbPages", RESIDENT),
    missing("SigQ", "Queued signals are counted for each user over the whole machine."),
    missing("untag_mask", "Address tagging (LAM) is not dumped."),
    missing(
      "x86_Thread_features|x86_Thread_features_locked",
      "Shadow stack features are not dumped as such.",
    ),
    missing(
      "Speculation_Store_Bypass|SpeculationIndirectBranch",
      "Mitigations are a matter of the machine, not of the dump.",
    ),
    missing(
      "Cpus_allowed|Cpus_allowed_list|Mems_allowed|Mems_allowed_list",
      "CRIU doesn't dump on which CPUs and memory nodes a task may run.",
    ),
    missing("voluntary_ctxt_switches|nonvoluntary_ctxt_switches", "The scheduler's counters are not dumped."),
    {
      field: "PPid",
      frozen: "0 for the first process",
      why: "The parent of the first process is not in the checkpoint.",
      pattern: /^PPid:\t(?:0|(?<outside>\d+))$/gm,
      becomes: "PPid:\t*",
    },
  ],
};

/** `fs/proc/array.c: proc_task_name`, which escapes these two. */
const escapedName = (name: string): string => name.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");

async function write(task: Task): Promise<string> {
  const { process, tid } = task;
  const [details, thread, mm] = await Promise.all([detailsOf(task), threadOf(task), mmOf(task)]);
  const { credentials } = thread ?? {};
  const [letter, word] = stateOf(task, thread);
  const umask = (await task.checkpoint.paths(process.pid)).value.umask;
  const lines: string[] = [];
  const line = (name: string, value: string | number): number => lines.push(`${name}:\t${value}\n`);

  line("Name", escapedName(thread?.comm ?? process.comm));
  if (umask !== undefined) line("Umask", `0${umask.toString(8).padStart(3, "0")}`);
  line("State", `${letter} (${word})`);
  line("Tgid", process.pid);
  line("Pid", tid);
  line("PPid", process.ppid);
  // A task that is traced can't be frozen.
  line("TracerPid", 0);
  if (credentials) {
    const { uid, euid, suid, fsuid, gid, egid, sgid, fsgid, groups } = credentials;
    line("Uid", [uid, euid, suid, fsuid].join("\t"));
    line("Gid", [gid, egid, sgid, fsgid].join("\t"));
    line("Groups", `${groups.join(" ")} `);
  }
  line("NStgid", process.pid);
  line("NSpid", tid);
  line("NSpgid", process.pgid);
  line("NSsid", process.sid);
  line("Kthread", 0);
  if (mm) {
    const sums = memorySums(mm, await task.images.pageSize(process.pid));
    const size = (name: string, bytes: bigint): number =>
      line(name, `${String(bytes / 1024n).padStart(8)} kB`);
    size("VmSize", sums.total);
    size("VmLck", sums.locked);
    size("VmData", sums.data);
    size("VmStk", sums.stack);
    size("VmExe", sums.text);
    size("VmLib", sums.libraries);
    // A task that writes a core file can't be frozen.
    line("CoreDumping", 0);
    line("THP_enabled", mm.thp_disabled === true ? 0 : 1);
  }
  line("Threads", Math.max(1, process.threadIds.length));
  const set = (name: string, bits: bigint): number => line(name, hex(bits, 16));
  // CRIU dumps nothing of them for a zombie; zeros would be a guess.
  if (process.state !== "zombie") {
    set("SigPnd", pendingSet(thread?.pending ?? []));
    set("ShdPnd", pendingSet(details.signals.pending));
    set("SigBlk", thread?.blocked.bits ?? 0n);
    set("SigIgn", details.signals.ignored.bits);
    set("SigCgt", details.signals.caught.bits);
  }
  if (credentials) {
    const { inheritable, permitted, effective, bounding, ambient } = credentials.capabilities;
    set("CapInh", inheritable.bits);
    set("CapPrm", permitted.bits);
    set("CapEff", effective.bits);
    set("CapBnd", bounding.bits);
    if (ambient) set("CapAmb", ambient.bits);
    // CRIU leaves out what isn't set.
    line("NoNewPrivs", credentials.noNewPrivs === true ? 1 : 0);
  }
  if (thread) {
    line("Seccomp", SECCOMP_MODES.indexOf(thread.seccomp.mode));
    line("Seccomp_filters", thread.seccomp.filters.length);
  }
  return lines.join("");
}
