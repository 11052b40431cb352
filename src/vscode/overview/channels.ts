import type { Checkpoint, Connection, ConnectionEnd } from "../../checkpoint/index.ts";
import type { OverviewChannel, OverviewEnd } from "../../protocol/index.ts";

const ROLES = { read: "reads", write: "writes", both: "both" } as const;

/** Pipes and sockets with the processes that hold their ends, those with most ends first. */
export async function openChannels(checkpoint: Checkpoint): Promise<readonly OverviewChannel[]> {
  const { value } = await checkpoint.connections();
  return value
    .map(channelOf)
    .filter(({ ends }) => ends.length > 0)
    .sort((one, other) => other.ends.length - one.ends.length);
}

function channelOf({ kind, name, ends, listening, outside }: Connection): OverviewChannel {
  const [first] = ends;
  return {
    kind,
    label: kind === "pipe" || ends.length > 1 ? name : (first?.description ?? name),
    ends: ends.flatMap(holdersOf),
    queued: kind === "pipe" || kind === "fifo" ? mostQueued(ends) : sumQueued(ends),
    isOutside: listening || outside,
  };
}

const holdersOf = ({ direction, holders }: ConnectionEnd): readonly OverviewEnd[] =>
  holders.map(({ pid, fd }) => ({ pid, fd, role: ROLES[direction] }));

/** All reading ends of a pipe see the same bytes. */
const mostQueued = (ends: readonly ConnectionEnd[]): number =>
  Math.max(0, ...ends.map(({ queued }) => queued));
/** Each end of a pair of sockets has a queue of its own. */
const sumQueued = (ends: readonly ConnectionEnd[]): number =>
  ends.reduce((sum, { queued }) => sum + queued, 0);
