import type { MessageMap } from "../../criu/index.ts";
import { criuSchema } from "../../criu/index.ts";
import type { ProcFile, Task } from "../model.ts";
import { detailsOf } from "../task-facts.ts";
import { MOUNT_ESCAPES, octal } from "../text.ts";

type Mount = MessageMap["mnt_entry"];

/** Options of a mount, in the order of `fs/proc_namespace.c: show_mnt_opts`. */
const MOUNT_FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [2, "nosuid"],
  [4, "nodev"],
  [8, "noexec"],
  [1024, "noatime"],
  [2048, "nodiratime"],
  [1 << 21, "relatime"],
  [256, "nosymfollow"],
];
/** Options of a file system, `show_sb_opts`. */
const SUPER_FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [16, "sync"],
  [128, "dirsync"],
  [64, "mand"],
  [1 << 25, "lazytime"],
];
const READ_ONLY = 1;
/** CRIU's number for "look at `fsname`" (`images/mnt.proto`). */
const AUTO = 16;
/** What CRIU calls a file system that it doesn't know how to dump. */
const UNSUPPORTED = 0;

/** The mounts of the process's namespace, in the kernel's order; undefined where its namespace wasn't dumped. */
async function mountsOf(task: Task): Promise<readonly Mount[] | undefined> {
  const namespace = (await detailsOf(task)).namespaces.mnt;
  const file = `mountpoints-${namespace ?? 0}.img`;
  if (!task.images.has(file)) return undefined;
  // CRIU writes them from the last to the first.
  return (await task.images.all(file, "mnt_entry")).toReversed();
}

function options(flags: number, names: typeof MOUNT_FLAGS, others: string): string {
  const set = names.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  return [(flags & READ_ONLY) !== 0 ? "ro" : "rw", ...set, ...(others === "" ? [] : [others])].join(",");
}

function fileSystem({ fstype, fsname }: Mount): string {
  if (fsname !== undefined && fsname !== "" && (fstype === AUTO || fstype === UNSUPPORTED)) return fsname;
  const names = Object.entries(criuSchema.enums.fstype?.values ?? {});
  const name = names.find(([, number]) => number === fstype)?.[0];
  return KERNEL_NAMES[name ?? ""] ?? name?.toLowerCase() ?? "unknown";
}

/** Where CRIU's name isn't the kernel's. */
const KERNEL_NAMES: Readonly<Record<string, string>> = {
  OVERLAYFS: "overlay",
  UNSUPPORTED: "unknown",
  AUTO: "unknown",
};

/** CRIU adds an option of its own for restoring devpts. */
const superOptions = ({ options: text, fstype }: Mount): string =>
  fstype === 6 ? text.replace(/(^|,)newinstance(?=,|$)/, "") : text;

const escape = (text: string): string => octal(text, MOUNT_ESCAPES);
const source = ({ source: name }: Mount): string => (name === "" ? "none" : octal(name, `${MOUNT_ESCAPES}#`));

const NOT_DUMPED = "unless the mount namespace was dumped, as it is for containers.";

/** `fs/proc_namespace.c: show_mountinfo`. */
export const mountinfo: ProcFile = {
  name: "mountinfo",
  perThread: true,
  write: async (task) => {
    const mounts = await mountsOf(task);
    return mounts?.map((mount) => {
      const propagation = [
        ...(mount.shared_id ? [`shared:${mount.shared_id}`] : []),
        ...(mount.master_id ? [`master:${mount.master_id}`] : []),
      ];
      return `${[
        mount.mnt_id,
        mount.parent_mnt_id,
        // Internal form of the kernel: twelve bits of major, twenty of minor.
        `${mount.root_dev >>> 20}:${mount.root_dev & 0xfffff}`,
        escape(mount.root),
        escape(mount.mountpoint),
        options(mount.flags, MOUNT_FLAGS, ""),
        ...propagation,
        "-",
        escape(fileSystem(mount)),
        source(mount),
        options(mount.sb_flags ?? mount.flags, SUPER_FLAGS, superOptions(mount)),
      ].join(" ")}\n`;
    });
  },
  absent: NOT_DUMPED,
  differences: [
    {
      field: "file system",
      frozen: "`unknown`",
      why: "CRIU writes no name for a file system that it leaves to the one who restores.",
      pattern: /^(.* - )\S+/gm,
      becomes: "$1*",
    },
  ],
};

/** `fs/proc_namespace.c: show_vfsstat`, of file systems that have no counters of their own. */
export const mountstats: ProcFile = {
  name: "mountstats",
  perThread: false,
  write: async (task) =>
    (await mountsOf(task))?.map((mount) => {
      const device = mount.source === "" ? "no device" : `device ${source(mount)}`;
      return `${device} mounted on ${escape(mount.mountpoint)} with fstype ${escape(fileSystem(mount))}\n`;
    }),
  absent: NOT_DUMPED,
  differences: mountinfo.differences.map((difference) => ({
    ...difference,
    pattern: /(?<= with fstype )\S+/gm,
    becomes: "*",
  })),
};

/** `fs/proc_namespace.c: show_vfsmnt`. */
export const mounts: ProcFile = {
  name: "mounts",
  perThread: true,
  write: async (task) =>
    (await mountsOf(task))?.map(
      (mount) =>
        `${source(mount)} ${escape(mount.mountpoint)} ${escape(fileSystem(mount))} ${options(
          mount.flags,
          [...SUPER_FLAGS, ...MOUNT_FLAGS],
          superOptions(mount),
        )} 0 0\n`,
    ),
  absent: NOT_DUMPED,
  differences: mountinfo.differences.map((difference) => ({
    ...difference,
    pattern: /^(\S+ \S+) \S+/gm,
    becomes: "$1 *",
  })),
};
