import type { Snapshot } from "./snapshot.ts";

/** How many snapshots are kept; what isn't given has no limit. */
export interface Retention {
  /** Of each container. */
  readonly count?: number;
  /** Of all together, by the sizes that are known. */
  readonly bytes?: number;
  readonly days?: number;
}

const DAY = 24 * 60 * 60 * 1000;

/**
 * The snapshots that are too many, too large or too old, oldest first. Pinned ones are never among them, but count.
 * Nothing is removed here.
 */
export function overdue(
  snapshots: readonly Snapshot[],
  { count, bytes, days }: Retention,
  now: Date,
): readonly Snapshot[] {
  const newest = [...snapshots].sort((a, b) => b.time.localeCompare(a.time));
  const perContainer = new Map<string, number>();
  let sum = 0;
  const due = newest.filter((one) => {
    const key = `${one.engine.endpoint} ${one.container.id}`;
    const nth = (perContainer.get(key) ?? 0) + 1;
    perContainer.set(key, nth);
    sum += one.size ?? 0;
    if (one.pinned === true) return false;
    const tooOld = days !== undefined && now.getTime() - Date.parse(one.time) > days * DAY;
    const tooMany = count !== undefined && nth > count;
    const tooLarge = bytes !== undefined && sum > bytes;
    // What goes takes no room any more.
    if (tooLarge) sum -= one.size ?? 0;
    return tooOld || tooMany || tooLarge;
  });
  return due.reverse();
}

/** A snapshot with those that were made after it from there on, oldest first. */
export interface ChainNode {
  readonly snapshot: Snapshot;
  readonly children: readonly ChainNode[];
}

/** The chains of `parent`; one whose parent isn't there, or that would go in a circle, begins a chain. */
export function chains(snapshots: readonly Snapshot[]): readonly ChainNode[] {
  const sorted = [...snapshots].sort((a, b) => a.time.localeCompare(b.time));
  const byId = new Map(sorted.map((one) => [one.id, one]));
  const children = new Map<string | undefined, Snapshot[]>();
  for (const one of sorted) {
    const parent = reachesRoot(one, byId) ? one.parent : undefined;
    const key = parent !== undefined && byId.has(parent) ? parent : undefined;
    children.set(key, [...(children.get(key) ?? []), one]);
  }
  const node = (snapshot: Snapshot): ChainNode => ({
    snapshot,
    children: (children.get(snapshot.id) ?? []).map(node),
  });
  return (children.get(undefined) ?? []).map(node);
}

/** Deeper chains are cut: each level of the tree is a call of the drawing. */
const MAX_CHAIN = 500;

function reachesRoot(one: Snapshot, byId: ReadonlyMap<string, Snapshot>): boolean {
  let here: Snapshot | undefined = one;
  for (let depth = 0; depth < MAX_CHAIN; depth++) {
    if (here?.parent === undefined) return true;
    here = byId.get(here.parent);
  }
  return false;
}
