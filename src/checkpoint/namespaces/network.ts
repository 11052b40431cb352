import type { Layer } from "../layers.ts";
import { readAddresses } from "./network/addresses.ts";
import type { NetworkAddress } from "./network/addresses.ts";
import { readConntrack } from "./network/conntrack.ts";
import type { TrackedConnection } from "./network/conntrack.ts";
import { readDevices } from "./network/devices.ts";
import type { NetworkDevice } from "./network/devices.ts";
import { readFilters } from "./network/filters.ts";
import type { PacketFilter } from "./network/filters.ts";
import { readRoutes } from "./network/routes.ts";
import type { Route } from "./network/routes.ts";
import { readRules } from "./network/rules.ts";
import type { RoutingRule } from "./network/rules.ts";
import { readSettings } from "./network/settings.ts";
import type { NetworkSetting } from "./network/settings.ts";
import type { Report } from "../problems.ts";
import { readRecords } from "../records.ts";
import { idsOf } from "./images.ts";

/** A network namespace that was dumped. */
export interface Network {
  readonly id: number;
  /** The name CRIU was given for one that belongs to the outside. */
  readonly externalKey: string | undefined;
  readonly devices: readonly NetworkDevice[];
  readonly addresses: readonly NetworkAddress[];
  readonly routes: readonly Route[];
  readonly rules: readonly RoutingRule[];
  /** Text of iptables-save, ip6tables-save and nft, as far as there is any. */
  readonly filters: readonly PacketFilter[];
  readonly connections: readonly TrackedConnection[];
  /** Its sysctls, as far as CRIU dumps them. */
  readonly settings: readonly NetworkSetting[];
}

/** Images of a network namespace: `criu/net.c`. */
const FAMILIES = [
  "netns",
  "netdev",
  "ifaddr",
  "route",
  "route6",
  "rule",
  "iptables",
  "ip6tables",
  "nftables",
  "netns-ct",
];

export async function readNetworks(layer: Layer, report: Report): Promise<readonly Network[]> {
  const ids = new Set(FAMILIES.flatMap((family) => idsOf(layer, family)));
  const networks: Network[] = [];
  for (const id of [...ids].toSorted((a, b) => a - b)) {
    const [entry] = await readRecords(layer, `netns-${id}.img`, "netns_entry", report, 1);
    networks.push({
      id,
      externalKey: entry?.ext_key,
      devices: await readDevices(layer, id, report),
      addresses: await readAddresses(layer, id, report),
      routes: await readRoutes(layer, id, report),
      rules: await readRules(layer, id, report),
      filters: await readFilters(layer, id, report),
      connections: await readConntrack(layer, id, report),
      settings: await readSettings(layer, id, entry, report),
    });
  }
  return networks;
}
