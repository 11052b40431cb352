import type { Route } from "../../checkpoint/index.ts";
import type { ProcFile } from "../model.ts";
import { hex } from "../text.ts";
import { NOT_DUMPED, deviceNames, ipv6Digits, networkFacts } from "./devices.ts";

/** `include/uapi/linux/route.h`, `ipv6_route.h`. */
const RTF_UP = 0x1;
const RTF_GATEWAY = 0x2;
const RTF_REJECT = 0x200;
const RTF_NONEXTHOP = 0x200000;
const REJECTING = new Set(["RTN_BLACKHOLE", "RTN_UNREACHABLE", "RTN_PROHIBIT", "RTN_THROW"]);
/** What a route has that was given none. */
const IP6_RT_PRIO_USER = 1024;

/** `net/ipv6/ip6_fib.c: ipv6_route_native_seq_show`: of the tables the main one, which is dumped. */
export const ipv6Routes: ProcFile = {
  name: "net/ipv6_route",
  perThread: true,
  absent: NOT_DUMPED,
  write: async (task) => {
    const network = await networkFacts(task);
    if (network === undefined) return undefined;
    const names = deviceNames(network);
    return network.routes.filter(({ family }) => family === "IPv6").flatMap((route) => lines(route, names));
  },
  differences: [
    {
      field: "routes of other tables than the main one",
      frozen: "missing",
      why: "CRIU dumps the main table; the others are the kernel's own or a program's.",
      // RTF_LOCAL, RTF_ANYCAST, the root of the multicast addresses, and the end of each table.
      pattern: /^(?:.* (?:[89a-f].{3}|00[13]0)0001 +\S+|ff0{30} 08 .*|0{32} 00 .* f{8} .*)\n/gm,
      becomes: "",
    },
    {
      field: "reference counts, use",
      frozen: "0",
      why: "Counters are not dumped.",
      pattern: /(?<= [0-9a-f]{8}) [0-9a-f]{8} [0-9a-f]{8}(?= [0-9a-f]{8} +\S+$)/gm,
      becomes: " *",
    },
    {
      field: "flags for routes out of router advertisements",
      frozen: "0",
      why: "They are the kernel's own: `ip route save` has other words for them.",
      pattern: /(?<= [0-9a-f]{3})[0-9a-f](?=[0-9a-f]{4} +\S+$)/gm,
      becomes: "*",
    },
  ],
};

/** A line for each way that a route goes. */
function lines(route: Route, names: ReadonlyMap<number, string>): readonly string[] {
  const isRejecting = REJECTING.has(route.type);
  const hops =
    route.nextHops.length > 0
      ? route.nextHops
      : [{ gateway: route.gateway, interfaceIndex: route.interfaceIndex ?? 0 }];
  return hops.map(({ gateway, interfaceIndex }) => {
    const flags =
      (isRejecting ? RTF_REJECT | RTF_NONEXTHOP : RTF_UP) | (gateway === undefined ? 0 : RTF_GATEWAY);
    const metric = hex(route.metric ?? IP6_RT_PRIO_USER, 8);
    const numbers = [metric, hex(0, 8), hex(0, 8), hex(flags, 8)].join(" ");
    const next = ipv6Digits(gateway ?? "::");
    const device = (names.get(interfaceIndex) ?? "").padStart(8);
    return `${network(route.destination)} ${network(route.source ?? "default")} ${next} ${numbers} ${device}\n`;
  });
}

/** An address and the length of its prefix, in digits. */
function network(prefix: string): string {
  const [address = "::", length = "0"] = prefix === "default" ? [] : prefix.split("/");
  return `${ipv6Digits(address)} ${hex(Number(length), 2)}`;
}
