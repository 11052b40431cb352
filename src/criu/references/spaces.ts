import type { MessageNode } from "../model.ts";

/** Where the things of a space are defined. */
export type Definition =
  | {
      /** An image of their own, named by the key. */
      readonly kind: "image";
      readonly names: (key: bigint) => readonly string[];
    }
  | {
      /** The message that has the key in one of `fields` (`message.field`), in images of these types. */
      readonly kind: "field";
      readonly images: readonly string[];
      readonly fields: readonly string[];
    }
  | {
      /** The keyth element of a repeated field of an image's first entry. */
      readonly kind: "element";
      readonly images: readonly string[];
      readonly field: string;
    }
  | {
      /** An image named by the id of the one in which `field` has the key, and a path in it. */
      readonly kind: "owner";
      readonly images: readonly string[];
      readonly field: string;
      readonly name: (id: number) => string;
      readonly path: string;
    };

/** A kind of thing that fields refer to by number. */
export interface Space {
  /** What one of them is called: `open file`. */
  readonly title: string;
  /** In the order in which they are tried. */
  readonly definitions: readonly Definition[];
  /** Numbers that stand for none. */
  readonly none?: readonly bigint[];
  /** Types of images that are named by the key, of which the entry belongs to it as a whole. */
  readonly named?: readonly string[];
}

const image = (names: (key: string) => readonly string[]): Definition => ({
  kind: "image",
  names: (key) => names(String(key)),
});

const inHex = (prefix: string): Definition => ({
  kind: "image",
  names: (key) => [`${prefix}${key.toString(16)}.img`],
});

const OWNERS = ["IDS", "CORE"];

/** Legacy images hold one kind of open file each; since CRIU 3.3 all are in files.img. */
const FILE_IMAGES =
  "FILES REG_FILES EXT_FILES NS_FILES EVENTFD_FILE EVENTPOLL_FILE SIGNALFD TIMERFD INOTIFY_FILE FANOTIFY_FILE PIPES FIFO UNIXSK INETSK PACKETSK NETLINK_SK TTY_FILES TUNFILE PIDFD BPFMAP_FILE".split(
    " ",
  );
const FILE_MESSAGES =
  "file reg_file ext_file ns_file eventfd_file eventpoll_file signalfd timerfd inotify_file fanotify_file pipe fifo unix_sk inet_sk packet_sock netlink_sk tty_file tunfile pidfd bpfmap_file memfd_file".split(
    " ",
  );

