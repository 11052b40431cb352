import type { MessageMap } from "../../../criu/index.ts";
import type { Layer } from "../../layers.ts";
import { enumName } from "../../names.ts";
import type { Report } from "../../problems.ts";
import { readMessages } from "./messages.ts";

/** A line of a routing table. */
export interface Route {
  readonly family: "IPv4" | "IPv6";
  /** `RTN_UNICAST`, `RTN_LOCAL` … */
  readonly type: string;
  /** `10.0.0.0/24`; `default` for all. */
  readonly destination: string;
  readonly source: string | undefined;
  readonly gateway: string | undefined;
  /** Index of the device; undefined when there are several. */
  readonly interfaceIndex: number | undefined;
  /** Address that packets get when their program chose none. */
  readonly preferredSource: string | undefined;
  readonly metric: number | undefined;
  /** `RT_TABLE_MAIN`, or a number. */
  readonly table: string;
  readonly tableId: number;
  readonly protocol: string;
  readonly scope: string;
  readonly nextHops: readonly { readonly gateway: string | undefined; readonly interfaceIndex: number }[];
}

/** route-ID.img and route6-ID.img: what `ip route save` wrote. */
export async function readRoutes(layer: Layer, id: number, report: Report): Promise<readonly Route[]> {
  const ipv4 = await readMessages(layer, `route-${id}.img`, "nl_route", report);
  const ipv6 = await readMessages(layer, `route6-${id}.img`, "nl_route", report);
  return [...ipv4.map((message) => route(message, "IPv4")), ...ipv6.map((message) => route(message, "IPv6"))];
}

function route(message: MessageMap["nl_route"], family: Route["family"]): Route {
  const tableId = message.RTA_TABLE ?? message.rtm_table;
  return {
    family,
    type: enumName("route.type", message.rtm_type),
    destination: message.RTA_DST === undefined ? "default" : `${message.RTA_DST}/${message.rtm_dst_len}`,
    source: message.RTA_SRC === undefined ? undefined : `${message.RTA_SRC}/${message.rtm_src_len}`,
    gateway: message.RTA_GATEWAY,
    interfaceIndex: message.RTA_OIF,
    preferredSource: message.RTA_PREFSRC,
    metric: message.RTA_PRIORITY,
    table: enumName("route.table", tableId),
    tableId,
    protocol: enumName("route.protocol", message.rtm_protocol),
    scope: enumName("route.scope", message.rtm_scope),
    nextHops: message.RTA_MULTIPATH.map((hop) => ({
      gateway: hop.RTA_GATEWAY,
      interfaceIndex: hop.rtnh_ifindex,
    })),
  };
}
