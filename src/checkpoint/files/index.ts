// files: open files of every kind, one file a kind; kinds.ts is the table.
export type { BpfMap, BpfMapData } from "./bpf-map.ts";
export type { FileDetail } from "./detail.ts";
export type { Epoll, EpollTarget } from "./epoll.ts";
export type { EventCounter } from "./eventfd.ts";
export type { Fanotify, FanotifyMark } from "./fanotify.ts";
export type { InetSocket, IpOptions, TcpStream } from "./inet-socket.ts";
export type { FileHandle, Inotify, InotifyWatch } from "./inotify.ts";
export type { Memfd } from "./memfd.ts";
export type { NetlinkSocket } from "./netlink-socket.ts";
export type { ExternalFile, NamespaceFile, ProcessFile, TunFile } from "./other.ts";
export type { PacketRing, PacketSocket } from "./packet-socket.ts";
export type { Fifo, Pipe, PipeBuffer } from "./pipe.ts";
export type { Ghost, RegularFile, Remap } from "./regular.ts";
export type { SignalFile } from "./signalfd.ts";
export type { SocketOptions } from "./socket-options.ts";
export type { TimerFile } from "./timerfd.ts";
export type { Terminal, TerminalModes } from "./tty.ts";
export type { QueuedPacket, UnixSocket } from "./unix-socket.ts";
