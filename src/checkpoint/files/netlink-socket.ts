import { enumName } from "../names.ts";
import { describeNetlinkSocket } from "../sockets.ts";
import { fileKind } from "./kind.ts";
import { socketOptions } from "./socket-options.ts";
import type { SocketOptions } from "./socket-options.ts";
import type { QueuedPacket } from "./unix-socket.ts";

/** A socket that speaks with the kernel. */
export interface NetlinkSocket {
  readonly kind: "netlink";
  /** `NETLINK_ROUTE` … */
  readonly protocol: string;
  readonly protocolId: number;
  readonly state: string;
  readonly inode: number;
  readonly portId: number;
  /** Multicast groups it listens to. */
  readonly groups: readonly number[];
  readonly destinationPortId: number;
  readonly destinationGroup: number;
  readonly namespaceId: number | undefined;
  readonly options: SocketOptions;
  readonly queue: readonly QueuedPacket[];
}

/** Words of 32 groups each, group 1 the lowest bit of the first. */
const groupNumbers = (words: readonly number[]): readonly number[] =>
  words.flatMap((word, index) =>
    Array.from({ length: 32 }, (_, bit) => bit)
      .filter((bit) => ((word >>> bit) & 1) === 1)
      .map((bit) => index * 32 + bit + 1),
  );

export const NETLINK_SOCKET = fileKind(
  "NETLINKSK",
  "nlsk",
  async (file, context) => ({
    description: describeNetlinkSocket(file),
    flags: file.flags,
    owner: file.fown,
    detail: {
      kind: "netlink",
      protocol: enumName("netlink.protocol", file.protocol),
      protocolId: file.protocol,
      state: enumName("tcp.state", file.state),
      inode: file.ino,
      portId: file.portid,
      groups: groupNumbers(file.groups),
      destinationPortId: file.dst_portid,
      destinationGroup: file.dst_group,
      namespaceId: file.ns_id,
      options: socketOptions(file.opts),
      queue: await context.packetsFor(file.id),
    },
  }),
  { file: "netlinksk.img", message: "netlink_sk_entry" },
);
