import type { MessageMap } from "../criu/index.ts";
import { pathInLayer } from "./layers.ts";
import type { Layer } from "./layers.ts";
import type { Report } from "./problems.ts";
import { linkTree } from "./process-tree.ts";
import { readRecords } from "./records.ts";

/** What a process tree sees mounted: as the engine asked for it (OCI spec), or as the images have it. */
export interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
  /** Path inside the mounted file system, from the images only. */
  readonly root?: string;
  readonly id?: number;
  readonly parentId?: number;
  /** Id of the mount namespace image: `mountpoints-13.img`. */
  readonly namespace?: number;
  /** `major:minor` of the file system. */
  readonly device?: string;
  /** Options of this mount alone, in the order of mountinfo: `rw`, `nosuid` … */
  readonly mountOptions?: readonly string[];
  /** Options of the file system, in the order of mountinfo. */
  readonly superOptions?: readonly string[];
  /** Peer group that mounts propagate in, and the one they come from. */
  readonly sharedGroup?: number | undefined;
  readonly masterGroup?: number | undefined;
  /** The folder that was mounted is gone. */
  readonly deleted?: boolean;
  /** It belongs to the outside: the name CRIU was given for it, "" when none. */
  readonly external?: string | undefined;
}

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
  [256, "nosymfollow"],
];

/** Flags of a superblock, as mountinfo lists them after the source (`fs/proc_namespace.c: show_sb_opts`). */
const SUPER_FLAGS: typeof FLAGS = [
  [1, "ro", "rw"],
  [16, "sync"],
  [128, "dirsync"],
  [64, "mand"],
  [1 << 25, "lazytime"],
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
        options: [...flagNames(entry.flags), ...optionsOf(entry)],
        mountOptions: flagNames(entry.flags),
        superOptions: [
          // Before CRIU 2.x both kinds of flags were in one.
          ...flagNames(entry.sb_flags ?? entry.flags & MS_RDONLY, SUPER_FLAGS),
          ...optionsOf(entry),
        ],
        device: deviceText(entry.root_dev),
        sharedGroup: entry.shared_id === 0 ? undefined : entry.shared_id,
        masterGroup: entry.master_id === 0 ? undefined : entry.master_id,
        deleted: entry.deleted ?? false,
        external: entry.ext_key ?? (entry.ext_mount === true ? "" : undefined),
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

const MS_RDONLY = 1;

const optionsOf = (entry: MessageMap["mnt_entry"]): readonly string[] =>
  entry.options.split(",").filter((option) => option !== "");

/** The kernel's own dev_t, 12 bits of major above 20 of minor, as mountinfo writes it. */
const deviceText = (device: number): string => `${device >>> 20}:${device & 0xfffff}`;

function flagNames(flags: number, table = FLAGS): readonly string[] {
  return table.flatMap(([bit, set, clear]) =>
    (flags & bit) !== 0 ? [set] : clear === undefined ? [] : [clear],
  );
}

/** A mount with those that are mounted on it. */
export interface MountNode {
  readonly mount: Mount;
  readonly children: readonly MountNode[];
}

/** The mounts of each namespace as trees, in the order given. Mounts without ids (those of a spec) are roots. */
export function mountTrees(
  mounts: readonly Mount[],
): readonly { readonly namespace: number | undefined; readonly roots: readonly MountNode[] }[] {
  const namespaces = new Map<number | undefined, Mount[]>();
  for (const mount of mounts) {
    const members = namespaces.get(mount.namespace);
    if (members) members.push(mount);
    else namespaces.set(mount.namespace, [mount]);
  }
  return [...namespaces].map(([namespace, members]) => ({ namespace, roots: treeOf(members) }));
}

function treeOf(mounts: readonly Mount[]): readonly MountNode[] {
  interface Open extends MountNode {
    readonly children: MountNode[];
  }
  const nodes = mounts.map((mount): Open => ({ mount, children: [] }));
  const byId = new Map(nodes.map((node) => [node.mount.id, node]));
  const ids = mounts.flatMap(({ id, parentId }) =>
    id === undefined ? [] : [{ pid: id, ppid: parentId ?? 0 }],
  );
  // Ids of mounts are a forest like pids of processes, and as little to be trusted.
  const isRoot = new Set(linkTree(ids, () => undefined).roots);
  const roots: MountNode[] = [];
  for (const node of nodes) {
    const { id, parentId } = node.mount;
    const parent =
      id === undefined || isRoot.has(id) || parentId === undefined ? undefined : byId.get(parentId);
    (parent?.children ?? roots).push(node);
  }
  return roots;
}
