import type { Layer } from "../../layers.ts";
import type { Report } from "../../problems.ts";
import { readMessages } from "./messages.ts";

/** What filters packets, in the words of the tool that dumped it. */
export interface PacketFilter {
  readonly tool: "iptables" | "ip6tables" | "nftables";
  readonly lines: readonly string[];
}

const TOOLS = ["iptables", "ip6tables", "nftables"] as const;

/** iptables-ID.img and its kin. Those without a line are left out. */
export async function readFilters(
  layer: Layer,
  id: number,
  report: Report,
): Promise<readonly PacketFilter[]> {
  const filters: PacketFilter[] = [];
  for (const tool of TOOLS) {
    const messages = await readMessages(layer, `${tool}-${id}.img`, "text_line", report);
    // A line of a sealed image comes in as many pieces as records it is in.
    const lines = messages.map(({ text }) => text.join("").replace(/\n$/, ""));
    if (lines.length > 0) filters.push({ tool, lines });
  }
  return filters;
}
