import type { Content } from "../content.ts";
import { enumName } from "../names.ts";
import { addressText, backlogOf, describeInetSocket } from "../sockets.ts";
import { fileKind } from "./kind.ts";
import { socketOptions } from "./socket-options.ts";
import type { SocketOptions } from "./socket-options.ts";

/** An internet socket: TCP, UDP, raw … */
export interface InetSocket {
  readonly kind: "inet";
  readonly family: "IPv4" | "IPv6";
  /** `STREAM`, `DGRAM`, `RAW`. */
  readonly type: string;
  /** `TCP`, `UDP`, `ICMP` … */
  readonly protocol: string;
  /** `LISTEN`, `ESTABLISHED` …; of sockets without connections `CLOSE` or, when a peer was set, `ESTABLISHED`. */
  readonly state: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  /** 0 when there is no peer. */
  readonly remotePort: number;
  /** Of one that listens, how many connections may wait; 0 for others. */
  readonly backlog: number;
  readonly inode: number;
  readonly v6only: boolean;
  /** Name of the device that a link-local address belongs to. */
  readonly interface: string | undefined;
  /** Id of its network namespace. */
  readonly namespaceId: number | undefined;
  /** Directions that were shut down: `NONE`, `READ`, `WRITE`, `BOTH`. */
  readonly shutdown: string;
  readonly options: SocketOptions;
  readonly ipOptions: IpOptions;
  /** Of connected TCP sockets: what `tcp-stream-ID.img` has. */
  readonly tcp: TcpStream | undefined;
}

export interface IpOptions {
  readonly freebind: boolean;
  readonly packetInfo: boolean;
  readonly typeOfService: number | undefined;
  readonly timeToLive: number | undefined;
  readonly headerIncluded: boolean;
  readonly nodelay: boolean;
  readonly cork: boolean;
}

/** A connection's state, and the data that was on its way. */
export interface TcpStream {
  readonly image: string;
  /** Bytes that came and were not yet read. */
  readonly received: Content;
  /** Bytes that were written and not yet acknowledged by the peer. */
  readonly sent: Content;
  /** Of `sent`, those that had not even left. */
  readonly unsent: number;
  readonly receivedSequence: number;
  readonly sentSequence: number;
  /** What both sides agreed on: `TCPI_OPT_SACK` … */
  readonly options: readonly string[];
  readonly sendWindowScale: number;
  readonly receiveWindowScale: number | undefined;
  readonly maximumSegment: number;
  readonly timestamp: number | undefined;
  readonly sendWindow: number | undefined;
  readonly receiveWindow: number | undefined;
  readonly cork: boolean;
  readonly nodelay: boolean;
}

const INET6 = 10;
const TCP = 6;

export const INET_SOCKET = fileKind(
  "INETSK",
  "isk",
  async (file, context) => ({
    description: describeInetSocket(file),
    flags: file.flags,
    owner: file.fown,
    detail: {
      kind: "inet",
      family: file.family === INET6 ? "IPv6" : "IPv4",
      type: enumName("sk.type", file.type),
      protocol: enumName("ip.proto", file.proto),
      state: enumName("tcp.state", file.state),
      localAddress: addressText(file.src_addr, file.family),
      localPort: file.src_port,
      remoteAddress: addressText(file.dst_addr, file.family),
      remotePort: file.dst_port,
      backlog: backlogOf(file),
      inode: file.ino,
      v6only: file.v6only ?? false,
      interface: file.ifname,
      namespaceId: file.ns_id,
      shutdown: enumName("sk_shutdown", file.shutdown ?? 0),
      options: socketOptions(file.opts),
      ipOptions: {
        freebind: file.ip_opts?.freebind ?? false,
        packetInfo: file.ip_opts?.pktinfo ?? false,
        typeOfService: file.ip_opts?.tos,
        timeToLive: file.ip_opts?.ttl,
        headerIncluded: file.ip_opts?.raw?.hdrincl ?? false,
        nodelay: file.tcp_opts?.nodelay ?? false,
        cork: file.tcp_opts?.cork ?? false,
      },
      tcp: file.proto === TCP ? await context.tcpStream(file.ino) : undefined,
    },
  }),
  { file: "inetsk.img", message: "inet_sk_entry" },
);
