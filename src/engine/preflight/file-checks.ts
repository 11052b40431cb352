// Checks of what the processes hold open: files, devices, kernel objects, locks.
import { about } from "./check.ts";
import type { Check, Obstacle } from "./check.ts";
import type { FrozenToBe, OpenFile } from "./subject.ts";

/** Kernel objects by what /proc/PID/fd or maps calls them, and devices by their paths. */
interface Held {
  readonly code: string;
  readonly title: string;
  readonly target: RegExp;
  readonly outcome: "stops" | "warns";
  readonly what: string;
  readonly next: string;
}

const HELD: readonly Held[] = [
  {
    code: "ioUring",
    title: "io_uring",
    target: /^anon_inode:\[?io_uring/,
    outcome: "stops",
    what: "An io_uring is held by",
    next: "Run it without io_uring; containers with the default seccomp profile can't open one.",
  },
  {
    code: "bpf",
    title: "BPF objects",
    target: /^anon_inode:\[?bpf-/,
    outcome: "stops",
    what: "A BPF object is held by",
    next: "Close it before freezing.",
  },
  {
    code: "anonInode",
    title: "Kernel objects",
    target: /^anon_inode:\[?(perf_event|kvm-|userfaultfd|landlock|seccomp notify|dma_buf|sync_file|iommufd)/,
    outcome: "stops",
    what: "A kernel object that CRIU can't save is held by",
    next: "Close it before freezing.",
  },
  {
    code: "gpu",
    title: "GPU devices",
    target: /^\/dev\/(nvidia|dri\/|kfd|dxg|mali)/,
    outcome: "warns",
    what: "A GPU is used by",
    next: "CRIU needs its plugin for it (cuda_plugin, amdgpu_plugin) on the engine's machine; without one it refuses.",
  },
  {
    code: "sgx",
    title: "SGX enclaves",
    target: /^\/dev\/sgx/,
    outcome: "stops",
    what: "An SGX enclave, whose memory nobody can read, is held by",
    next: "End what uses the enclave before freezing.",
  },
  {
    code: "uprobes",
    title: "Probes",
    target: /^\[uprobes\]$/,
    outcome: "stops",
    what: "Probes of a tracer (perf, bpftrace) are set in",
    next: "Stop the tracer before freezing.",
  },
];

const heldChecks: readonly Check[] = HELD.map(({ code, title, target, outcome, what, next }) => ({
  code,
  title,
  find: ({ processes }) =>
    about(
      processes.filter(
        ({ files, mapped }) =>
          files.some((file) => target.test(file.target)) || mapped.some((name) => target.test(name)),
      ),
      (names) => ({ outcome, sentence: `${what} ${names}.`, next }),
    ),
}));

/** Files without a path on a mounted file system that CRIU knows all the same. */
const PATHLESS = /^\/(memfd:|dev\/zero \(deleted\)|SYSV|anon_hugepage)/;

/** mq_open(3) opens on a mount of the kernel's own, which no mountinfo lists (criu/files-reg.c). */
const unknownMount: Check = {
  code: "unknownMount",
  title: "Message queues",
  find: ({ processes, engine }) => {
    const outside = ({ files, mounts }: FrozenToBe): readonly OpenFile[] =>
      files.filter(({ fd, target, info }) => {
        const mount = /^mnt_id:\s+(\d+)$/m.exec(info)?.[1];
        // A container runtime takes care of the outputs that it gave.
        const runtimes = fd < 3 && engine.capabilities.lists === "containers";
        return (
          target.startsWith("/") &&
          !PATHLESS.test(target) &&
          !runtimes &&
          mount !== undefined &&
          !mounts.has(mount)
        );
      });
    return about(
      processes.filter((one) => outside(one).length > 0),
      (names) => ({
        outcome: "stops",
        sentence: `A POSIX message queue, or a file on a file system that isn't mounted in there, is open in ${names}.`,
        next: "Close it before freezing, or mount its file system.",
      }),
    );
  },
};

const fileLocks: Check = {
  code: "fileLocks",
  title: "File locks",
  find({ processes, engine, switches }) {
    if (switches.fileLocks === true) return undefined;
    const can = engine.capabilities.checkpointOptions.includes("fileLocks");
    return about(
      processes.filter(({ files }) => files.some(({ info }) => /^lock:/m.test(info))),
      (names): Obstacle => ({
        outcome: "stops",
        sentence: `File locks are held by ${names}.`,
        next: can
          ? "Freeze with file locks kept."
          : "Add a line file-locks to /etc/criu/runc.conf, or release them.",
        ...(can && { switch: "fileLocks" }),
      }),
    );
  },
};

/** criu/files-reg.c: a name is lost, another hard link lives. */
const linkRemap: Check = {
  code: "linkRemap",
  title: "Deleted names",
  find: ({ processes }) =>
    about(
      processes.filter(({ files }) =>
        files.some(({ target, file }) => target.endsWith(" (deleted)") && (file?.links ?? 0) > 0),
      ),
      (names) => ({
        outcome: "stops",
        sentence: `A file whose name was deleted while another hard link lives on is open in ${names}.`,
        next: "Add a line link-remap to /etc/criu/runc.conf, or close the file.",
      }),
    ),
};

/** CRIU's default for `--ghost-limit`. */
const GHOST_LIMIT = 1024 * 1024;
const ghostLimit: Check = {
  code: "ghostLimit",
  title: "Large deleted files",
  find: ({ processes }) =>
    about(
      processes.filter(({ files }) =>
        files.some(
          ({ target, file }) => !PATHLESS.test(target) && file?.links === 0 && file.bytes > GHOST_LIMIT,
        ),
      ),
      (names) => ({
        outcome: "stops",
        sentence: `A deleted file of more than 1 MiB is open in ${names}.`,
        next: "Add a line ghost-limit 1G to /etc/criu/runc.conf, or close the file.",
      }),
    ),
};

export const FILE_CHECKS: readonly Check[] = [...heldChecks, unknownMount, fileLocks, linkRemap, ghostLimit];
