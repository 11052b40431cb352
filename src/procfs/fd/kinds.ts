import type { MessageMap } from "../../criu/index.ts";
import type { FileEntry } from "../images.ts";
import { hex } from "../text.ts";
import type { FileLookup } from "./descriptors.ts";

/** What /proc tells of an open file. */
export interface FileFacts {
  /** Target of the link in `fd/`. */
  readonly link: string;
  readonly flags: number;
  readonly position?: bigint;
  readonly mount?: number | undefined;
  readonly inode?: bigint | number | undefined;
  /** Lines of `fdinfo/` behind the common ones, without line breaks. */
  readonly lines?: readonly string[];
}

type Describe = (file: FileEntry, lookup: FileLookup) => FileFacts | undefined;

/** A row from the union's member and what to say of it. */
function kind<K extends keyof FileEntry>(
  member: K,
  describe: (body: NonNullable<FileEntry[K]>, lookup: FileLookup) => FileFacts | undefined,
): Describe {
  return (file, lookup) => {
    const body = file[member];
    return body === undefined || body === null ? undefined : describe(body, lookup);
  };
}

const O_RDWR = 2;
const O_LARGEFILE = 0o100000;

const socket = (inode: number, flags: number, lines: readonly string[] = []): FileFacts => ({
  link: `socket:[${inode}]`,
  flags,
  inode,
  lines,
});
const mountOf = (id: number | undefined): number | undefined => (id === undefined || id < 0 ? undefined : id);
const time = (seconds: bigint, nanoseconds: bigint): string => `(${seconds}, ${nanoseconds})`;
/** The handle's bytes, from words whose low byte comes first. */
function handle(file: MessageMap["fh_entry"]): string {
  const bytes = file.handle.flatMap((word) =>
    Array.from({ length: 8 }, (_, index) => Number((word >> BigInt(8 * index)) & 0xffn)),
  );
  const text = bytes.slice(0, file.bytes).map((byte) => hex(byte, 2));
  return `fhandle-bytes:${hex(file.bytes)} fhandle-type:${hex(file.type)} f_handle:${text.join("")}`;
}

