import type { MessageMap } from "../../criu/index.ts";
import { enumName } from "../names.ts";
import { describePacketSocket } from "../sockets.ts";
import { fileKind } from "./kind.ts";
import { socketOptions } from "./socket-options.ts";
import type { SocketOptions } from "./socket-options.ts";

/** A buffer that a packet socket shares with its program. */
export interface PacketRing {
  readonly blockSize: number;
  readonly blocks: number;
  readonly frameSize: number;
  readonly frames: number;
  /** Milliseconds. */
  readonly retireTimeout: number;
}

/** A socket that reads and writes whole frames of a network device. */
export interface PacketSocket {
  readonly kind: "packet";
  readonly type: string;
  /** Ethernet protocol it listens to, as in if_ether.h: 3 is all. */
  readonly protocol: number;
  /** Index of the device; 0 is all. */
  readonly interfaceIndex: number;
  /** TPACKET_V1 is 0. */
  readonly version: number;
  readonly reserve: number;
  readonly flags: readonly string[];
  readonly fanout: number | undefined;
  readonly receiveRing: PacketRing | undefined;
  readonly sendRing: PacketRing | undefined;
  readonly namespaceId: number | undefined;
  readonly options: SocketOptions;
}

const NO_FANOUT = 0xffff_ffff;

const ringOf = (ring: MessageMap["packet_ring"] | undefined): PacketRing | undefined =>
  ring && {
    blockSize: ring.block_size,
    blocks: ring.block_nr,
    frameSize: ring.frame_size,
    frames: ring.frame_nr,
    retireTimeout: ring.retire_tmo,
  };

/** The entry has the protocol in network byte order. */
const swap16 = (value: number): number => ((value & 0xff) << 8) | ((value >>> 8) & 0xff);

export const PACKET_SOCKET = fileKind(
  "PACKETSK",
  "psk",
  (file) => ({
    description: describePacketSocket(file),
    flags: file.flags,
    owner: file.fown,
    detail: {
      kind: "packet",
      type: enumName("sk.type", file.type),
      protocol: swap16(file.protocol),
      interfaceIndex: file.ifindex,
      version: file.version,
      reserve: file.reserve,
      flags: [
        ["PACKET_AUXDATA", file.aux_data] as const,
        ["PACKET_ORIGDEV", file.orig_dev] as const,
        ["PACKET_VNET_HDR", file.vnet_hdr] as const,
        ["PACKET_LOSS", file.loss] as const,
      ]
        .filter(([, isSet]) => isSet)
        .map(([name]) => name),
      fanout: file.fanout === NO_FANOUT ? undefined : file.fanout,
      receiveRing: ringOf(file.rx_ring),
      sendRing: ringOf(file.tx_ring),
      namespaceId: file.ns_id,
      options: socketOptions(file.opts),
    },
  }),
  { file: "packetsk.img", message: "packet_sock_entry" },
);
