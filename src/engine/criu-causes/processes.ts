import type { CriuCause } from "./cause.ts";

/** Processes: their states, sessions, namespaces and numbers. */
export const PROCESS_CAUSES: readonly CriuCause[] = [
  {
    code: "traced",
    source: "compel/src/lib/infect.c",
    pattern: /Unseizable non-zombie|Unable to interrupt task: \d+ \(Operation not permitted\)/,
    sentence: "a debugger or tracer is attached to one of its processes.",
    next: "Detach it, freeze, and attach again.",
  },
  {
    code: "sharedFs",
    source: "criu/cr-dump.c",
    pattern: /Can't make FS id/,
    sentence: "two of its processes share root and working directory (CLONE_FS), which CRIU can't save.",
    next: "No way around is known; freeze it when only one of them runs.",
  },
  {
    code: "nestedNamespace",
    source: "criu/namespaces.c",
    pattern: /Can't dump nested \w+ namespace/,
    sentence: "one of its processes is in a namespace of its own inside the container.",
    next: "Stop that process before freezing.",
  },
  {
    code: "pidTaken",
    source: "criu/cr-restore.c",
    pattern: /Pid \d+ do not match expected|Can't fork for \d+: File exists/,
    sentence: "a process id that it needs is taken.",
    next: "Restore it in a PID namespace of its own, or end the process that has the id.",
  },
  {
    code: "nestedTime",
    source: "criu/namespaces.c",
    pattern: /Can't dump nested time namespace/,
    sentence: "one of its processes is in a time namespace of its own.",
    next: "Stop that process before freezing.",
  },
  {
    code: "noInit",
    source: "criu/namespaces.c",
    pattern: /Can't dump a pid namespace without the process init/,
    sentence: "the first process of its PID namespace is not among the frozen ones.",
    next: "Freeze from that first process on.",
  },
  {
    code: "zombie",
    source: "criu/seize.c",
    pattern: /zombie \d+ .*found while seizing|Zombies? (with threads|thread)/,
    sentence:
      "a process of it has ended and nobody has asked for its result, at a place where CRIU can't save that.",
    next: "End its parent, or run the container with an init that reaps.",
  },
  {
    code: "stoppedThread",
    source: "criu/seize.c",
    pattern: /Individually stopped threads not supported/,
    sentence: "a single thread of it is stopped.",
    next: "Continue it (a debugger may hold it), freeze, and stop it again.",
  },
  {
    code: "unfreezable",
    source: "criu/seize.c",
    pattern: /Unable to freeze cgroup/,
    sentence:
      "its cgroup can't be frozen in time: a process of it waits in the kernel, often for a disk or network share.",
    next: "See which process is in state D (ps), and try again when that is over.",
  },
  {
    code: "sessionOutside",
    source: "criu/cr-dump.c",
    pattern: /A session leader of .* is outside of its pid namespace/,
    sentence:
      "one of its processes belongs to a session that was begun outside, as after docker exec or nsenter.",
    next: "End what was started in the container by exec, then freeze.",
  },
  {
    code: "sysvOutside",
    source: "criu/cr-dump.c",
    pattern: /with SysVIPC shmem map .* doesn't live in IPC ns/,
    sentence: "it uses System V shared memory of the whole machine.",
    next: "Run it in an IPC namespace of its own (not --ipc host).",
  },
  {
    code: "rseq",
    source: "criu/cr-dump.c",
    pattern: /has rseq but kernel lacks get_rseq_conf|unsupported RSEQ ABI/,
    sentence: "its C library uses restartable sequences, and the kernel can't tell CRIU about them.",
    next: "Use Linux 5.13 or later, or start it with GLIBC_TUNABLES=glibc.pthread.rseq=0.",
  },
  {
    code: "rseqRestore",
    source: "criu/cr-restore.c",
    pattern: /rseq: can't restore as kernel doesn't support it/,
    sentence: "it uses restartable sequences, which this machine's kernel doesn't have.",
    next: "Restore it on a kernel with CONFIG_RSEQ.",
  },
  {
    code: "mapping",
    source: "criu/proc_parse.c",
    pattern: /Unsupported mapping found/,
    sentence:
      "it maps memory of a device or kernel object that CRIU can't save, such as a GPU's or an SGX enclave.",
    next: "Close the device before freezing; GPUs need CRIU's plugin for them.",
  },
  {
    code: "uprobes",
    source: "criu/proc_parse.c",
    pattern: /has uprobes vma/,
    sentence: "a tracer (perf, bpftrace) has set probes in it.",
    next: "Stop the tracer, or let CRIU save it with allow-uprobes in /etc/criu/runc.conf.",
  },
  {
    code: "exeLink",
    source: "criu/pie/restorer.c",
    pattern: /Can't restore EXE link/,
    sentence: "its program file can't be set, which takes a privilege.",
    next: "Restore as root with CAP_SYS_RESOURCE or CAP_CHECKPOINT_RESTORE.",
  },
  {
    code: "hugePages",
    source: "criu/mem.c",
    pattern: /Can't restore high memory region|MAP_HUGETLB|Can't (mmap|create) .*hugetlb/i,
    sentence: "it had memory of a kind (huge pages, high addresses) that this machine doesn't have.",
    next: "Reserve huge pages (vm.nr_hugepages), or restore on a machine like the old one.",
  },
  {
    code: "sidTaken",
    source: "criu/cr-restore.c",
    pattern: /Requested sid \d+ doesn't match inherited/,
    sentence: "it was a shell's job, and the restore runs in another session.",
    next: "Restore it from a terminal with shell job set.",
  },
  {
    code: "emptyPidNamespace",
    source: "criu/cr-restore.c",
    pattern:
      /Unable to (restore into an empty PID namespace|find an external pidns|enter existing PID namespace)/,
    sentence: "the PID namespace that it is restored into isn't there.",
    next: "Start the container or pod that it shares its PID namespace with first.",
  },
  {
    code: "signalWaited",
    source: "criu/cr-restore.c",
    pattern: /\d+ stopped by signal 5: Trace/,
    sentence:
      "a signal that waited for one of its processes, most often SIGCONT, came while that was put together.",
    next: "Freeze it while no signal waits: ShdPnd in /proc/PID/status is 0 then.",
  },
  {
    code: "restoredSignal",
    source: "criu/cr-restore.c",
    pattern: /\d+ stopped by signal \d+: (Segmentation fault|Illegal instruction|Bus error)/,
    sentence: "it broke while it was put together, often because processor or libraries differ.",
    next: "Restore it on the machine where it was frozen, with the same container image.",
  },
];
