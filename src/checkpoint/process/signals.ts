import { siginfoParts, siginfoSignal, siginfoText, signalName } from "../../criu/index.ts";
import type { MessageMap } from "../../criu/index.ts";
import { flagNames } from "../names.ts";

/** A set of signals. */
export interface SignalSet {
  /** Bit n-1 is signal n, as /proc/PID/status has them. */
  readonly bits: bigint;
  readonly names: readonly string[];
}

export interface PendingSignal {
  readonly signal: number;
  readonly name: string;
  /** `SIGTERM, SI_USER, si_pid 17, si_uid 0`. */
  readonly description: string;
  /** The members of siginfo_t by name, as text. */
  readonly info: Readonly<Record<string, string>>;
  /** siginfo_t as the kernel has it, 128 bytes. */
  readonly siginfo: Uint8Array;
}

/** What happens when a signal comes. */
export interface SignalAction {
  readonly signal: number;
  readonly name: string;
  readonly disposition: "default" | "ignored" | "handled";
  /** Address of the handler: 0 default, 1 ignored. */
  readonly handler: bigint;
  /** `SA_RESTART` … */
  readonly flags: readonly string[];
  readonly restorer: bigint;
  /** Signals that are blocked while the handler runs. */
  readonly mask: SignalSet;
}

const SIGKILL = 9;
const SIGSTOP = 19;
/** Makes a set of a mask. MIPS has 128 signals: there `extended` holds the upper half. */
export function signalSet(mask: bigint, extended: bigint | number | undefined = 0): SignalSet {
  const bits = BigInt.asUintN(64, mask) | (BigInt(extended) << 64n);
  const names: string[] = [];
  for (let bit = 0, rest = bits; rest !== 0n; bit++, rest >>= 1n)
    if ((rest & 1n) === 1n) names.push(signalName(bit + 1));
  return { bits, names };
}

/** The set of the signals in `numbers`. */
const signalSetOf = (numbers: readonly number[]): SignalSet =>
  signalSet(numbers.reduce((bits, number) => bits | (1n << BigInt(Math.max(0, number - 1))), 0n));

/** The queue of signals that wait for a thread, or for any thread of the process. */
export function pendingSignals(
  queue: MessageMap["signal_queue_entry"] | undefined,
  architecture: string,
): readonly PendingSignal[] {
  return (queue?.signals ?? []).map((entry) => pendingSignal(entry, architecture));
}

/** Machines of `core_entry.march` whose words have 4 bytes. */
const NARROW: ReadonlySet<string> = new Set(["ARM"]);

function pendingSignal({ siginfo }: MessageMap["siginfo_entry"], architecture: string): PendingSignal {
  const word = NARROW.has(architecture) ? 4 : 8;
  const signal = siginfoSignal(siginfo);
  return {
    signal,
    name: signalName(signal),
    description: siginfoText(siginfo, word) ?? signalName(signal),
    info: Object.fromEntries(siginfoParts(siginfo, word).map(({ name, value }) => [name, value])),
    siginfo,
  };
}

/**
 * The actions in the order of their signals. The list of the image has none for SIGKILL and SIGSTOP, which nobody can
 * change (`criu/cr-dump.c: parasite_dump_sigacts_seized`).
 */
export function signalActions(entries: readonly MessageMap["sa_entry"][]): readonly SignalAction[] {
  let signal = 0;
  return entries.map((entry): SignalAction => {
    signal++;
    while (signal === SIGKILL || signal === SIGSTOP) signal++;
    const { sigaction: handler, restorer, mask, mask_extended } = entry;
    return {
      signal,
      name: signalName(signal),
      disposition: handler === 0n ? "default" : handler === 1n ? "ignored" : "handled",
      handler,
      flags: flagNames("sigaction", BigInt.asUintN(32, entry.flags)),
      restorer,
      mask: signalSet(mask, mask_extended),
    };
  });
}

/** The signals whose action is `disposition`: SigIgn and SigCgt of /proc/PID/status. */
export const signalsWith = (
  actions: readonly SignalAction[],
  disposition: SignalAction["disposition"],
): SignalSet =>
  signalSetOf(actions.filter((action) => action.disposition === disposition).map((action) => action.signal));
