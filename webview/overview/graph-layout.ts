import type { OverviewChannel } from "../../src/protocol/index.ts";

/** A line between a process and a channel, by their places in the columns. */
export interface GraphLine {
  readonly process: number;
  readonly channel: number;
  readonly role: "reads" | "writes" | "both";
}

export interface GraphLayout {
  /** Pids of the left column, from above. */
  readonly pids: readonly number[];
  /** The right column, from above. */
  readonly channels: readonly OverviewChannel[];
  readonly lines: readonly GraphLine[];
}

/**
 * Processes left in the order given, channels right in the order that crosses few lines: each at the mean height of
 * its processes (the barycentre heuristic of Sugiyama, Tagawa, Toda, 1981). Descriptors of one process and role are
 * one line.
 */
export function layOut(order: readonly number[], channels: readonly OverviewChannel[]): GraphLayout {
  const held = new Set(channels.flatMap(({ ends }) => ends.map(({ pid }) => pid)));
  const pids = order.filter((pid) => held.has(pid));
  const place = new Map(pids.map((pid, index) => [pid, index]));
  const mean = ({ ends }: OverviewChannel): number =>
    ends.reduce((sum, { pid }) => sum + (place.get(pid) ?? 0), 0) / Math.max(1, ends.length);
  const sorted = [...channels].sort((one, other) => mean(one) - mean(other));
  const lines = sorted.flatMap((channel, index) => linesOf(channel, index, place));
  return { pids, channels: sorted, lines };
}

function linesOf(
  { ends }: OverviewChannel,
  channel: number,
  place: ReadonlyMap<number, number>,
): GraphLine[] {
  const roles = new Map<number, GraphLine["role"]>();
  for (const { pid, role } of ends) {
    const process = place.get(pid);
    if (process === undefined) continue;
    const known = roles.get(process);
    roles.set(process, known === undefined || known === role ? role : "both");
  }
  return [...roles].map(([process, role]) => ({ process, channel, role }));
}
