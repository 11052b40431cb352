import type { Route } from "../../checkpoint/index.ts";
import type { ProcFile } from "../model.ts";
import { hex } from "../text.ts";
import { NOT_DUMPED, deviceNames, networkFacts } from "./devices.ts";

const WIDTH = 127;
const RT_TABLE_MAIN = 254;
const RTF_UP = 1;
const RTF_GATEWAY = 2;
const RTF_HOST = 4;
const RTF_REJECT = 0x200;
const REJECTING = new Set(["RTN_UNREACHABLE", "RTN_PROHIBIT"]);
const NOT_SHOWN = new Set(["RTN_BROADCAST", "RTN_MULTICAST"]);

/** Bytes of an IPv4 address as the word that they are in memory. */
const word = (address: string): number =>
  address.split(".").reduce((sum, byte, index) => sum + Number(byte) * 2 ** (8 * index), 0);
const mask = (bits: number): number =>
  word([0, 1, 2, 3].map((byte) => 256 - 2 ** (8 - Math.min(8, Math.max(0, bits - 8 * byte)))).join("."));

/** `net/ipv4/fib_trie.c: fib_route_seq_show`: the main table. */
export const routes: ProcFile = {
  name: "net/route",
  perThread: true,
  absent: NOT_DUMPED,
  write: async (task) => {
    const network = await networkFacts(task);
    if (network === undefined) return undefined;
    const names = deviceNames(network);
    const shown = network.routes.filter(
      ({ family, tableId, type }) => family === "IPv4" && tableId === RT_TABLE_MAIN && !NOT_SHOWN.has(type),
    );
    const header = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
    return [header, ...shown.map((route) => line(route, names))].map((text) => `${text.padEnd(WIDTH)}\n`);
  },
  differences: [
    {
      field: "MTU, Window, IRTT",
      frozen: "0",
      why: "What a route tells TCP is left out here.",
      pattern: /\t\d+\t\d+\t\d+ *$/gm,
      becomes: "\t*",
    },
  ],
};

function line(route: Route, names: ReadonlyMap<number, string>): string {
  const [first] = route.nextHops;
  const [address = "0.0.0.0", length = "0"] =
    route.destination === "default" ? [] : route.destination.split("/");
  const gateway = route.gateway ?? first?.gateway;
  const flags =
    RTF_UP |
    (gateway === undefined ? 0 : RTF_GATEWAY) |
    (length === "32" ? RTF_HOST : 0) |
    (REJECTING.has(route.type) ? RTF_REJECT : 0);
  const upper = (value: number, width: number): string => hex(value, width).toUpperCase();
  return [
    names.get(route.interfaceIndex ?? first?.interfaceIndex ?? 0) ?? "*",
    upper(word(address), 8),
    upper(gateway === undefined ? 0 : word(gateway), 8),
    upper(flags, 4),
    0,
    0,
    route.metric ?? 0,
    upper(mask(Number(length)), 8),
    0,
    0,
    0,
  ].join("\t");
}
