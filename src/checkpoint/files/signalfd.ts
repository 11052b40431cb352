import { signalSet } from "../process/signals.ts";
import type { SignalSet } from "../process/signals.ts";
import { fileKind } from "./kind.ts";

/** A file of signalfd(2). */
export interface SignalFile {
  readonly kind: "signalfd";
  /** The signals that are read from it. */
  readonly signals: SignalSet;
}

const numbersOf = (bits: bigint): readonly number[] =>
  Array.from({ length: 64 }, (_, index) => index + 1).filter(
    (number) => ((bits >> BigInt(number - 1)) & 1n) === 1n,
  );

export const SIGNALFD = fileKind(
  "SIGNALFD",
  "sgfd",
  (file) => ({
    description: `signalfd for ${numbersOf(file.sigmask).join(", ") || "no signal"}`,
    flags: file.flags,
    owner: file.fown,
    detail: { kind: "signalfd", signals: signalSet(file.sigmask) },
  }),
  { file: "signalfd.img", message: "signalfd_entry" },
);
