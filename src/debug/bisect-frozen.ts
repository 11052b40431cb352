// Bisection over frozen snapshots: each that is asked is read, and nothing runs.
import { isCancelled, toCryoscopeError } from "../bytes/index.ts";
import type { CryoscopeError } from "../bytes/index.ts";
import type { CheckpointMemory } from "../memory/index.ts";
import { bisect } from "./bisect.ts";
import type { BisectOptions, BisectResult, Verdict } from "./bisect.ts";
import { bisectErrors } from "./bisect-errors.ts";
import type { Condition, ConditionOptions } from "./frozen-conditions.ts";

/** Opens the memory of the snapshot at a place of the row for `use`, and closes it behind it. */
export type OpenFrozen = (
  index: number,
  use: (memory: CheckpointMemory) => Promise<boolean>,
) => Promise<boolean>;

export interface BisectFrozenOptions extends Omit<BisectOptions, "onVerdict">, ConditionOptions {
  /** The answer of a snapshot, or why there is none. */
  readonly onAnswer?: (index: number, answer: boolean | CryoscopeError) => void;
}

export interface FrozenBisectResult extends BisectResult {
  /** The answer of the first that is new; those before it have the other. */
  readonly answer: boolean;
}

/**
 * The first of `count` snapshots with another answer than the first of all. Those that can't be told are gone around.
 * Throws `debug.bisectShort`, `debug.bisectSame`, `debug.bisectEnd` when an end of the row can't be told, and the
 * signal's reason.
 */
export async function bisectFrozen(
  count: number,
  open: OpenFrozen,
  condition: Condition,
  { onAnswer, onTry, ...options }: BisectFrozenOptions = {},
): Promise<FrozenBisectResult> {
  let before: boolean | undefined;
  const attempt = async (index: number): Promise<Verdict> => {
    const answer = await open(index, (memory) => condition.ask(memory, options)).catch((error: unknown) => {
      options.signal?.throwIfAborted();
      if (isCancelled(error)) throw error;
      return toCryoscopeError(error);
    });
    onAnswer?.(index, answer);
    const isEnd = index === 0 || index === count - 1;
    if (typeof answer !== "boolean") {
      if (isEnd) throw bisectErrors.bisectEnd(index, answer);
      return "skip";
    }
    before ??= answer;
    if (answer !== before) return "new";
    if (index > 0 && isEnd) throw bisectErrors.bisectSame(answer ? condition.words.yes : condition.words.no);
    return "old";
  };
  const { signal } = options;
  const found = await bisect(count, attempt, { signal, ...(onTry && { onTry }) });
  return { ...found, answer: before !== true };
}
