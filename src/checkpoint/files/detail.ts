import type { BpfMap } from "./bpf-map.ts";
import type { Epoll } from "./epoll.ts";
import type { EventCounter } from "./eventfd.ts";
import type { Fanotify } from "./fanotify.ts";
import type { InetSocket } from "./inet-socket.ts";
import type { Inotify } from "./inotify.ts";
import type { Memfd } from "./memfd.ts";
import type { NetlinkSocket } from "./netlink-socket.ts";
import type { ExternalFile, NamespaceFile, ProcessFile, TunFile } from "./other.ts";
import type { PacketSocket } from "./packet-socket.ts";
import type { Fifo, Pipe } from "./pipe.ts";
import type { RegularFile } from "./regular.ts";
import type { SignalFile } from "./signalfd.ts";
import type { TimerFile } from "./timerfd.ts";
import type { Terminal } from "./tty.ts";
import type { UnixSocket } from "./unix-socket.ts";

/** Everything an image says of an open file, by its `kind`. */
export type FileDetail =
  | RegularFile
  | Pipe
  | Fifo
  | InetSocket
  | UnixSocket
  | EventCounter
  | Epoll
  | Inotify
  | SignalFile
  | PacketSocket
  | Terminal
  | Fanotify
  | NetlinkSocket
  | NamespaceFile
  | TunFile
  | ExternalFile
  | TimerFile
  | Memfd
  | BpfMap
  | ProcessFile;
