import type { PendingSignal, ProcessDetails } from "../../checkpoint/index.ts";
import { isFault } from "../../corefile/index.ts";
import { signalName } from "../../criu/index.ts";
import type { FrozenTarget, FrozenThread } from "./target.ts";

/** Why a thread stands still, for the protocol and in words. */
export interface StopReason {
  readonly reason: "pause" | "exception" | "signal";
  readonly description: string;
  /** The signal that was on its way, if it is the thread's own. */
  readonly signal: PendingSignal | undefined;
}

/** What stopped `thread`: a signal on its way, a job control stop, or only the freeze. */
export async function stopReason(
  target: FrozenTarget,
  { process, thread, goroutine }: FrozenThread,
): Promise<StopReason> {
  if (goroutine)
    return {
      ...{ reason: "pause", signal: undefined },
      description: `No thread runs this goroutine: ${goroutine.status}`,
    };
  const details = (await target.checkpoint.details(process.pid)).value;
  const pending = [...thread.pending, ...details.signals.pending];
  const fault = thread.pending.find(isFault) ?? pending.find(isFault);
  if (fault) return { reason: "exception", description: fault.description, signal: fault };
  const [signal] = pending;
  if (signal) return { reason: "signal", description: `Frozen with ${signal.name} on its way`, signal };
  return { reason: "pause", description: stopped(process.state, details), signal: undefined };
}

function stopped(state: string, { stopSignal }: ProcessDetails): string {
  if (state !== "stopped") return "Frozen";
  return stopSignal > 0
    ? `Frozen while it was stopped by ${signalName(stopSignal)}`
    : "Frozen while it was stopped";
}
