import { FDINFO_DIFFERENCES } from "./fd/fdinfo.ts";
import type { Difference } from "./model.ts";
import { NAMESPACE_DIFFERENCES } from "./namespaces.ts";
import { NETWORK_SETTINGS } from "./system/network-settings.ts";
import { SYSTEM_FILES } from "./system-table.ts";
import { PROC_FILES } from "./table.ts";

/** How a kind of file differs from the live one. */
export interface FileDifferences {
  /** As docs/frozen-proc.md names it: `PID/status`, `sys/kernel/hostname`. */
  readonly file: string;
  readonly differences: readonly Difference[];
  /** When the file is not there at all. */
  readonly absent: string | undefined;
}

const THREAD = "PID/task/TID/";

/** Every kind of file, with every line and field that cannot be as on the live system. */
export const DIFFERENCES: readonly FileDifferences[] = [
  ...PROC_FILES.map(({ name, differences, absent }) => ({ file: `PID/${name}`, differences, absent })),
  ...PROC_FILES.flatMap(({ name, differences, threadDifferences, absent }) =>
    threadDifferences === undefined
      ? []
      : [{ file: `${THREAD}${name}`, differences: [...differences, ...threadDifferences], absent }],
  ),
  { file: "PID/fdinfo/N", differences: FDINFO_DIFFERENCES, absent: undefined },
  { file: "PID/ns/NAME", differences: NAMESPACE_DIFFERENCES, absent: undefined },
  ...[...SYSTEM_FILES, NETWORK_SETTINGS].map(({ name, differences, absent }) => ({
    file: name,
    differences,
    absent,
  })),
];

/** `file` is as in `DIFFERENCES`. Takes out of a file's text, live or frozen, what can't be the same in both. What is left must be. */
export function differencesOf(file: string): (text: string) => string {
  // A thread's file differs as its process's does, where nothing else is said.
  const names = [file, file.replace(THREAD, "PID/")];
  const found = names.map((name) => DIFFERENCES.find((each) => each.file === name));
  const { differences } = found.find((each) => each !== undefined) ?? { differences: [] };
  return (text) => {
    const rest = differences.reduce(
      (before, { pattern, becomes }) => before.replaceAll(pattern, becomes),
      text,
    );
    return differences.some(({ unordered }) => unordered) ? rest.split("\n").toSorted().join("\n") : rest;
  };
}

/** Files of /proc/PID on a live system that the frozen one never has. */
export const NEVER: readonly { readonly file: string; readonly why: string }[] = [
  { file: "PID/smaps_rollup", why: "It sums up what is resident, which is not dumped." },
  { file: "PID/wchan, PID/stack", why: "Where in the kernel a task waits is not dumped." },
  { file: "PID/io, PID/schedstat", why: "Counters are not dumped." },
  { file: "PID/oom_score, PID/sessionid", why: "The kernel works them out; they are not dumped." },
  { file: "PID/coredump_filter", why: "It is not dumped." },
  { file: "PID/mem, PID/pagemap, PID/map_files", why: "Memory has views and commands of its own." },
  {
    file: "PID/numa_maps, PID/ksm_stat, PID/ksm_merging_pages, PID/arch_status, PID/autogroup, PID/cpu_resctrl_groups",
    why: "Where pages lie, and how the kernel shares and schedules them, is not dumped.",
  },
  { file: "PID/cpuset", why: "PID/cgroup says it." },
  {
    file: "PID/setgroups, PID/projid_map, PID/timens_offsets",
    why: "CRIU dumps the maps of user and group ids and what the clocks said, not these.",
  },
  {
    file: "PID/clear_refs, PID/make-it-fail, PID/fail-nth, PID/patch_state",
    why: "They are for writing, or for the kernel's own tests.",
  },
  {
    file: "PID/attr/prev, PID/attr/exec, PID/attr/fscreate, PID/attr/keycreate, PID/attr/sockcreate, PID/attr/apparmor/, PID/attr/smack/",
    why: "CRIU dumps the current profile alone.",
  },
  {
    file: "PID/net/snmp, snmp6, dev_snmp6/, netstat, sockstat, sockstat6, softnet_stat, stat/, protocols, rt6_stats, xfrm_stat, sctp/",
    why: "Counters are not dumped.",
  },
  {
    file: "PID/net/fib_trie, fib_triestat, rt_cache, rt_acct, arp, nf_conntrack, nf_conntrack_expect, ip_conntrack, ip_conntrack_expect",
    why: "Rules and tracked connections that were dumped stand in `inspect --section network`; neighbours and the kernel's own tables of them are not dumped.",
  },
  {
    file: "PID/net/igmp, igmp6, mcfilter, mcfilter6, dev_mcast, anycast6, ip_mr_cache, ip_mr_vif, ip6_mr_cache, ip6_mr_vif, ip6_flowlabel",
    why: "Multicast groups and flow labels are not dumped.",
  },
  { file: "PID/net/icmp, icmp6", why: "CRIU refuses a process with a ping socket." },
  {
    file: "PID/net/ip_tables_names and its kin, netfilter/, xt_recent/, ipt_hashlimit/, ip6t_hashlimit/",
    why: "The rules that were dumped stand in `inspect --section network`.",
  },
  {
    file: "PID/net/connector, ptype, psched, ipconfig/, pnp, wireless, vlan/, bonding/, rpc/, hci/ and others of drivers",
    why: "They tell of the machine and its drivers.",
  },
  { file: "self, thread-self", why: "Nobody runs here." },
  {
    file: "cpuinfo, meminfo, stat, version and other files of the machine",
    why: "A checkpoint is of processes, not of the machine.",
  },
];
