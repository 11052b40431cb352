// The C structs in netlink messages, which proto/netlink.proto can't describe: how wide their members are.

/** Members of a struct have numbers from here on; lower ones are attributes. */
export const FIRST_MEMBER = 65536;

/** `struct nlmsghdr` behind its length. */
const HEADER = [2, 2, 4, 4] as const;

/** Bytes of each member, in order; 0 for all that is left. */
export const MEMBER_WIDTHS: Readonly<Record<string, readonly number[]>> = {
  nl_route: [...HEADER, 1, 1, 1, 1, 1, 1, 1, 1, 4],
  nl_ifaddr: [...HEADER, 1, 1, 1, 1, 4],
  nl_rule: [...HEADER, 1, 1, 1, 1, 1, 1, 1, 1, 4],
  nl_conntrack: [...HEADER, 1, 1, 2],
  nl_expect: [...HEADER, 1, 1, 2],
  nl_other: [...HEADER, 0],
  nl_nexthop: [2, 1, 1, 4],
  nl_route_via: [2, 0],
  nl_route_cacheinfo: [4, 4, 4, 4, 4, 4, 4, 4],
  nl_ifaddr_cacheinfo: [4, 4, 4, 4],
  nl_uid_range: [4, 4],
  nl_port_range: [2, 2],
  nl_ct_tcp_flags: [1, 1],
};

/** Attributes of routing that are in network byte order; all others are in the host's. */
export const NETWORK_ORDER: ReadonlySet<string> = new Set(["RTA_SPORT", "RTA_DPORT", "FRA_TUN_ID"]);

/** Messages by `nlmsg_type` (`linux/rtnetlink.h`, `linux/netfilter/nfnetlink.h`); of netfilter everything is in network order. */
export const MESSAGES: Readonly<Record<number, { readonly name: string; readonly netfilter: boolean }>> = {
  20: { name: "nl_ifaddr", netfilter: false },
  24: { name: "nl_route", netfilter: false },
  32: { name: "nl_rule", netfilter: false },
  0x100: { name: "nl_conntrack", netfilter: true },
  0x200: { name: "nl_expect", netfilter: true },
};
