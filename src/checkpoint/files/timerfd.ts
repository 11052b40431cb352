import { enumName, flagNames } from "../names.ts";
import { fileKind } from "./kind.ts";

/** A timer of timerfd_create(2). */
export interface TimerFile {
  readonly kind: "timerfd";
  /** `CLOCK_MONOTONIC` … */
  readonly clock: string;
  readonly clockId: number;
  /** Expirations that were not yet read. */
  readonly ticks: bigint;
  /** Of timerfd_settime(2). */
  readonly settime: readonly string[];
  readonly settimeBits: number;
  /** Nanoseconds until it expires; 0 when it isn't armed. */
  readonly remaining: bigint;
  readonly interval: bigint;
}

const NANO = 1_000_000_000n;

export const TIMERFD = fileKind(
  "TIMERFD",
  "tfd",
  (file) => ({
    description: `timerfd, clock ${file.clockid}, in ${file.vsec} s`,
    flags: file.flags,
    owner: file.fown,
    detail: {
      kind: "timerfd",
      clock: enumName("clock", file.clockid),
      clockId: file.clockid,
      ticks: file.ticks,
      settime: flagNames("timerfd.settime", file.settime_flags),
      settimeBits: file.settime_flags,
      remaining: file.vsec * NANO + file.vnsec,
      interval: file.isec * NANO + file.insec,
    },
  }),
  { file: "timerfd.img", message: "timerfd_entry" },
);
