import type { Layer } from "../../layers.ts";
import { enumName, flagNames } from "../../names.ts";
import type { Report } from "../../problems.ts";
import { readMessages } from "./messages.ts";

/** An address of a network device. */
export interface NetworkAddress {
  readonly family: "IPv4" | "IPv6";
  /** `10.0.0.2`. */
  readonly address: string;
  readonly prefixLength: number;
  /** The other end of a point-to-point link. */
  readonly peer: string | undefined;
  readonly broadcast: string | undefined;
  readonly interfaceIndex: number;
  readonly label: string | undefined;
  /** `RT_SCOPE_UNIVERSE` … */
  readonly scope: string;
  readonly flags: readonly string[];
}

const AF_INET6 = 10;

/** ifaddr-ID.img: what `ip addr save` wrote. */
export async function readAddresses(
  layer: Layer,
  id: number,
  report: Report,
): Promise<readonly NetworkAddress[]> {
  const messages = await readMessages(layer, `ifaddr-${id}.img`, "nl_ifaddr", report);
  return messages.map((message) => {
    // On a point-to-point link ADDRESS is the other end; on others both are the same (`include/uapi/linux/if_addr.h`).
    const address = message.IFA_LOCAL ?? message.IFA_ADDRESS ?? "";
    return {
      family: message.ifa_family === AF_INET6 ? "IPv6" : "IPv4",
      address,
      prefixLength: message.ifa_prefixlen,
      peer: message.IFA_ADDRESS === address ? undefined : message.IFA_ADDRESS,
      broadcast: message.IFA_BROADCAST,
      interfaceIndex: message.ifa_index,
      label: message.IFA_LABEL,
      scope: enumName("route.scope", message.ifa_scope),
      flags: flagNames("ifaddr.flags", message.IFA_FLAGS ?? message.ifa_flags),
    };
  });
}
