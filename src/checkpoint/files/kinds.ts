import { BPF_MAP } from "./bpf-map.ts";
import { EPOLL } from "./epoll.ts";
import { EVENTFD } from "./eventfd.ts";
import { FANOTIFY } from "./fanotify.ts";
import { INET_SOCKET } from "./inet-socket.ts";
import { INOTIFY } from "./inotify.ts";
import type { FileKind } from "./kind.ts";
import { MEMFD } from "./memfd.ts";
import { NETLINK_SOCKET } from "./netlink-socket.ts";
import { EXTERNAL, NAMESPACE, PIDFD, TUN } from "./other.ts";
import { PACKET_SOCKET } from "./packet-socket.ts";
import { FIFO, PIPE } from "./pipe.ts";
import { REGULAR } from "./regular.ts";
import { SIGNALFD } from "./signalfd.ts";
import { TIMERFD } from "./timerfd.ts";
import { TTY } from "./tty.ts";
import { UNIX_SOCKET } from "./unix-socket.ts";

/** Every kind of open file, by its number in `fd_types`. A new kind is a file of its own and a row here. */
export const FILE_KINDS: Readonly<Record<number, FileKind>> = {
  1: REGULAR,
  2: PIPE,
  3: FIFO,
  4: INET_SOCKET,
  5: UNIX_SOCKET,
  6: EVENTFD,
  7: EPOLL,
  8: INOTIFY,
  9: SIGNALFD,
  10: PACKET_SOCKET,
  11: TTY,
  12: FANOTIFY,
  13: NETLINK_SOCKET,
  14: NAMESPACE,
  15: TUN,
  16: EXTERNAL,
  17: TIMERFD,
  18: MEMFD,
  19: BPF_MAP,
  20: PIDFD,
};
