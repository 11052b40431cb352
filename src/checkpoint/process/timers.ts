import { signalName } from "../../criu/index.ts";
import type { MessageMap } from "../../criu/index.ts";
import { enumName } from "../names.ts";

/** A timer of setitimer(2). */
export interface IntervalTimer {
  readonly kind: "real" | "virtual" | "profiling";
  /** Microseconds until it expires; 0 when it isn't armed. */
  readonly remaining: bigint;
  /** Microseconds from one expiration to the next; 0 when it expires once. */
  readonly interval: bigint;
}

/** A timer of timer_create(2). */
export interface PosixTimer {
  readonly id: number;
  /** `CLOCK_MONOTONIC`, `CLOCK_PROCESS_CPUTIME_ID of 17` … */
  readonly clock: string;
  /** Negative for the clocks that count the processor time of tasks. */
  readonly clockId: number;
  readonly signal: number;
  readonly signalName: string;
  /** `SIGEV_SIGNAL` … */
  readonly notify: string;
  readonly notifyThread: number | undefined;
  /** `sival_ptr`: a number or an address that the signal brings. */
  readonly value: bigint;
  readonly overrun: number;
  /** Nanoseconds until it expires; 0 when it isn't armed. */
  readonly remaining: bigint;
  readonly interval: bigint;
}

export interface Timers {
  readonly interval: readonly IntervalTimer[];
  readonly posix: readonly PosixTimer[];
}

type Itimer = MessageMap["itimer_entry"];

const KINDS = ["real", "virtual", "profiling"] as const;

/** `task_timers_entry` of the core image (`criu/timer.c`). */
export function timersOf(timers: MessageMap["task_timers_entry"] | undefined): Timers {
  if (timers === undefined) return { interval: [], posix: [] };
  return {
    interval: intervalTimers([timers.real, timers.virt, timers.prof]),
    posix: timers.posix.map(posixTimer),
  };
}

/** The three of them, in the order of setitimer's numbers. */
const intervalTimers = (entries: readonly Itimer[]): readonly IntervalTimer[] =>
  KINDS.flatMap((kind, index) => {
    const entry = entries[index];
    return entry === undefined
      ? []
      : [
          {
            kind,
            remaining: entry.vsec * 1_000_000n + entry.vusec,
            interval: entry.isec * 1_000_000n + entry.iusec,
          },
        ];
  });

/**
 * A clock of processor time is the complement of its task's id (0: the own) above three bits: one for a thread's, two for
 * what counts (`include/linux/posix-timers_types.h`).
 */
function clockName(clock: number): string {
  if (clock >= 0) return enumName("clock", clock);
  const task = ~(clock >> 3);
  const name = (clock & PER_THREAD) === 0 ? "CLOCK_PROCESS_CPUTIME_ID" : "CLOCK_THREAD_CPUTIME_ID";
  return task === 0 ? name : `${name} of ${task}`;
}

const PER_THREAD = 4;

function posixTimer(entry: MessageMap["posix_timer_entry"]): PosixTimer {
  return {
    id: entry.it_id,
    clock: clockName(entry.clock_id | 0),
    clockId: entry.clock_id | 0,
    signal: entry.si_signo,
    signalName: signalName(entry.si_signo),
    notify: enumName("sigev_notify", entry.it_sigev_notify),
    notifyThread: entry.notify_thread_id,
    value: entry.sival_ptr,
    overrun: entry.overrun,
    remaining: entry.vsec * 1_000_000_000n + entry.vnsec,
    interval: entry.isec * 1_000_000_000n + entry.insec,
  };
}
