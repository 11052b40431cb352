import type { MessageMap } from "../../criu/index.ts";
import type { Difference, ProcFile, Task } from "../model.ts";
import { hex } from "../text.ts";
import { OTHERS, socketsOf } from "./sockets.ts";

type Socket = MessageMap["inet_sk_entry"];

const INET = 2;
const INET6 = 10;
const TCP = 6;
const UDP = 17;
const UDPLITE = 136;
const RAW = 3;
const CLOSE = 7;

const upper = (value: number, width: number): string => hex(value >>> 0, width).toUpperCase();

/** Address words as they lie in memory, and a port: `0100007F:0050`. */
function endpoint(words: readonly number[], port: number, family: number): string {
  const count = family === INET6 ? 4 : 1;
  const address = Array.from({ length: count }, (_, index) => upper(words[index] ?? 0, 8)).join("");
  return `${address}:${upper(port, 4)}`;
}

interface Table {
  readonly name: string;
  readonly family: number;
  /** Undefined for raw sockets, which may be of any. */
  readonly protocol: number | undefined;
  readonly header: string;
  /** Digits of the line's number. */
  readonly digits: number;
  /** Columns up to the line break; 0 for lines as long as they are. */
  readonly width: number;
  /** What stands behind the inode, none of which is dumped. */
  readonly rest: string;
}

const COLUMNS4 = "local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const COLUMNS6 = `local_address                         ${"remote_address".padEnd(38)}st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode`;
const POINTER = "0000000000000000";
const TCP_REST = `0 ${POINTER} 0 0 0 0 0`;
const UDP_REST = `0 ${POINTER} 0`;

/**
 * `net/ipv4/tcp_ipv4.c`, `net/ipv6/tcp_ipv6.c`, `net/ipv4/udp.c`, `net/ipv6/udp.c`, `net/ipv4/raw.c`, `net/ipv6/raw.c`: widths and
 * headers.
 */
const TABLES: readonly Table[] = [
  {
    name: "tcp",
    family: INET,
    protocol: TCP,
    header: `  sl  ${COLUMNS4}`,
    digits: 4,
    width: 149,
    rest: TCP_REST,
  },
  {
    name: "tcp6",
    family: INET6,
    protocol: TCP,
    header: `  sl  ${COLUMNS6}`,
    digits: 4,
    width: 0,
    rest: TCP_REST,
  },
  ...[
    { name: "udp", protocol: UDP },
    { name: "udplite", protocol: UDPLITE },
  ].flatMap(({ name, protocol }) => [
    {
      ...{ name, protocol, digits: 5, rest: UDP_REST, family: INET, width: 127 },
      header: `   sl  ${COLUMNS4} ref pointer drops`,
    },
    {
      ...{ name: `${name}6`, protocol, digits: 5, rest: UDP_REST, family: INET6, width: 0 },
      header: `  sl  ${COLUMNS6} ref pointer drops`,
    },
  ]),
  {
    ...{ name: "raw", family: INET, protocol: undefined, digits: 4, width: 0, rest: UDP_REST },
    header: `  sl  ${COLUMNS4} ref pointer drops`,
  },
  {
    ...{ name: "raw6", family: INET6, protocol: undefined, digits: 5, width: 0, rest: UDP_REST },
    header: `  sl  ${COLUMNS6} ref pointer drops`,
  },
];

/** TCP lists sockets that listen or are connected, UDP those that have a port. */
const isListed = (socket: Socket, { family, protocol }: Table): boolean =>
  socket.family === family &&
  (protocol === undefined) === (socket.type === RAW) &&
  (protocol === undefined || socket.proto === protocol) &&
  (protocol === TCP ? socket.state !== CLOSE : socket.src_port !== 0);

async function line(task: Task, table: Table, socket: Socket, number: number): Promise<string> {
  const { family, src_addr, src_port, dst_addr, dst_port, state, ino } = socket;
  const stream = table.protocol === TCP ? await streamOf(task, ino) : undefined;
  const text =
    `${String(number).padStart(table.digits)}: ${endpoint(src_addr, src_port, family)} ${endpoint(dst_addr, dst_port, family)} ` +
    `${upper(state, 2)} ${upper(stream?.outq_len ?? 0, 8)}:${upper(stream?.inq_len ?? 0, 8)} 00:00000000 00000000 ` +
    `${"0".padStart(5)} ${"0".padStart(8)} ${ino} ${table.rest}`;
  return `${text.padEnd(table.width)}\n`;
}

const streamOf = (task: Task, inode: number): Promise<MessageMap["tcp_stream_entry"] | undefined> =>
  task.images.one(`tcp-stream-${hex(inode)}.img`, "tcp_stream_entry");

const DIFFERENCES: readonly Difference[] = [
  OTHERS,
  {
    field: "sl and order",
    frozen: "counted in the order of files.img",
    why: "The kernel lists sockets by the buckets of its hash tables.",
    pattern: /^ *\d+: /gm,
    becomes: "",
    unordered: true,
  },
  {
    field: "tr, tm->when, retrnsmt, uid, timeout",
    frozen: "0",
    why: "Timers are not dumped, nor to whom a socket belongs.",
    pattern: /(?<=^\S+ \S+ [0-9A-F]{2} \S+) \S+ \S+ +\d+ +\d+(?= \d+ )/gm,
    becomes: " *",
  },
  {
    field: "what stands behind inode",
    frozen: "0",
    why: "These are counters and addresses in the kernel's memory.",
    pattern: /(?<=^\S+ \S+ [0-9A-F]{2} \S+ \* \d+) .*$/gm,
    becomes: "",
  },
];

/** Beside those, of sockets that have no stream. */
const QUEUES: Difference = {
  field: "tx_queue, rx_queue",
  frozen: "0",
  why: "CRIU dumps what waits in TCP sockets alone.",
  pattern: /(?<=^\S+ \S+ [0-9A-F]{2} )[0-9A-F]{8}:[0-9A-F]{8}(?= )/gm,
  becomes: "*",
};

/** /proc/PID/net/tcp and its kin: the sockets of the process's network namespace. */
export const inetTables: readonly ProcFile[] = TABLES.map((table) => ({
  name: `net/${table.name}`,
  perThread: true,
  write: async (task) => {
    const sockets = (await socketsOf(task, "isk")).filter((socket) => isListed(socket, table));
    const lines = [`${table.header.padEnd(table.width)}\n`];
    for (const [number, socket] of sockets.entries()) lines.push(await line(task, table, socket, number));
    return lines;
  },
  differences: table.protocol === TCP ? DIFFERENCES : [...DIFFERENCES, QUEUES],
}));