/** Every kind of open file by its number in `fd_types`: its link (`d_dname` of the kernel's file systems) and its lines in fdinfo. */
export const FD_KINDS: Readonly<Record<number, Describe>> = {
  1: kind("reg", (file, lookup) => ({
    link: lookup.path(file.id) ?? file.name,
    flags: file.flags,
    position: file.pos,
    mount: mountOf(file.mnt_id),
  })),
  2: kind("pipe", (file) => ({ link: `pipe:[${file.pipe_id}]`, flags: file.flags, inode: file.pipe_id })),
  3: kind("fifo", (file, lookup) => {
    const reg = lookup.file(file.regf_id ?? -1)?.reg;
    return reg && { link: lookup.path(reg.id) ?? reg.name, flags: reg.flags, mount: mountOf(reg.mnt_id) };
  }),
  4: kind("isk", (file) => socket(file.ino, file.flags)),
  // fs/unix_socket counts descriptors that are on their way; CRIU dumps none that it can't restore.
  5: kind("usk", (file) => socket(file.ino, file.flags)),
  // fs/eventfd.c: eventfd_show_fdinfo.
  6: kind("efd", (file) => ({
    link: "anon_inode:[eventfd]",
    flags: file.flags,
    lines: [`eventfd-count: ${hex(file.counter).padStart(16)}`],
  })),
  // fs/eventpoll.c: ep_show_fdinfo.
  7: kind("epfd", (file) => ({
    link: "anon_inode:[eventpoll]",
    flags: file.flags,
    lines: file.tfd.map(
      ({ tfd, events, data, pos, inode, dev }) =>
        `tfd: ${String(tfd).padStart(8)} events: ${hex(events >>> 0).padStart(8)} data: ${hex(data).padStart(16)} ` +
        ` pos:${pos ?? 0} ino:${hex(inode ?? 0)} sdev:${hex((dev ?? 0) >>> 0)}`,
    ),
  })),
  // fs/notify/fdinfo.c.
  8: kind("ify", (file) => ({
    link: "anon_inode:inotify",
    flags: file.flags,
    lines: file.wd.map(
      ({ wd, i_ino, s_dev, mask, f_handle }) =>
        `inotify wd:${hex(wd)} ino:${hex(i_ino)} sdev:${hex(s_dev >>> 0)} mask:${hex(mask >>> 0)} ignored_mask:0 ${handle(f_handle)}`,
    ),
  })),
  // fs/signalfd.c: signalfd_show_fdinfo.
  9: kind("sgfd", (file) => ({
    link: "anon_inode:[signalfd]",
    flags: file.flags,
    lines: [`sigmask:\t${hex(file.sigmask, 16)}`],
  })),
  10: kind("psk", (file) => ({ link: `socket:[${file.id}]`, flags: file.flags })),
  11: kind("tty", (file, lookup) => {
    const reg = lookup.file(file.regf_id ?? -1)?.reg;
    return {
      link:
        reg === undefined || reg === null ? `tty:[${file.tty_info_id}]` : (lookup.path(reg.id) ?? reg.name),
      flags: file.flags,
      mount: mountOf(reg?.mnt_id),
    };
  }),
  12: kind("ffy", (file) => ({
    link: "anon_inode:[fanotify]",
    flags: file.flags,
    lines: [
      `fanotify flags:${hex(file.faflags >>> 0)} event-flags:${hex(file.evflags >>> 0)}`,
      ...file.mark.map(({ s_dev, mflags, mask, ignored_mask, ie, me }) => {
        const masks = `mflags:${hex(mflags >>> 0)} mask:${hex(mask >>> 0)} ignored_mask:${hex(ignored_mask >>> 0)}`;
        if (ie)
          return `fanotify ino:${hex(ie.i_ino)} sdev:${hex(s_dev >>> 0)} ${masks} ${handle(ie.f_handle)}`;
        return `fanotify mnt_id:${hex(me?.mnt_id ?? 0)} ${masks}`;
      }),
    ],
  })),
  13: kind("nlsk", (file) => socket(file.ino, file.flags)),
  14: kind("nsf", (file) => ({
    link: `${NAMESPACES[file.ns_cflag >>> 0] ?? "ns"}:[${file.ns_id}]`,
    flags: file.flags,
  })),
  // drivers/net/tun.c: tun_chr_show_fdinfo.
  15: kind("tunf", (file, lookup) => {
    const reg = lookup.file(file.id)?.reg;
    return {
      link: "/dev/net/tun",
      flags: reg?.flags ?? O_RDWR | O_LARGEFILE,
      lines: [`iff:\t${file.netdev ?? ""}`],
    };
  }),
  16: kind("ext", (file) => ({ link: `external:[${file.id}]`, flags: O_RDWR })),
  // fs/timerfd.c: timerfd_show.
  17: kind("tfd", (file) => ({
    link: "anon_inode:[timerfd]",
    flags: file.flags,
    lines: [
      `clockid: ${file.clockid | 0}`,
      `ticks: ${file.ticks}`,
      `settime flags: 0${file.settime_flags.toString(8)}`,
      `it_value: ${time(file.vsec, file.vnsec)}`,
      `it_interval: ${time(file.isec, file.insec)}`,
    ],
  })),
  18: kind("memfd", (file, lookup) => ({
    link: lookup.path(file.id) ?? "/memfd: (deleted)",
    flags: file.flags,
    position: file.pos,
  })),
  19: kind("bpf", (file) => ({
    link: "anon_inode:bpf-map",
    flags: file.flags,
    lines: [
      `map_type:\t${file.map_type}`,
      `key_size:\t${file.key_size}`,
      `value_size:\t${file.value_size}`,
      `max_entries:\t${file.max_entries}`,
      `map_flags:\t0x${hex(file.map_flags >>> 0)}`,
      `map_extra:\t0x${hex(file.map_extra ?? 0)}`,
      `memlock:\t${file.memlock}`,
      `map_id:\t${file.map_id}`,
      `frozen:\t${file.frozen ? 1 : 0}`,
    ],
  })),
  // kernel/pid.c: pidfd_show_fdinfo.
  20: kind("pidfd", (file) => ({
    link: "anon_inode:[pidfd]",
    // CRIU notes the flags of pidfd_open(2); the file is always open for both.
    flags: file.flags | O_RDWR,
    inode: file.ino,
    lines: [`Pid:\t${file.nspid}`, `NSpid:\t${file.nspid}`],
  })),
};

/** By the flag of clone(2) that makes one. */
const NAMESPACES: Readonly<Record<number, string>> = {
  0x80: "time",
  0x20000: "mnt",
  0x2000000: "cgroup",
  0x4000000: "uts",
  0x8000000: "ipc",
  0x10000000: "user",
  0x20000000: "pid",
  0x40000000: "net",
};
