import type { Checkpoint, FileDetail, OpenFile } from "../../checkpoint/index.ts";
import type { OverviewChannel, OverviewEnd } from "../../protocol/index.ts";

interface Held {
  readonly pid: number;
  readonly file: OpenFile;
}

/** What makes two descriptors ends of one channel, and how it looks. */
interface Channel {
  readonly key: string;
  readonly kind: OverviewChannel["kind"];
  readonly role: OverviewEnd["role"];
  readonly queued: number;
  readonly isOutside: boolean;
}

/** Pipes and sockets with the processes that hold their ends, those with most ends first. */
export async function openChannels(
  checkpoint: Checkpoint,
  signal: AbortSignal,
): Promise<readonly OverviewChannel[]> {
  const channels = new Map<
    string,
    { channel: Channel; label: string; queued: number; ends: OverviewEnd[] }
  >();
  for (const { pid, state } of checkpoint.processes) {
    signal.throwIfAborted();
    if (state === "zombie") continue;
    for (const file of (await checkpoint.openFiles(pid)).value) add({ pid, file });
  }
  function add({ pid, file }: Held): void {
    const channel = file.detail && channelOf(file.detail, file);
    if (channel === undefined) return;
    const known = channels.get(channel.key) ?? { channel, label: file.description, queued: 0, ends: [] };
    // Each end of a pair has a queue of its own; a descriptor that is held twice has one.
    if (channel.queued > known.queued) known.queued = channel.queued;
    known.ends.push({ pid, fd: file.fd, role: channel.role });
    channels.set(channel.key, known);
  }
  return [...channels.values()]
    .map(({ channel, label, queued, ends }) => ({
      kind: channel.kind,
      label,
      ends,
      queued,
      isOutside: channel.isOutside,
    }))
    .sort((one, other) => other.ends.length - one.ends.length);
}

const ROLES = { read: "reads", write: "writes", both: "both" } as const;

function channelOf(detail: FileDetail, file: OpenFile): Channel | undefined {
  switch (detail.kind) {
    case "pipe":
    case "fifo":
      return {
        key: `${detail.kind} ${detail.pipeId}`,
        kind: detail.kind,
        role: ROLES[detail.end],
        queued: detail.buffer?.content.size ?? 0,
        isOutside: false,
      };
    case "unix": {
      // Both ends of a pair are one channel, named by the lower of their inodes.
      const pair = detail.peer === 0 ? [detail.inode] : [detail.inode, detail.peer].sort((a, b) => a - b);
      return {
        key: `unix ${pair.join(" ")}`,
        kind: "unix",
        role: "both",
        queued: detail.queue.reduce((sum, { content }) => sum + content.size, 0),
        isOutside: detail.state === "LISTEN" || detail.marks.length > 0,
      };
    }
    case "inet": {
      const kinds: Readonly<Record<string, OverviewChannel["kind"]>> = { TCP: "tcp", UDP: "udp" };
      return {
        key: `inet ${file.id}`,
        kind: kinds[detail.protocol] ?? "other",
        role: "both",
        queued: (detail.tcp?.received.size ?? 0) + (detail.tcp?.sent.size ?? 0),
        isOutside: true,
      };
    }
    default:
      return undefined;
  }
}
