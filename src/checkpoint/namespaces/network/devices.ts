import type { MessageMap } from "../../../criu/index.ts";
import type { Layer } from "../../layers.ts";
import { enumName, flagNames } from "../../names.ts";
import type { Report } from "../../problems.ts";
import { readRecords } from "../../records.ts";

/** A network device. */
export interface NetworkDevice {
  readonly index: number;
  readonly name: string;
  /** `LOOPBACK`, `VETH`, `TUN`, `EXTLINK`, `BRIDGE`, `MACVLAN`, `SIT` … */
  readonly type: string;
  readonly mtu: number;
  /** `IFF_UP` … */
  readonly flags: readonly string[];
  /** `02:42:ac:11:00:02`. */
  readonly address: string | undefined;
  /** Of a veth: index of the other end, and CRIU's id of its namespace. */
  readonly peerIndex: number | undefined;
  readonly peerNamespace: number | undefined;
  /** Index of the bridge or bond it belongs to. */
  readonly master: number | undefined;
  readonly tun: TunDevice | undefined;
  /** `MACVLAN_MODE_BRIDGE` … */
  readonly macvlanMode: string | undefined;
}

export interface TunDevice {
  readonly flags: readonly string[];
  /** Undefined when anyone may use it. */
  readonly owner: number | undefined;
  readonly group: number | undefined;
  readonly sendBuffer: number;
}

const MAX_DEVICES = 100_000;

/** netdev-ID.img (`criu/net.c: dump_links`). */
export async function readDevices(
  layer: Layer,
  id: number,
  report: Report,
): Promise<readonly NetworkDevice[]> {
  const entries = await readRecords(layer, `netdev-${id}.img`, "net_device_entry", report, MAX_DEVICES);
  return entries.map((entry) => ({
    index: entry.ifindex,
    name: entry.name,
    type: enumName("nd_type", entry.type),
    mtu: entry.mtu,
    flags: flagNames("net.device", entry.flags),
    address:
      entry.address &&
      Buffer.from(entry.address)
        .toString("hex")
        .replace(/..(?!$)/g, "$&:"),
    ...peerOf(entry, id),
    master: entry.master,
    tun: entry.tun && tunOf(entry.tun),
    macvlanMode: entry.macvlan && enumName("macvlan.mode", entry.macvlan.mode),
  }));
}

/** The kernel gives a device without a link its own index for that of its peer. */
function peerOf(
  entry: MessageMap["net_device_entry"],
  id: number,
): Pick<NetworkDevice, "peerIndex" | "peerNamespace"> {
  const isItself = entry.peer_ifindex === entry.ifindex && (entry.peer_nsid ?? id) === id;
  return isItself
    ? { peerIndex: undefined, peerNamespace: undefined }
    : { peerIndex: entry.peer_ifindex, peerNamespace: entry.peer_nsid };
}

const tunOf = (tun: MessageMap["tun_link_entry"]): TunDevice => ({
  flags: flagNames("tun", tun.flags),
  owner: tun.owner < 0 ? undefined : tun.owner,
  group: tun.group < 0 ? undefined : tun.group,
  sendBuffer: tun.sndbuf,
});
