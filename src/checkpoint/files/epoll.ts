import type { MessageMap } from "../../criu/index.ts";
import { flagNames } from "../names.ts";
import { few, fileKind } from "./kind.ts";

/** A file that an epoll instance watches. */
export interface EpollTarget {
  /** The descriptor's number when it was added; that may be closed or another file by now. */
  readonly fd: number;
  /** As struct epoll_event has them. */
  readonly eventBits: number;
  readonly events: readonly string[];
  /** What the program gets back with the event. */
  readonly data: bigint;
  /** The file by the kernel's numbers; undefined before CRIU 3.12. */
  readonly device: number | undefined;
  readonly inode: bigint | undefined;
  readonly position: bigint | undefined;
}

/** A set of files of epoll_create(2). */
export interface Epoll {
  readonly kind: "epoll";
  readonly targets: readonly EpollTarget[];
}

const target = (entry: MessageMap["eventpoll_tfd_entry"]): EpollTarget => ({
  fd: entry.tfd,
  eventBits: entry.events,
  events: flagNames("epoll", entry.events),
  data: entry.data,
  device: entry.dev,
  inode: entry.inode,
  position: entry.pos,
});

export const EPOLL = fileKind(
  "EVENTPOLL",
  "epfd",
  (file, { oldEpollTargets }) => {
    const targets = [...file.tfd, ...oldEpollTargets(file.id)].map(target);
    return {
      description:
        targets.length === 0 ? "epoll of nothing" : `epoll of fd ${few(targets.map(({ fd }) => String(fd)))}`,
      flags: file.flags,
      owner: file.fown,
      detail: { kind: "epoll", targets },
    };
  },
  { file: "eventpoll.img", message: "eventpoll_file_entry" },
);
