import type { ImageType } from "./model.ts";

/**
 * The magic table: one row per kind of image CRIU writes or still reads. Adding a kind is adding a row here; if bytes
 * follow its entries, also a rule in `payloads.ts`. Names and magics are those of `criu/include/magic.h`, patterns
 * those of `criu/image-desc.c`.
 *
 * Order matters where kinds share a magic and the file name doesn't tell: the first row wins.
 */
export const IMAGE_TYPES: readonly ImageType[] = [
  // The whole checkpoint
  entries(
    "INVENTORY",
    "inventory.img",
    0x58313116,
    "inventory_entry",
    "How and with what the dump was made.",
  ),
  entries("PSTREE", "pstree.img", 0x50273030, "pstree_entry", "The process tree: one entry per task."),
  entries("FILES", "files.img", 0x56303138, "file_entry", "Every open file object, of all kinds."),
  entries("CGROUP", "cgroup.img", 0x59383330, "cgroup_entry", "Control groups and which task sits where."),
  entries("SECCOMP", "seccomp.img", 0x64413049, "seccomp_entry", "Seccomp filter programs of all threads."),
  entries(
    "APPARMOR",
    "apparmor.img",
    0x59423047,
    "apparmor_entry",
    "AppArmor namespaces and their policies.",
  ),
  entries("CPUINFO", "cpuinfo.img", 0x61404013, "cpuinfo_entry", "Features of the processor dumped on."),
  entries(
    "REMAP_FPATH",
    "remap-fpath.img",
    0x59133954,
    "remap_file_path_entry",
    "Deleted paths and what stands in for them.",
  ),
  entries(
    "FILE_LOCKS",
    "filelocks.img",
    0x54323616,
    "file_lock_entry",
    "File locks and leases that are held.",
  ),
  entries("TTY_INFO", "tty-info.img", 0x59453036, "tty_info_entry", "Terminals: settings, size, session."),
  entries("TTY_DATA", "tty-data.img", 0x59413026, "tty_data_entry", "Bytes waiting inside terminals."),
  entries(
    "MEMFD_INODE",
    "memfd.img",
    0x48453499,
    "memfd_inode_entry",
    "Anonymous files made by memfd_create.",
  ),
  entries(
    "BINFMT_MISC",
    "binfmt-misc.img",
    0x67343323,
    "binfmt_misc_entry",
    "Registered executable formats.",
  ),
  withPayload(
    "SK_QUEUES",
    "sk-queues.img",
    0x56264026,
    "sk_packet_entry",
    "sk-packet",
    "Packets queued in sockets, each followed by its bytes.",
  ),
  withPayload(
    "PIPES_DATA",
    "pipes-data.img",
    0x56453709,
    "pipe_data_entry",
    "pipe-data",
    "What is inside pipes, bytes after each entry.",
  ),
  withPayload(
    "FIFO_DATA",
    "fifo-data.img",
    0x59333054,
    "pipe_data_entry",
    "pipe-data",
    "What is inside named pipes, bytes after each entry.",
  ),
  entries(
    "BPFMAP_FILE",
    "bpfmap-file.img",
    0x57506142,
    "bpfmap_file_entry",
    "BPF maps that are open as files.",
  ),
  withPayload(
    "BPFMAP_DATA",
    "bpfmap-data.img",
    0x64324033,
    "bpfmap_data_entry",
    "bpfmap-data",
    "Keys and values of BPF maps, bytes after each entry.",
  ),

  // One per task or thread
  entries(
    "CORE",
    "core-%u.img",
    0x55053847,
    "core_entry",
    "A thread: registers, signals, timers, credentials.",
  ),
  entries("IDS", "ids-%u.img", 0x54432030, "task_kobj_ids_entry", "Which kernel objects the task shares."),
  entries("MM", "mm-%u.img", 0x57492820, "mm_entry", "The address space: its areas and landmarks."),
  entries("FS", "fs-%u.img", 0x51403912, "fs_entry", "Working directory, root and umask."),
  entries("FDINFO", "fdinfo-%u.img", 0x56213732, "fdinfo_entry", "The table of file descriptors."),
  pagemap("PAGEMAP", "pagemap-%lu.img", "Which pages of a task lie where in its pages image."),
  pagemap("SHMEM_PAGEMAP", "pagemap-shmem-%lu.img", "Which pages of a shared memory object lie where."),
  raw("PAGES", "pages-%u.img", "pages", "Memory pages back to back, in the order of the pagemap."),
  withPayload(
    "GHOST_FILE",
    "ghost-file-%x.img",
    0x52583605,
    "ghost_file_entry",
    "ghost",
    "A deleted file that was still open, with its content.",
  ),
  withPayload(
    "TCP_STREAM",
    "tcp-stream-%x.img",
    0x51465506,
    "tcp_stream_entry",
    "tcp-queues",
    "A TCP connection with its receive and send queues.",
  ),

  // One per namespace
  entries("UTSNS", "utsns-%u.img", 0x54473203, "utsns_entry", "Host and domain name."),
  entries("USERNS", "userns-%u.img", 0x55474906, "userns_entry", "User and group id maps."),
  entries("TIMENS", "timens-%u.img", 0x43114433, "timens_entry", "Clock offsets."),
  entries("PIDNS", "pidns-%u.img", 0x61157326, "pidns_entry", "An external pid namespace."),
  entries("MNTS", "mountpoints-%u.img", 0x55563928, "mnt_entry", "Mounts, one entry each."),
  entries(
    "NETNS",
    "netns-%u.img",
    0x55933752,
    "netns_entry",
    "Network namespace: sysctls and ids of others.",
  ),
  entries("NETDEV", "netdev-%u.img", 0x57373951, "net_device_entry", "Network devices, one entry each."),
  entries("IPC_VAR", "ipcns-var-%u.img", 0x53115007, "ipc_var_entry", "Limits of System V IPC."),
  withPayload(
    "IPCNS_SHM",
    "ipcns-shm-%u.img",
    0x46283044,
    "ipc_shm_entry",
    "ipc-shm",
    "System V shared memory segments; content in a pagemap unless old.",
  ),
  withPayload(
    "IPCNS_MSG",
    "ipcns-msg-%u.img",
    0x55453737,
    "ipc_msg_entry",
    "ipc-messages",
    "System V message queues with their messages.",
  ),
  withPayload(
    "IPCNS_SEM",
    "ipcns-sem-%u.img",
    0x59573019,
    "ipc_sem_entry",
    "ipc-semaphores",
    "System V semaphore sets with their values.",
  ),
  entries("AUTOFS", "autofs-%u.img", 0x49353943, "autofs_entry", "An autofs mount."),
  raw("IFADDR", "ifaddr-%u.img", "ip-dump", "Interface addresses as `ip addr save` writes them."),
  raw("ROUTE", "route-%u.img", "ip-dump", "IPv4 routes as `ip route save` writes them."),
  raw("ROUTE6", "route6-%u.img", "ip-dump", "IPv6 routes as `ip -6 route save` writes them."),
  raw("RULE", "rule-%u.img", "ip-dump", "Routing rules as `ip rule save` writes them."),
  raw("IPTABLES", "iptables-%u.img", "text-output", "IPv4 firewall rules, the text of iptables-save."),
  raw("IP6TABLES", "ip6tables-%u.img", "text-output", "IPv6 firewall rules, the text of ip6tables-save."),
  raw("NFTABLES", "nftables-%u.img", "text", "Firewall rules, the text of nft."),
  raw("NETNF_CT", "netns-ct-%u.img", "netlink", "Tracked connections as netlink messages."),
  raw("NETNF_EXP", "netns-exp-%u.img", "netlink", "Expected connections as netlink messages."),
  raw("TMPFS_IMG", "tmpfs-%u.tar.gz.img", "targz-output", "Content of a tmpfs mount, named by mount id."),
  raw("TMPFS_DEV", "tmpfs-dev-%u.tar.gz.img", "targz-output", "Content of a tmpfs mount, named by device."),

  // Service files and sealing
  entries("STATS", "stats-dump", 0x57093306, "stats_entry", "How long each step took and what it moved."),
  entries("STATS", "stats-restore", 0x57093306, "stats_entry", "How long each step of a restore took."),
  entries("IRMAP_CACHE", "irmap-cache", 0x57004059, "irmap_cache_entry", "Paths found for watched inodes."),
  entries("CIPHER", "cipher.img", 0x50034653, "cipher_entry", "The wrapped keys of a sealed checkpoint."),

  // Written by plugins: a 64-bit length before the content, no magic (plugins/amdgpu)
  raw("AMDGPU_KFD", "amdgpu-kfd-%d.img", "long-entry", "State of an AMD GPU's compute driver.", "criu_kfd"),
  raw(
    "AMDGPU_RENDER",
    "amdgpu-renderD-%d.img",
    "long-entry",
    "State of an AMD render node.",
    "criu_render_node",
  ),
  raw("AMDGPU_DMABUF", "amdgpu-dmabuf_%d.img", "long-entry", "A shared GPU buffer.", "criu_dmabuf_node"),
  raw("AMDGPU_PAGES", "amdgpu-pages-%d-%x.img", "long-data", "Content of GPU memory buffers."),
  raw("AMDGPU_DRM_PAGES", "amdgpu-drm-pages-%d-%d-%x.img", "long-data", "Content of one render buffer."),
  raw("PAGES_LZ4", "pages-%u.comp.img", "lz4-frame", "Memory pages in one LZ4 frame, as CRaC writes them."),

  // Read by CRIU for the sake of old dumps, no longer written
  legacy("VMAS", "vmas-%u.img", 0x54123737, "vma_entry", "Memory areas; now in mm."),
  legacy("SIGACT", "sigacts-%u.img", 0x55344201, "sa_entry", "Signal handlers; now in core."),
  legacy("CREDS", "creds-%u.img", 0x54023547, "creds_entry", "Credentials; now in core."),
  legacy("RLIMIT", "rlimit-%u.img", 0x57113925, "rlimit_entry", "Resource limits; now in core."),
  legacy("ITIMERS", "itimers-%u.img", 0x57464056, "itimer_entry", "Interval timers; now in core."),
  legacy(
    "POSIX_TIMERS",
    "posix-timers-%u.img",
    0x52603957,
    "posix_timer_entry",
    "POSIX timers; now in core.",
  ),
  legacy(
    "SIGNAL",
    "signal-s-%u.img",
    0x59255647,
    "siginfo_entry",
    "Signals pending for a process; now in core.",
  ),
  legacy(
    "PSIGNAL",
    "signal-p-%u.img",
    0x59255647,
    "siginfo_entry",
    "Signals pending for a thread; now in core.",
  ),
  legacy("REG_FILES", "reg-files.img", 0x50363636, "reg_file_entry", "Regular files; now in files."),
  legacy("EXT_FILES", "ext-files.img", 0x59255641, "ext_file_entry", "External files; now in files."),
  legacy("NS_FILES", "ns-files.img", 0x61394011, "ns_file_entry", "Namespace files; now in files."),
  legacy("EVENTFD_FILE", "eventfd.img", 0x44523722, "eventfd_file_entry", "Event counters; now in files."),
  legacy("EVENTPOLL_FILE", "eventpoll.img", 0x45023858, "eventpoll_file_entry", "Epoll files; now in files."),
  legacy("EVENTPOLL_TFD", "eventpoll-tfd.img", 0x44433746, "eventpoll_tfd_entry", "What epoll files watch."),
  legacy("SIGNALFD", "signalfd.img", 0x57323820, "signalfd_entry", "Signal files; now in files."),
  legacy("TIMERFD", "timerfd.img", 0x50493712, "timerfd_entry", "Timer files; now in files."),
  legacy("INOTIFY_FILE", "inotify.img", 0x48424431, "inotify_file_entry", "Inotify files; now in files."),
  legacy("INOTIFY_WD", "inotify-wd.img", 0x54562009, "inotify_wd_entry", "What inotify files watch."),
  legacy("FANOTIFY_FILE", "fanotify.img", 0x55096122, "fanotify_file_entry", "Fanotify files; now in files."),
  legacy(
    "FANOTIFY_MARK",
    "fanotify-mark.img",
    0x56506035,
    "fanotify_mark_entry",
    "What fanotify files watch.",
  ),
  legacy("PIPES", "pipes.img", 0x56513555, "pipe_entry", "Pipe ends; now in files."),
  legacy("FIFO", "fifo.img", 0x58364939, "fifo_entry", "Named pipes; now in files."),
  legacy("UNIXSK", "unixsk.img", 0x54373943, "unix_sk_entry", "Unix sockets; now in files."),
  legacy("INETSK", "inetsk.img", 0x56443851, "inet_sk_entry", "Internet sockets; now in files."),
  legacy("PACKETSK", "packetsk.img", 0x60454618, "packet_sock_entry", "Packet sockets; now in files."),
  legacy("NETLINK_SK", "netlinksk.img", 0x58005614, "netlink_sk_entry", "Netlink sockets; now in files."),
  legacy("TTY_FILES", "tty.img", 0x59433025, "tty_file_entry", "Terminal files; now in files."),
  legacy("TUNFILE", "tunfile.img", 0x57143751, "tunfile_entry", "Tun and tap files; now in files."),
  legacy("PIDFD", "pidfd.img", 0x54435556, "pidfd_entry", "Process files; in practice in files."),
  legacy("BINFMT_MISC_OLD", "binfmt-misc-%u.img", 0x67343323, "binfmt_misc_entry", "Executable formats."),
  oldPages("PAGES_OLD", "pages-%d.img", "Pages with a magic before them, from CRIU 0.4 and earlier."),
  oldPages("SHM_PAGES_OLD", "pages-shmem-%ld.img", "Shared pages with a magic, from CRIU 0.4 and earlier."),
];

function entries(name: string, pattern: string, magic: number, message: string, doc: string): ImageType {
  return { name, pattern, magic, message, doc };
}

function withPayload(
  name: string,
  pattern: string,
  magic: number,
  message: string,
  payload: string,
  doc: string,
): ImageType {
  return { name, pattern, magic, message, payload, doc };
}

function pagemap(name: string, pattern: string, doc: string): ImageType {
  return { name, pattern, magic: 0x56084025, message: "pagemap_entry", headMessage: "pagemap_head", doc };
}

function raw(name: string, pattern: string, payload: string, doc: string, message?: string): ImageType {
  return { name, pattern, magic: 0, payload, doc, ...(message && { message }) };
}

function legacy(name: string, pattern: string, magic: number, message: string, doc: string): ImageType {
  return { name, pattern, magic, message, legacy: true, doc };
}

function oldPages(name: string, pattern: string, doc: string): ImageType {
  return { name, pattern, magic: 0x56084025, payload: "old-pages", legacy: true, doc };
}
