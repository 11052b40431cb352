import type { FileContext } from "./context.ts";
import type { FileDetail } from "./detail.ts";
import type { FileEntry } from "./kind.ts";
import { FILE_KINDS } from "./kinds.ts";
import { pacer } from "../pace.ts";

/** A descriptor of a process. */
export interface Holder {
  readonly pid: number;
  readonly fd: number;
}

/** One end of a connection: an open file and everyone who has it. */
export interface ConnectionEnd {
  /** Id in files.img. */
  readonly fileId: number;
  /** What can be done here. Sockets do both. */
  readonly direction: "read" | "write" | "both";
  /** As in the list of open files. */
  readonly description: string;
  /** Empty when no process has it: it was on its way in a message, or a connection nobody has accepted. */
  readonly holders: readonly Holder[];
  /** Bytes that wait to be read here; of a pipe they are counted at its reading ends. */
  readonly queued: number;
}

/** Something that data goes through, with all its ends in this checkpoint. */
export interface Connection {
  readonly kind: "pipe" | "fifo" | "unix" | "inet";
  /** `pipe:[42]`, `/run/x.fifo`, `/run/x.sock`, `TCP 127.0.0.1:80`. */
  readonly name: string;
  readonly ends: readonly ConnectionEnd[];
  /** Waits for others to connect. */
  readonly listening: boolean;
  /** The other end is outside of the checkpoint. */
  readonly outside: boolean;
}

interface OpenEnd extends ConnectionEnd {
  readonly detail: FileDetail;
}

/** Joins the ends of pipes and sockets to the processes that hold them. `holders` is by file id. */
export async function joinConnections(
  context: FileContext,
  holders: ReadonlyMap<number, readonly Holder[]>,
): Promise<readonly Connection[]> {
  const ends = await readEnds(context, holders);
  return [...pipes(ends), ...unixSockets(ends), ...inetSockets(ends)];
}

const JOINED: ReadonlySet<keyof FileEntry> = new Set(["pipe", "fifo", "usk", "isk"]);

async function readEnds(
  context: FileContext,
  holders: ReadonlyMap<number, readonly Holder[]>,
): Promise<readonly OpenEnd[]> {
  const pause = pacer();
  const ends: OpenEnd[] = [];
  for (const entry of context.entries()) {
    await pause();
    const kind = FILE_KINDS[entry.type];
    if (kind === undefined || !JOINED.has(kind.member)) continue;
    const facts = await kind.describe(entry, context);
    if (facts === undefined) continue;
    const { detail, description } = facts;
    ends.push({
      fileId: entry.id,
      direction: detail.kind === "pipe" || detail.kind === "fifo" ? detail.end : "both",
      description,
      holders: holders.get(entry.id) ?? [],
      queued: queuedBytes(detail),
      detail,
    });
  }
  return ends;
}

/** Bytes that wait to be read behind a descriptor. A pipe's are counted at the end that reads: both have the same. */
export function queuedBytes(detail: FileDetail): number {
  switch (detail.kind) {
    case "pipe":
    case "fifo":
      return detail.end === "write" ? 0 : (detail.buffer?.content.size ?? 0);
    case "unix":
      return detail.queue.reduce((sum, { content }) => sum + content.size, 0);
    case "inet":
      return detail.tcp?.received.size ?? 0;
    default:
      return 0;
  }
}

const endOf = ({ fileId, direction, description, holders, queued }: OpenEnd): ConnectionEnd => ({
  fileId,
  direction,
  description,
  holders,
  queued,
});

/** All ends with the same number are one pipe. */
function pipes(ends: readonly OpenEnd[]): readonly Connection[] {
  const groups = new Map<string, OpenEnd[]>();
  for (const end of ends) {
    if (end.detail.kind !== "pipe" && end.detail.kind !== "fifo") continue;
    const key = `${end.detail.kind} ${end.detail.pipeId}`;
    const group = groups.get(key);
    if (group) group.push(end);
    else groups.set(key, [end]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined || (first.detail.kind !== "pipe" && first.detail.kind !== "fifo")) return [];
    const directions = new Set(group.map(({ direction }) => direction));
    return {
      kind: first.detail.kind,
      name: first.description,
      ends: group.map(endOf),
      listening: false,
      outside: directions.size === 1 && !directions.has("both"),
    };
  });
}

function unixSockets(ends: readonly OpenEnd[]): readonly Connection[] {
  const sockets = ends.flatMap((end) => (end.detail.kind === "unix" ? [{ end, socket: end.detail }] : []));
  const byInode = new Map(sockets.map((one) => [one.socket.inode, one]));
  const seen = new Set<number>();
  return sockets.flatMap(({ end, socket }): readonly Connection[] => {
    if (seen.has(socket.inode)) return [];
    const peer = byInode.get(socket.peer);
    // Many may send to one datagram socket; only who is each other's peer is a pair.
    const isPair = peer?.socket.peer === socket.inode;
    seen.add(socket.inode);
    if (peer && isPair) seen.add(peer.socket.inode);
    return [
      {
        kind: "unix",
        name: socket.name || peer?.socket.name || `socket:[${socket.inode}]`,
        ends: [end, ...(peer && peer.end !== end ? [peer.end] : [])].map(endOf),
        listening: socket.state === "LISTEN",
        outside: socket.peer !== 0 && peer === undefined,
      },
    ];
  });
}

function inetSockets(ends: readonly OpenEnd[]): readonly Connection[] {
  const sockets = ends.flatMap((end) => (end.detail.kind === "inet" ? [{ end, socket: end.detail }] : []));
  const key = (...parts: readonly (string | number)[]): string => parts.join(" ");
  const byAddress = new Map(
    sockets.map((one) => {
      const { protocol, localAddress, localPort, remoteAddress, remotePort } = one.socket;
      return [key(protocol, localAddress, localPort, remoteAddress, remotePort), one];
    }),
  );
  const seen = new Set<OpenEnd>();
  return sockets.flatMap(({ end, socket }): readonly Connection[] => {
    if (seen.has(end)) return [];
    const { protocol, localAddress, localPort, remoteAddress, remotePort } = socket;
    const isConnected = remotePort !== 0;
    const peer = isConnected
      ? byAddress.get(key(protocol, remoteAddress, remotePort, localAddress, localPort))
      : undefined;
    seen.add(end);
    if (peer) seen.add(peer.end);
    return [
      {
        kind: "inet",
        name: end.description,
        ends: [end, ...(peer && peer.end !== end ? [peer.end] : [])].map(endOf),
        listening: socket.state === "LISTEN",
        outside: isConnected && peer === undefined,
      },
    ];
  });
}
