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
  const raw = socket.type === RAW ? " raw" : "";
  const from = endpoint(socket.src_addr, socket.src_port, socket.family);
  const isConnected = socket.dst_port !== 0;
  const to = isConnected ? ` → ${endpoint(socket.dst_addr, socket.dst_port, socket.family)}` : "";
  const state = socket.proto === TCP || isConnected ? ` ${enumName("tcp.state", socket.state)}` : "";
  return `${protocol}${raw} ${from}${to}${state}`;
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
  `packet ${typeName(socket.type)} on interface ${socket.ifindex}`;

/** Path of a unix socket; abstract names begin with NUL, which people write as @. "" when unnamed. */
export function unixName(name: Uint8Array): string {
  const isAbstract = name[0] === 0;
  const text = new TextDecoder().decode(isAbstract ? name.subarray(1) : name).replace(/\0+$/, "");
  return isAbstract ? `@${text}` : text;
}

/** An address as people write it. `family` is that of the socket. */
export const addressText = (address: readonly number[], family: number): string =>
  family === INET6 ? ipv6(address) : ipv4(address[0] ?? 0);

function endpoint(address: readonly number[], port: number, family: number): string {
  const text = family === INET6 ? `[${addressText(address, family)}]` : addressText(address, family);
  return `${text}:${port === 0 ? "*" : port}`;
}

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
