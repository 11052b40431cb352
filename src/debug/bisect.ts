// Bisection: the first of a row of snapshots in which something is different, with as few restores as can be.
import { bisectErrors } from "./bisect-errors.ts";

/** What a snapshot is: as the oldest one was, different, or it can't be told (as `git bisect` has it: 125). */
export type Verdict = "old" | "new" | "skip";

export interface BisectOptions {
  readonly signal?: AbortSignal | undefined;
  /** Before a snapshot is tried: its place in the row, and how many more tries there will be at most. */
  readonly onTry?: (index: number, triesLeft: number) => void;
  readonly onVerdict?: (index: number, verdict: Verdict) => void;
}

export interface BisectResult {
  /** Place of the first snapshot that is new. */
  readonly first: number;
  /** Place of the last one that is known to be old; those between the two could not be told. */
  readonly last: number;
  readonly tries: number;
}

/**
 * Finds where a row turns from old to new: about log2(`count`) + 2 tries. The ends are tried too, since all depends on
 * them. Where it turns several times, one of the places is found. Throws `debug.bisectNever` and `debug.bisectAlways`
 * when it doesn't turn, `debug.bisectUnknown` when an end can't be told, and the signal's reason.
 */
export async function bisect(
  count: number,
  attempt: (index: number) => Promise<Verdict>,
  { signal, onTry, onVerdict }: BisectOptions = {},
): Promise<BisectResult> {
  let tries = 0;
  const tell = async (index: number, left: number): Promise<Verdict> => {
    signal?.throwIfAborted();
    onTry?.(index, left);
    tries++;
    const verdict = await attempt(index);
    onVerdict?.(index, verdict);
    return verdict;
  };
  const most = (between: number): number => Math.ceil(Math.log2(Math.max(1, between) + 1));

  if (count < 2) throw bisectErrors.bisectShort();
  let [old, recent] = [0, count - 1];
  for (const [index, wanted] of [
    [old, "old"],
    [recent, "new"],
  ] as const) {
    const verdict = await tell(index, most(recent - old - 1) + (index === old ? 1 : 0));
    if (verdict === "skip") throw bisectErrors.bisectUnknown(index);
    if (verdict !== wanted) throw wanted === "old" ? bisectErrors.bisectAlways() : bisectErrors.bisectNever();
  }
  const unknown = new Set<number>();
  for (;;) {
    const index = middle(old, recent, unknown);
    if (index === undefined) return { first: recent, last: old, tries };
    const verdict = await tell(index, most(recent - old - 1) - 1);
    if (verdict === "skip") unknown.add(index);
    else if (verdict === "old") old = index;
    else recent = index;
  }
}

/** The place nearest to the middle between the two that could be told yet. */
function middle(old: number, recent: number, unknown: ReadonlySet<number>): number | undefined {
  const centre = Math.floor((old + recent) / 2);
  for (let away = 0; away < recent - old; away++)
    for (const index of [centre + away, centre - away])
      if (index > old && index < recent && !unknown.has(index)) return index;
  return undefined;
}

/** What a command's exit status says, as with `git bisect run`: 0 old, 125 can't tell, 1 to 127 new. */
export function verdictOf(status: number): Verdict {
  if (status === 0) return "old";
  if (status === 125) return "skip";
  // Ended by a signal, or worse: what broke is the test, and to go on would find nonsense.
  if (status < 0 || status > 127) throw bisectErrors.bisectBroken(status);
  return "new";
}
