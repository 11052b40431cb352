import { decodeText } from "../bytes/index.ts";
import type { MessageMap } from "../criu/index.ts";
import { enumName } from "./names.ts";

const RAW = 3;
const TCP = 6;
const LISTEN = 10;
const INET6 = 10;

const typeName = (type: number): string => enumName("sk.type", type).toLowerCase();

/** `TCP 127.0.0.1:80 LISTEN`, `TCP6 [::1]:22 → [::1]:4711 ESTABLISHED`, `UDP 0.0.0.0:53`. */
export function describeInetSocket(socket: MessageMap["inet_sk_entry"]): string {
  const protocol = enumName("ip.proto", socket.proto) + (socket.family === INET6 ? "6" : "");
  // The kernel keeps the protocol where others have their port.
  if (socket.type === RAW) return describeRawSocket(socket);
  const from = endpoint(socket.src_addr, socket.src_port, socket);
  const isConnected = socket.dst_port !== 0;
  const to = isConnected ? ` → ${endpoint(socket.dst_addr, socket.dst_port, socket)}` : "";
  const state = socket.proto === TCP || isConnected ? ` ${enumName("tcp.state", socket.state)}` : "";
  return `${protocol} ${from}${to}${state}`;
}

/** `raw ICMP 0.0.0.0`, `raw6 ICMPV6 [::1]`. */
function describeRawSocket(socket: MessageMap["inet_sk_entry"]): string {
  const family = socket.family === INET6 ? "raw6" : "raw";
  const peer = host(socket.dst_addr, socket);
  const to = socket.dst_addr.some((word) => word !== 0) ? ` → ${peer}` : "";
  return `${family} ${enumName("ip.proto", socket.proto)} ${host(socket.src_addr, socket)}${to}`;
}

/** `unix stream /run/x.sock LISTEN`, `unix dgram @abstract`, `unix seqpacket socket:[42] → socket:[43]`. */
export function describeUnixSocket(socket: MessageMap["unix_sk_entry"]): string {
  const name = unixName(socket.name);
  const from = name === "" ? `socket:[${socket.ino}]` : name;
  const to = socket.peer === 0 ? "" : ` → socket:[${socket.peer}]`;
  const state = socket.state === LISTEN ? " LISTEN" : "";
  return `unix ${typeName(socket.type)} ${from}${to}${state}`;
}

export const describeNetlinkSocket = (socket: MessageMap["netlink_sk_entry"]): string =>
  `netlink ${enumName("netlink.protocol", socket.protocol).replace(/^NETLINK_/, "")}`;

export const describePacketSocket = (socket: MessageMap["packet_sock_entry"]): string =>
  `packet ${typeName(socket.type)} on ${socket.ifindex === 0 ? "all interfaces" : `interface ${socket.ifindex}`}`;

/** Path of a unix socket; abstract names begin with NUL, which people write as @. "" when unnamed. */
export function unixName(name: Uint8Array): string {
  const isAbstract = name[0] === 0;
  // An abstract name is as long as it is, NULs at its end included.
  return isAbstract ? `@${decodeText(name.subarray(1))}` : decodeText(name).replace(/\0+$/, "");
}

/** An address as people write it. `family` is that of the socket. */
export const addressText = (address: readonly number[], family: number): string =>
  family === INET6 ? ipv6(address) : ipv4(address[0] ?? 0);

type InetSocket = MessageMap["inet_sk_entry"];

const endpoint = (address: readonly number[], port: number, socket: InetSocket): string =>
  `${host(address, socket)}:${port === 0 ? "*" : port}`;

/** `127.0.0.1`, `[::1]`, `[fe80::1%eth0]`. */
function host(address: readonly number[], { family, ifname }: InetSocket): string {
  const text = addressText(address, family);
  if (family !== INET6) return text;
  return `[${text}${ifname !== undefined && isLinkLocal(address) ? `%${ifname}` : ""}]`;
}

/** fe80::/10, of which every device has its own. */
const isLinkLocal = ([word = 0]: readonly number[]): boolean => (word & 0xc0ff) === 0x80fe;

/** Addresses are u32 words whose bytes in memory are in network order: on the little-endian machines CRIU runs on, the low byte first. */
function bytesOf(word: number): readonly number[] {
  return [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, (word >>> 24) & 0xff];
}

const ipv4 = (word: number): string => bytesOf(word).join(".");

/** RFC 5952: lower case, the first longest run of two or more zero groups as `::`. */
function ipv6(words: readonly number[]): string {
  const bytes = [0, 1, 2, 3].flatMap((index) => bytesOf(words[index] ?? 0));
  const groups = Array.from(
    { length: 8 },
    (_, index) => ((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0),
  );
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return `::ffff:${bytes.slice(12).join(".")}`;
  let best = { start: 0, length: 0 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  if (best.length < 2) return hex(groups);
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
}

/** CRIU has the socket's length of its queue out: with one that listens the longest there may be, with others bytes. */
export const backlogOf = ({
  state,
  backlog,
}: {
  readonly state: number;
  readonly backlog: number;
}): number => (state === LISTEN ? backlog : 0);
