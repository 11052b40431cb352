import type { CriuCause } from "./cause.ts";

/** The machine: its kernel, processor, rights, limits and security modules. */
export const MACHINE_CAUSES: readonly CriuCause[] = [
  {
    code: "rlimit",
    source: "criu/cr-dump.c",
    pattern: /Can't get rlimit/,
    sentence: "CRIU may not read the limits of processes of another user.",
    next: "Give the engine CAP_SYS_RESOURCE, or run the container as root.",
  },
  {
    code: "noSpace",
    source: "criu/image.c",
    pattern: /No space left on device/,
    sentence: "the disk is full.",
    next: "Free some space on the engine's machine.",
  },
  {
    code: "timeout",
    source: "criu/cr-dump.c",
    pattern: /Timeout reached\. Try to interrupt/,
    sentence: "it took longer than CRIU's limit (10 s unless another is set).",
    next: "Add a line timeout 60 to /etc/criu/runc.conf; many or large processes need it.",
  },
  {
    code: "memoryTracking",
    source: "criu/config.c",
    pattern: /Tracking memory is not available/,
    sentence:
      "the kernel can't track changed memory (no soft-dirty bits), which incremental checkpoints need.",
    next: "Freeze without a pre-checkpoint, or use a kernel with CONFIG_MEM_SOFT_DIRTY.",
  },
  {
    code: "imageVersion",
    source: "criu/image.c",
    pattern: /Not supported images version/,
    sentence: "a newer CRIU made the images.",
    next: "Restore with the CRIU that froze, or a newer one.",
  },
  {
    code: "cpuFeatures",
    source: "criu/arch/x86/cpu.c",
    pattern:
      /FPU feature required by image|CPU (xsave (max )?size mismatch|xfeatures has unsupported)|CPU Feature .* (required|not supported|missing)/,
    sentence: "it was frozen on a processor that can more than this one.",
    next: "Restore it on the machine where it was frozen, or one with the same processor.",
  },
  {
    code: "shadowStack",
    source: "criu/arch/x86/shstk.c",
    pattern: /Restoring task with shadow stack on non-CET machine/,
    sentence: "it uses shadow stacks, which this machine doesn't have.",
    next: "Restore it on a processor and kernel with user shadow stacks.",
  },
  {
    code: "vdso",
    source: "criu/pie/restorer.c",
    pattern: /Task had vdso, restorer doesn't/,
    sentence: "it was frozen with the kernel's vDSO, which CRIU itself hasn't got here.",
    next: "Boot the machine without vdso=0.",
  },
  {
    code: "capabilities",
    source: "criu/pie/restorer.c",
    pattern: /Unable to restore capabilities/,
    sentence: "it had more privileges than a restore can give it here.",
    next: "Restore as root outside of another container.",
  },
  {
    code: "seccomp",
    source: "compel/src/lib/ptrace.c",
    pattern: /suspending seccomp failed|failed to suspend seccomp/,
    sentence: "its seccomp filter can't be set aside for the work.",
    next: "Give CRIU CAP_SYS_ADMIN, and a kernel with CONFIG_CHECKPOINT_RESTORE.",
  },
  {
    code: "seccompFetch",
    source: "criu/seccomp.c",
    pattern: /Can't fetch (filter|seccomp metadata)/,
    sentence: "its seccomp filters can't be read.",
    next: "Give CRIU CAP_SYS_ADMIN, and don't run it under a seccomp filter itself.",
  },
  {
    code: "seccompRestore",
    source: "criu/pie/restorer.c",
    pattern: /seccomp: (PR_SET_SECCOMP|SECCOMP_SET_MODE_FILTER|SECCOMP_MODE_STRICT) returned/,
    sentence: "its seccomp filter can't be put in place here.",
    next: "Restore as root, on a kernel with seccomp.",
  },
  {
    code: "confined",
    source: "criu/apparmor.c",
    pattern: /apparmor parsing failed/,
    sentence: "its AppArmor profiles are in a namespace of their own, and CRIU can't suspend them.",
    next: "Install apparmor_parser (package apparmor) on the engine's machine.",
  },
  {
    code: "appArmor",
    source: "criu/apparmor.c",
    pattern: /apparmor LSM specified but apparmor not supported|write AA policy|mismatched lsm types/,
    sentence: "its AppArmor profile can't be put in place here.",
    next: "Load the profile first (apparmor_parser), or restore with another one.",
  },
  {
    code: "selinux",
    source: "criu/lsm.c",
    pattern:
      /selinux LSM specified but selinux not supported|getting selinux profile failed|Invalid selinux context/,
    sentence: "its SELinux label can't be read or put in place here.",
    next: "Restore it on a machine with SELinux, or without a label (--security-opt label=disable).",
  },
  {
    code: "cgroupExists",
    source: "criu/cgroup.c",
    pattern: /Abort restore of existing cgroups/,
    sentence: "its cgroups are there already.",
    next: "Remove what is left of the old container first.",
  },
  {
    code: "cgroupMissing",
    source: "criu/cgroup.c",
    pattern: /Cgroup dir .* doesn't exist|controller \S+ not found|cg: .*No such file or directory/,
    sentence: "its cgroup, or a controller of it, isn't there on this machine.",
    next: "Restore it on a machine with the same cgroup version, or let CRIU ignore cgroups (manage-cgroups ignore).",
  },
  {
    code: "userNamespace",
    source: "criu/namespaces.c",
    pattern:
      /Can't make userns id|doesn't belong to the target user namespace|Unable to open timens-0\.img: Permission denied/,
    sentence: "its user namespace can't be made again.",
    next: "Run it without a user namespace of its own (--userns host).",
  },
  {
    code: "notPermitted",
    source: "criu/cr-dump.c",
    pattern: /(CRIU needs to have the CAP_SYS_ADMIN|needs to be run as root|CAP_CHECKPOINT_RESTORE)/,
    sentence: "CRIU hasn't the privileges it needs.",
    next: "Run the engine as root, with CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE.",
  },
];
