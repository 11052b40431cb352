import type { MessageMap } from "../../../criu/index.ts";
import type { Layer } from "../../layers.ts";
import { enumName, flagNames } from "../../names.ts";
import type { Report } from "../../problems.ts";
import { readMessages } from "./messages.ts";

export interface TrackedDirection {
  readonly source: string;
  readonly destination: string;
  /** Undefined for protocols without ports. */
  readonly sourcePort: number | undefined;
  readonly destinationPort: number | undefined;
}

/** A connection that the kernel's packet filter knew of. */
export interface TrackedConnection {
  /** `IPPROTO_TCP` … */
  readonly protocol: string;
  readonly original: TrackedDirection;
  readonly reply: TrackedDirection;
  /** `TCP_CONNTRACK_ESTABLISHED` …, of TCP. */
  readonly tcpState: string | undefined;
  /** `IPS_ASSURED` … */
  readonly status: readonly string[];
  /** Seconds until it is forgotten. */
  readonly timeout: number | undefined;
  readonly mark: number | undefined;
}

/** netns-ct-ID.img (`criu/net.c: dump_nf_ct`). */
export async function readConntrack(
  layer: Layer,
  id: number,
  report: Report,
): Promise<readonly TrackedConnection[]> {
  const messages = await readMessages(layer, `netns-ct-${id}.img`, "nl_conntrack", report);
  return messages.map((message) => {
    const state = message.CTA_PROTOINFO?.CTA_PROTOINFO_TCP?.CTA_PROTOINFO_TCP_STATE;
    const protocol = message.CTA_TUPLE_ORIG?.CTA_TUPLE_PROTO?.CTA_PROTO_NUM ?? 0;
    return {
      protocol: enumName("ip_protocol", protocol),
      original: direction(message.CTA_TUPLE_ORIG),
      reply: direction(message.CTA_TUPLE_REPLY),
      tcpState: state === undefined ? undefined : enumName("conntrack.tcp_state", state),
      status: flagNames("conntrack.status", message.CTA_STATUS ?? 0),
      timeout: message.CTA_TIMEOUT,
      mark: message.CTA_MARK,
    };
  });
}

function direction(tuple: MessageMap["nl_ct_tuple"] | undefined): TrackedDirection {
  const ip = tuple?.CTA_TUPLE_IP;
  const ports = tuple?.CTA_TUPLE_PROTO;
  return {
    source: ip?.CTA_IP_V4_SRC ?? ip?.CTA_IP_V6_SRC ?? "",
    destination: ip?.CTA_IP_V4_DST ?? ip?.CTA_IP_V6_DST ?? "",
    sourcePort: ports?.CTA_PROTO_SRC_PORT,
    destinationPort: ports?.CTA_PROTO_DST_PORT,
  };
}
