import type { MessageMap } from "../../criu/index.ts";
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

/** `timerfd CLOCK_MONOTONIC, in 90 s, then every 1.5 s`; `…, not armed, expired 2 times`. */
function describe({ clockid, vsec, vnsec, isec, insec, ticks }: MessageMap["timerfd_entry"]): string {
  const isArmed = vsec !== 0n || vnsec !== 0n;
  const isPeriodic = isec !== 0n || insec !== 0n;
  return [
    `timerfd ${enumName("clock", clockid)}`,
    isArmed ? `in ${seconds(vsec, vnsec)}` : "not armed",
    ...(isArmed && isPeriodic ? [`then every ${seconds(isec, insec)}`] : []),
    ...(ticks === 0n ? [] : [`expired ${ticks === 1n ? "once" : `${ticks} times`}`]),
  ].join(", ");
}

/** `1.5 s`; from 10 s on without the fraction. */
const seconds = (whole: bigint, nanoseconds: bigint): string =>
  `${whole < 10n ? Number(whole) + Number(nanoseconds) / 1e9 : whole} s`;

const NANO = 1_000_000_000n;

export const TIMERFD = fileKind(
  "TIMERFD",
  "tfd",
  (file) => ({
    description: describe(file),
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
