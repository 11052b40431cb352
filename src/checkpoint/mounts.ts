import { pathInLayer } from "./layers.ts";
import type { Layer } from "./layers.ts";
import type { Mount } from "./model.ts";
import type { Report } from "./problems.ts";
import { readRecords } from "./records.ts";

const MAX_MOUNTS = 100_000;

/** CRIU's own numbers for file systems (`images/mnt.proto`), under the kernel's names. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  1: "proc",
  2: "sysfs",
  3: "devtmpfs",
  4: "binfmt_misc",
  5: "tmpfs",
  6: "devpts",
  7: "simfs",
  8: "pstore",
  9: "securityfs",
  10: "fusectl",
  11: "debugfs",
  12: "cgroup",
  13: "aufs",
  14: "mqueue",
  15: "fuse",
  17: "overlay",
  18: "autofs",
  19: "tracefs",
  23: "cgroup2",
};
/** The kernel's name is in `fsname`. */
const AUTO = 16;

/** Mount flags of mount(2) that people read, by bit (`include/uapi/linux/mount.h`). */
const FLAGS: readonly (readonly [bit: number, set: string, clear?: string])[] = [
  [1, "ro", "rw"],
  [2, "nosuid"],
  [4, "nodev"],
  [8, "noexec"],
  [16, "sync"],
  [1024, "noatime"],
  [2048, "nodiratime"],
  [1 << 21, "relatime"],
];

/** The mounts of every mount namespace that was dumped (`mountpoints-ID.img`), parents before children by id. */
export async function readMounts(layer: Layer, report: Report): Promise<readonly Mount[]> {
  const mounts: Mount[] = [];
  for (const [file] of layer.files) {
    const namespace = /^mountpoints-(\d{1,10})\.img$/.exec(file)?.[1];
    if (namespace === undefined) continue;
    const entries = await readRecords(layer, file, "mnt_entry", report, MAX_MOUNTS);
    for (const entry of entries)
      mounts.push({
        destination: entry.mountpoint,
        type: entry.fstype === AUTO ? (entry.fsname ?? "auto") : (FILE_SYSTEMS[entry.fstype] ?? "unknown"),
        source: entry.source,
        options: [...flagNames(entry.flags), ...entry.options.split(",").filter((option) => option !== "")],
        root: entry.root,
        id: entry.mnt_id,
        parentId: entry.parent_mnt_id,
        namespace: Number(namespace),
      });
    if (entries.length === 0)
      report({
        code: "checkpoint.noMounts",
        message: "The image lists no mounts.",
        severity: "warning",
        file: pathInLayer(layer, file),
      });
  }
  // CRIU writes children first.
  return mounts.reverse();
}

function flagNames(flags: number): readonly string[] {
  return FLAGS.flatMap(([bit, set, clear]) =>
    (flags & bit) !== 0 ? [set] : clear === undefined ? [] : [clear],
  );
}
