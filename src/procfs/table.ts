import { cgroup } from "./files/cgroup.ts";
import { gidMap, uidMap } from "./files/id-maps.ts";
import { limits } from "./files/limits.ts";
import { maps } from "./files/maps.ts";
import { auxv, cmdline, environ } from "./files/memory-bytes.ts";
import { mountinfo, mounts, mountstats } from "./files/mounts.ts";
import { sched } from "./files/sched.ts";
import {
  children,
  comm,
  loginuid,
  lsmProfile,
  oomAdj,
  oomScoreAdj,
  personality,
  timerslack,
} from "./files/small.ts";
import { smaps } from "./files/smaps.ts";
import { stat } from "./files/stat.ts";
import { statm } from "./files/statm.ts";
import { status } from "./files/status.ts";
import { syscall } from "./files/syscall.ts";
import { timers } from "./files/timers.ts";
import type { ProcFile } from "./model.ts";
import { devices, inet6Addresses } from "./net/devices.ts";
import { inetTables } from "./net/inet.ts";
import { netlinkSockets } from "./net/netlink.ts";
import { packetSockets } from "./net/packet.ts";
import { ipv6Routes } from "./net/ipv6-route.ts";
import { routes } from "./net/route.ts";
import { unixSockets } from "./net/unix.ts";

/** Every kind of file below /proc/PID. Adding one is adding its file and a name here. */
export const PROC_FILES: readonly ProcFile[] = [
  auxv,
  cgroup,
  children,
  cmdline,
  comm,
  devices,
  environ,
  gidMap,
  inet6Addresses,
  ...inetTables,
  ipv6Routes,
  limits,
  loginuid,
  lsmProfile,
  maps,
  mountinfo,
  mounts,
  mountstats,
  netlinkSockets,
  oomAdj,
  oomScoreAdj,
  packetSockets,
  personality,
  routes,
  sched,
  smaps,
  stat,
  statm,
  status,
  syscall,
  timers,
  timerslack,
  uidMap,
  unixSockets,
];
