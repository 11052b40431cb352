import type { Content } from "../content.ts";
import { enumName, flagNames } from "../names.ts";
import { backlogOf, describeUnixSocket, unixName } from "../sockets.ts";
import { fileKind } from "./kind.ts";
import { socketOptions } from "./socket-options.ts";
import type { SocketOptions } from "./socket-options.ts";

/** A message that waits in a socket. */
export interface QueuedPacket {
  readonly content: Content;
  /** Files that were sent along (SCM_RIGHTS): ids in files.img. */
  readonly rights: readonly number[];
}

/** A socket of AF_UNIX. */
export interface UnixSocket {
  readonly kind: "unix";
  /** `STREAM`, `DGRAM`, `SEQPACKET`. */
  readonly type: string;
  /** `LISTEN`, `ESTABLISHED`, `CLOSE`. */
  readonly state: string;
  readonly inode: number;
  /** Inode of the socket at the other end; 0 none. */
  readonly peer: number;
  /** Path, `@name` when abstract, "" when unnamed. */
  readonly name: string;
  /** The name as the kernel has it, NULs and all. */
  readonly nameBytes: Uint8Array;
  /** The folder that a relative name counts from. */
  readonly nameFolder: string | undefined;
  /** Of one that listens, how many connections may wait; 0 for others. */
  readonly backlog: number;
  /** CRIU's marks: `USK_EXTERN` for a peer outside of the dump … */
  readonly marks: readonly string[];
  readonly shutdown: string;
  readonly permissions: { readonly mode: number; readonly uid: number; readonly gid: number } | undefined;
  /** The name was removed from the file system. */
  readonly unlinked: boolean;
  readonly namespaceId: number | undefined;
  readonly mountId: number | undefined;
  readonly options: SocketOptions;
  /** What waits to be read from it. */
  readonly queue: readonly QueuedPacket[];
}

const NO_MOUNT = -1;

export const UNIX_SOCKET = fileKind(
  "UNIXSK",
  "usk",
  async (file, context) => {
    const name = unixName(file.name);
    return {
      path: name.startsWith("/") ? name : undefined,
      description: describeUnixSocket(file),
      flags: file.flags,
      owner: file.fown,
      detail: {
        kind: "unix",
        type: enumName("sk.type", file.type),
        state: enumName("tcp.state", file.state),
        inode: file.ino,
        peer: file.peer,
        name,
        nameBytes: file.name,
        nameFolder: file.name_dir,
        backlog: backlogOf(file),
        marks: flagNames("unix.uflags", file.uflags),
        shutdown: enumName("sk_shutdown", file.shutdown ?? 0),
        permissions: file.file_perms && {
          mode: file.file_perms.mode,
          uid: file.file_perms.uid,
          gid: file.file_perms.gid,
        },
        unlinked: file.deleted ?? false,
        namespaceId: file.ns_id,
        mountId: file.mnt_id === NO_MOUNT ? undefined : file.mnt_id,
        options: socketOptions(file.opts),
        queue: await context.packetsFor(file.id),
      },
    };
  },
  { file: "unixsk.img", message: "unix_sk_entry" },
);