/** The spaces, by the name in `id:NAME` of proto/show.proto. A new one is a row here. */
export const SPACES = {
  file: {
    title: "open file",
    definitions: [
      { kind: "field", images: FILE_IMAGES, fields: FILE_MESSAGES.map((name) => `${name}_entry.id`) },
    ],
  },
  files: {
    title: "table of file descriptors",
    definitions: [image((key) => [`fdinfo-${key}.img`])],
    named: ["FDINFO"],
  },
  pid: {
    title: "process or thread",
    definitions: [
      { kind: "field", images: ["PSTREE"], fields: ["pstree_entry.pid"] },
      image((key) => [`core-${key}.img`]),
    ],
    none: [0n],
    named: "CORE IDS MM FS PAGEMAP VMAS SIGACT CREDS RLIMIT ITIMERS POSIX_TIMERS SIGNAL PSIGNAL".split(" "),
  },
  vm: {
    title: "address space",
    definitions: [owner("vm_id", (id) => `mm-${String(id)}.img`)],
  },
  fs: {
    title: "working directory, root and umask",
    definitions: [owner("fs_id", (id) => `fs-${String(id)}.img`)],
  },
  sighand: {
    title: "signal actions",
    definitions: [owner("sighand_id", (id) => `core-${String(id)}.img`, "entries[0].tc.sigactions")],
  },
  ns: {
    title: "namespace",
    definitions: [
      image((key) =>
        ["netns", "mountpoints", "utsns", "ipcns-var", "pidns", "userns", "timens"].map(
          (name) => `${name}-${key}.img`,
        ),
      ),
    ],
    none: [0n],
    named:
      "NETNS NETDEV IFADDR ROUTE ROUTE6 RULE IPTABLES IP6TABLES NFTABLES NETNF_CT NETNF_EXP MNTS UTSNS IPC_VAR IPCNS_SHM IPCNS_MSG IPCNS_SEM PIDNS USERNS TIMENS".split(
        " ",
      ),
  },
  mount: {
    title: "mount",
    definitions: [{ kind: "field", images: ["MNTS"], fields: ["mnt_entry.mnt_id"] }],
    none: [-1n, 0xffff_ffffn],
  },
  shmid: {
    title: "shared memory",
    definitions: [image((key) => [`pagemap-shmem-${key}.img`])],
    named: ["SHMEM_PAGEMAP"],
  },
  sysv: {
    title: "System V shared memory",
    definitions: [
      { kind: "field", images: ["IPCNS_SHM"], fields: ["ipc_desc_entry.id"] },
      image((key) => [`pagemap-shmem-${key}.img`]),
    ],
  },
  pages: {
    title: "pages",
    definitions: [image((key) => [`pages-${key}.img`, `pages-${key}.comp.img`])],
    named: ["PAGES", "PAGES_LZ4"],
  },
  pipe: {
    title: "pipe",
    definitions: [
      { kind: "field", images: ["PIPES_DATA", "FIFO_DATA"], fields: ["pipe_data_entry.pipe_id"] },
      {
        kind: "field",
        images: ["FILES", "PIPES", "FIFO"],
        fields: ["pipe_entry.pipe_id", "fifo_entry.pipe_id"],
      },
    ],
  },
  tty: {
    title: "terminal",
    definitions: [{ kind: "field", images: ["TTY_INFO"], fields: ["tty_info_entry.id"] }],
  },
  memfd: {
    title: "memory file",
    definitions: [{ kind: "field", images: ["MEMFD_INODE"], fields: ["memfd_inode_entry.inode_id"] }],
  },
  ghost: {
    title: "deleted file",
    definitions: [inHex("ghost-file-")],
    named: ["GHOST_FILE"],
  },
  seccomp: {
    title: "seccomp filter",
    definitions: [{ kind: "element", images: ["SECCOMP"], field: "seccomp_filters" }],
  },
  cgset: {
    title: "cgroup set",
    definitions: [{ kind: "field", images: ["CGROUP"], fields: ["cg_set_entry.id"] }],
    none: [0n],
  },
  bpfmap: {
    title: "BPF map",
    definitions: [
      { kind: "field", images: ["BPFMAP_DATA"], fields: ["bpfmap_data_entry.map_id"] },
      { kind: "field", images: ["FILES", "BPFMAP_FILE"], fields: ["bpfmap_file_entry.map_id"] },
    ],
  },
  unix: {
    title: "unix socket",
    definitions: [{ kind: "field", images: ["FILES", "UNIXSK"], fields: ["unix_sk_entry.ino"] }],
    none: [0n],
  },
  inet: {
    title: "TCP connection",
    definitions: [
      inHex("tcp-stream-"),
      { kind: "field", images: ["FILES", "INETSK"], fields: ["inet_sk_entry.ino"] },
    ],
    named: ["TCP_STREAM"],
  },
} as const satisfies Record<string, Space>;

export type SpaceName = keyof typeof SPACES;

function owner(field: string, name: (id: number) => string, path = ""): Definition {
  return { kind: "owner", images: OWNERS, field: `task_kobj_ids_entry.${field}`, name, path };
}

/** VMA_ marks of criu/include/image.h. */
const VMA_FILE = 0x40 | 0x80 | 0x800 | 0x4000;
const VMA_ANON_SHARED = 0x100;
const VMA_SYSVIPC = 0x400;

interface Choice {
  /** Every space the field can refer to. */
  readonly among: readonly SpaceName[];
  readonly choose: (message: MessageNode) => SpaceName | undefined;
}

const always = (space: SpaceName): Choice => ({ among: [space], choose: () => space });

/** Fields whose space depends on other fields of their message, or differs from what `show` says. */
export const CHOICES: Readonly<Record<string, Choice>> = {
  // criu/files-reg.c and criu/shmem.c: what is mapped says what the number is.
  "vma_entry.shmid": {
    among: ["file", "shmid", "sysv"],
    choose: (vma) => {
      const status = integer(vma, "status");
      if (status & VMA_FILE) return "file";
      if (status & VMA_SYSVIPC) return "sysv";
      return status & VMA_ANON_SHARED ? "shmid" : undefined;
    },
  },
  // criu/files-reg.c: open_remap_ghost and its neighbours.
  "remap_file_path_entry.remap_id": {
    among: ["file", "ghost", "pid"],
    choose: (remap) => (["file", "ghost", "pid"] as const)[integer(remap, "remap_type")],
  },
  "ipc_desc_entry.id": always("sysv"),
};

function integer(message: MessageNode, name: string): number {
  return Number(message.fields.findLast((field) => field.name === name)?.value ?? 0);
}
