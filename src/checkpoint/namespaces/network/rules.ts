import type { Layer } from "../../layers.ts";
import { enumName } from "../../names.ts";
import type { Report } from "../../problems.ts";
import { readMessages } from "./messages.ts";

/** A rule that chooses a routing table. */
export interface RoutingRule {
  readonly family: "IPv4" | "IPv6";
  readonly priority: number;
  /** `FR_ACT_TO_TBL` … */
  readonly action: string;
  readonly table: string;
  /** `10.0.0.0/8`; undefined is all. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly inputInterface: string | undefined;
  readonly outputInterface: string | undefined;
  readonly mark: number | undefined;
}

const AF_INET6 = 10;

/** rule-ID.img: what `ip rule save` wrote. */
export async function readRules(layer: Layer, id: number, report: Report): Promise<readonly RoutingRule[]> {
  const messages = await readMessages(layer, `rule-${id}.img`, "nl_rule", report);
  return messages.map((message) => ({
    family: message.family === AF_INET6 ? "IPv6" : "IPv4",
    priority: message.FRA_PRIORITY ?? 0,
    action: enumName("rule.action", message.action),
    table: enumName("route.table", message.FRA_TABLE ?? message.table),
    from: message.FRA_SRC === undefined ? undefined : `${message.FRA_SRC}/${message.src_len}`,
    to: message.FRA_DST === undefined ? undefined : `${message.FRA_DST}/${message.dst_len}`,
    inputInterface: message.FRA_IIFNAME,
    outputInterface: message.FRA_OIFNAME,
    mark: message.FRA_FWMARK,
  }));
}
