import type { PendingSignal } from "../checkpoint/index.ts";

/** Signals that the processor or the program itself raises: the thread would not have come far. */
const FAULTS: ReadonlySet<string> = new Set([
  ...["SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP", "SIGSYS"],
]);

/** Whether a signal is one that a thread raises by what it does. */
export const isFault = ({ name }: PendingSignal): boolean => FAULTS.has(name);
