import type { MessageMap } from "../../criu/index.ts";

/** Options that every socket has, as setsockopt(2) sets them. Those the image doesn't have are left out. */
export interface SocketOptions {
  readonly sendBuffer: number;
  readonly receiveBuffer: number;
  /** Microseconds; 0 waits for ever. */
  readonly sendTimeout: bigint;
  readonly receiveTimeout: bigint;
  readonly reuseAddress?: boolean;
  readonly reusePort?: boolean;
  readonly broadcast?: boolean;
  readonly keepAlive?: boolean;
  readonly priority?: number;
  readonly receiveLowWater?: number;
  readonly mark?: number;
  readonly passCredentials?: boolean;
  readonly passSecurity?: boolean;
  readonly dontRoute?: boolean;
  readonly noCheck?: boolean;
  readonly outOfBandInline?: boolean;
  /** Seconds. */
  readonly linger?: number;
  /** Name of the device it is bound to. */
  readonly boundDevice?: string;
  /** Instructions of its filter. */
  readonly filterLength?: number;
  readonly keepAliveCount?: number;
  /** Seconds. */
  readonly keepAliveIdle?: number;
  readonly keepAliveInterval?: number;
}

type Raw = MessageMap["sk_opts_entry"];

/** Names of the optional ones. */
const OPTIONAL = {
  reuseaddr: "reuseAddress",
  so_reuseport: "reusePort",
  so_broadcast: "broadcast",
  so_keepalive: "keepAlive",
  so_priority: "priority",
  so_rcvlowat: "receiveLowWater",
  so_mark: "mark",
  so_passcred: "passCredentials",
  so_passsec: "passSecurity",
  so_dontroute: "dontRoute",
  so_no_check: "noCheck",
  so_linger: "linger",
  so_bound_dev: "boundDevice",
  tcp_keepcnt: "keepAliveCount",
  tcp_keepidle: "keepAliveIdle",
  tcp_keepintvl: "keepAliveInterval",
} as const satisfies Partial<Record<keyof Raw, keyof SocketOptions>>;

/** `sk_opts_entry` (`criu/sockets.c: dump_socket_opts`). */
export function socketOptions(raw: Raw): SocketOptions {
  const options = Object.entries(OPTIONAL).flatMap(([from, to]) => {
    // The keys of the table are fields of the message.
    const value = raw[from as keyof typeof OPTIONAL];
    return value === undefined || value === "" ? [] : [[to, value] as const];
  });
  return {
    sendBuffer: raw.so_sndbuf,
    receiveBuffer: raw.so_rcvbuf,
    sendTimeout: raw.so_snd_tmo_sec * 1_000_000n + raw.so_snd_tmo_usec,
    receiveTimeout: raw.so_rcv_tmo_sec * 1_000_000n + raw.so_rcv_tmo_usec,
    ...(raw.so_filter.length > 0 && { filterLength: raw.so_filter.length }),
    ...(raw.so_oobinline !== undefined && { outOfBandInline: raw.so_oobinline !== 0 }),
    ...Object.fromEntries(options),
  };
}
