import type { StackEnd } from "../../corefile/index.ts";
import type { FrozenFrame } from "./target.ts";

/** Why a stack shows no more calls; nothing is said of one that is whole. */
export const STACK_END: Readonly<Record<StackEnd, string | undefined>> = {
  outermost: undefined,
  cycle: "The stack is damaged: its frames lead back to where they came from",
  lost: "Who called this can't be told: a return address, or what leads to it, is missing or overwritten",
  limit: "There are more calls than are shown",
  machine: "Stacks of this machine can't be walked here: open the core in another debugger for the callers",
};

const GUESSES = "Only guesses from here: a return address, or what leads to it, is missing or overwritten";

/** A row between calls, or behind them, that says something about the stack. */
export interface StackLabel {
  /** The call before which it stands; as many as there are for the end. */
  readonly at: number;
  readonly words: string;
}

/** A stack has no more of them than so many. */
export const MAX_LABELS = 2;

/**
 * What has to be said about a stack, and where: before its first guess that the rest are guesses, at its end why there is no
 * more. Behind guesses it isn't said again that the callers can't be told.
 */
export function stackLabels(
  frames: readonly Pick<FrozenFrame, "frame" | "python">[],
  end: StackEnd,
): readonly StackLabel[] {
  if (frames.length === 0) return [];
  // What the interpreter says of its own calls is no guess.
  const guess = frames.findIndex(({ frame, python }) => frame.foundBy === "scan" && !python);
  const words = guess >= 0 && end === "lost" ? undefined : STACK_END[end];
  return [
    ...(guess >= 0 ? [{ at: guess, words: GUESSES }] : []),
    ...(words === undefined ? [] : [{ at: frames.length, words }]),
  ];
}
