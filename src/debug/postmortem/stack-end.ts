import type { StackEnd } from "../../corefile/index.ts";

/** Why a stack shows no more calls; nothing is said of one that is whole. */
export const STACK_END: Readonly<Record<StackEnd, string | undefined>> = {
  outermost: undefined,
  cycle: "The stack is damaged: its frames lead back to where they came from",
  lost: "Who called this can't be told: a return address, or what leads to it, is missing or overwritten",
  limit: "There are more calls than are shown",
  machine: "Stacks of this machine can't be walked here: open the core in another debugger for the callers",
};
