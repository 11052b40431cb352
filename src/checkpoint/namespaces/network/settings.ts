import type { MessageMap } from "../../../criu/index.ts";
import { normaliseName } from "../../../archive/index.ts";
import type { Layer } from "../../layers.ts";
import type { Report } from "../../problems.ts";
import { readRecords } from "../../records.ts";

/** A setting of a network namespace, as /proc/sys has it. */
export interface NetworkSetting {
  /** Below /proc/sys: `net/ipv4/conf/all/rp_filter`. */
  readonly path: string;
  readonly value: string;
}

type Netns = MessageMap["netns_entry"];
type Entry = MessageMap["sysctl_entry"];

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** What the places in the lists of the images stand for: `criu/net.c: devconfs4`, `devconfs6`, `unix_conf_entries`. */
const IPV4 =
  words(`accept_local accept_redirects accept_source_route arp_accept arp_announce arp_filter arp_ignore
  arp_notify bootp_relay disable_policy disable_xfrm force_igmp_version forwarding igmpv2_unsolicited_report_interval
  igmpv3_unsolicited_report_interval log_martians medium_id promote_secondaries proxy_arp proxy_arp_pvlan
  route_localnet rp_filter secure_redirects send_redirects shared_media src_valid_mark tag
  ignore_routes_with_linkdown drop_gratuitous_arp drop_unicast_in_l2_multicast`);
const IPV6 =
  words(`accept_dad accept_ra accept_ra_defrtr accept_ra_from_local accept_ra_min_hop_limit accept_ra_mtu
  accept_ra_pinfo accept_ra_rt_info_max_plen accept_ra_rtr_pref accept_redirects accept_source_route autoconf
  dad_transmits disable_ipv6 drop_unicast_in_l2_multicast drop_unsolicited_na force_mld_version force_tllao
  forwarding hop_limit ignore_routes_with_linkdown keep_addr_on_down max_addresses max_desync_factor
  mldv1_unsolicited_report_interval mldv2_unsolicited_report_interval mtu ndisc_notify optimistic_dad proxy_ndp
  regen_max_retry router_probe_interval router_solicitation_delay router_solicitation_interval
  router_solicitations stable_secret suppress_frag_ndisc temp_prefered_lft temp_valid_lft use_oif_addrs_only
  use_optimistic use_tempaddr`);
const UNIX = words("max_dgram_qlen");
const IPV4_OTHERS = words("ping_group_range");

/** Of a namespace as a whole: which list of netns-ID.img holds which settings. */
const LISTS: readonly (readonly [field: ListField, folder: string, names: readonly string[]])[] = [
  ["ipv4_sysctl", "net/ipv4", IPV4_OTHERS],
  ["all_conf4", "net/ipv4/conf/all", IPV4],
  ["def_conf4", "net/ipv4/conf/default", IPV4],
  ["all_conf6", "net/ipv6/conf/all", IPV6],
  ["def_conf6", "net/ipv6/conf/default", IPV6],
  ["unix_conf", "net/unix", UNIX],
];
type ListField = "ipv4_sysctl" | "all_conf4" | "def_conf4" | "all_conf6" | "def_conf6" | "unix_conf";

/** What an old image has for a setting that the kernel didn't know (`criu/net.c: DEVCONFS_UNUSED`). */
const UNUSED = -1;
const MAX_DEVICES = 100_000;

/** netns-ID.img and netdev-ID.img: those settings that CRIU dumps, and of them what the kernel had. */
export async function readSettings(
  layer: Layer,
  id: number,
  netns: Netns | undefined,
  report: Report,
): Promise<readonly NetworkSetting[]> {
  const devices = await readRecords(layer, `netdev-${id}.img`, "net_device_entry", report, MAX_DEVICES);
  return [
    ...LISTS.flatMap(([field, folder, names]) => named(folder, names, netns?.[field] ?? [])),
    ...numbers("net/ipv4/conf/all", netns?.all_conf ?? []),
    ...numbers("net/ipv4/conf/default", netns?.def_conf ?? []),
    ...devices
      // A name that isn't one would stand for another file.
      .filter(({ name }) => normaliseName(name).path === name && name !== "" && !name.includes("/"))
      .flatMap(({ name, conf4 = [], conf6 = [], conf = [] }) => [
        ...named(`net/ipv4/conf/${name}`, IPV4, conf4),
        ...numbers(`net/ipv4/conf/${name}`, conf),
        ...named(`net/ipv6/conf/${name}`, IPV6, conf6),
      ]),
  ];
}

function named(
  folder: string,
  names: readonly string[],
  entries: readonly Entry[],
): readonly NetworkSetting[] {
  return entries.flatMap(({ iarg, sarg }, index) => {
    const name = names[index];
    // Some texts were kept with the line's end (`net/ipv4/ping_group_range`).
    const value = sarg?.replace(/\n$/, "") ?? (iarg === undefined ? undefined : String(iarg));
    return name === undefined || value === undefined ? [] : [{ path: `${folder}/${name}`, value }];
  });
}

/** Images of CRIU before 2.0. */
const numbers = (folder: string, values: readonly number[]): readonly NetworkSetting[] =>
  named(
    folder,
    IPV4,
    values.map((iarg) => ({ type: 6, ...(iarg !== UNUSED && { iarg }) })),
  );
