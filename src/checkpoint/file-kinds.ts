import type { MessageMap } from "../criu/index.ts";
import {
  describeInetSocket,
  describeNetlinkSocket,
  describePacketSocket,
  describeUnixSocket,
  unixName,
} from "./sockets.ts";

type FileEntry = MessageMap["file_entry"];

/** What a kind may look up to describe itself. */
export interface FileLookup {
  /** Path of the regular file or memfd with this id, as a FIFO or TTY has one behind it. */
  pathOf(id: number): string | undefined;
}

/** What is said of an open file besides its number. */
export interface FileFacts {
  readonly path?: string | undefined;
  readonly description: string;
  readonly flags?: number | undefined;
  readonly position?: bigint | undefined;
}

interface FileKind {
  /** `fd_types` (`images/fdinfo.proto`), by crit's name. */
  readonly name: string;
  /** Undefined when the entry has no body of this kind. */
  readonly describe: (entry: FileEntry, lookup: FileLookup) => FileFacts | undefined;
}

/** Makes a row from the name of the union's member and what to say of it. */
function kind<K extends keyof FileEntry>(
  name: string,
  member: K,
  describe: (body: NonNullable<FileEntry[K]>, lookup: FileLookup) => FileFacts,
): FileKind {
  return {
    name,
    describe: (entry, lookup) => {
      const body = entry[member];
      return body === undefined || body === null ? undefined : describe(body, lookup);
    },
  };
}

const signals = (mask: bigint): string => {
  const numbers = Array.from({ length: 64 }, (_, index) => index + 1).filter(
    (number) => ((mask >> BigInt(number - 1)) & 1n) === 1n,
  );
  return numbers.join(", ");
};

const few = (items: readonly string[]): string =>
  items.length > 8 ? `${items.slice(0, 8).join(", ")} and ${items.length - 8} more` : items.join(", ");

/** Every kind of open file, by its number in `fd_types`. A new kind is a row. */
export const FILE_KINDS: Readonly<Record<number, FileKind>> = {
  1: kind("REG", "reg", (file) => ({
    path: file.name,
    description: file.name,
    flags: file.flags,
    position: file.pos,
  })),
  2: kind("PIPE", "pipe", (file) => ({ description: `pipe:[${file.pipe_id}]`, flags: file.flags })),
  3: kind("FIFO", "fifo", (file, lookup) => {
    const path = file.regf_id === undefined ? undefined : lookup.pathOf(file.regf_id);
    return { path, description: path === undefined ? `fifo:[${file.pipe_id}]` : `fifo ${path}` };
  }),
  4: kind("INETSK", "isk", (file) => ({ description: describeInetSocket(file), flags: file.flags })),
  5: kind("UNIXSK", "usk", (file) => {
    const path = unixName(file.name);
    return {
      path: path.startsWith("/") ? path : undefined,
      description: describeUnixSocket(file),
      flags: file.flags,
    };
  }),
  6: kind("EVENTFD", "efd", (file) => ({
    description: `eventfd, counter ${file.counter}`,
    flags: file.flags,
  })),
  7: kind("EVENTPOLL", "epfd", (file) => ({
    description:
      file.tfd.length === 0
        ? "epoll of nothing"
        : `epoll of fd ${few(file.tfd.map((each) => String(each.tfd)))}`,
    flags: file.flags,
  })),
  8: kind("INOTIFY", "ify", (file) => ({
    description: `inotify on ${few(file.wd.map((each) => each.f_handle.path ?? `inode ${each.i_ino}`)) || "nothing"}`,
    flags: file.flags,
  })),
  9: kind("SIGNALFD", "sgfd", (file) => ({
    description: `signalfd for ${signals(file.sigmask) || "no signal"}`,
    flags: file.flags,
  })),
  10: kind("PACKETSK", "psk", (file) => ({ description: describePacketSocket(file), flags: file.flags })),
  11: kind("TTY", "tty", (file, lookup) => {
    const path = file.regf_id === undefined ? undefined : lookup.pathOf(file.regf_id);
    return { path, description: path ?? `tty ${file.tty_info_id}`, flags: file.flags };
  }),
  12: kind("FANOTIFY", "ffy", (file) => ({
    description: `fanotify with ${file.mark.length} mark${file.mark.length === 1 ? "" : "s"}`,
    flags: file.flags,
  })),
  13: kind("NETLINKSK", "nlsk", (file) => ({ description: describeNetlinkSocket(file), flags: file.flags })),
  14: kind("NS", "nsf", (file) => ({ description: `namespace ${file.ns_id}`, flags: file.flags })),
  15: kind("TUNF", "tunf", (file) => ({
    path: "/dev/net/tun",
    description: `tun ${file.netdev ?? "unattached"}`,
  })),
  16: kind("EXT", "ext", (file) => ({ description: `plugin file ${file.id}` })),
  17: kind("TIMERFD", "tfd", (file) => ({
    description: `timerfd, clock ${file.clockid}, in ${file.vsec} s`,
    flags: file.flags,
  })),
  18: kind("MEMFD", "memfd", (file, lookup) => {
    const path = lookup.pathOf(file.id);
    return { path, description: path ?? `memfd ${file.inode_id}`, flags: file.flags, position: file.pos };
  }),
  19: kind("BPFMAP", "bpf", (file) => ({
    description: `bpf map ${file.map_name} of ${file.max_entries} entries`,
    flags: file.flags,
  })),
  20: kind("PIDFD", "pidfd", (file) => ({ description: `pidfd of process ${file.nspid}` })),
};
