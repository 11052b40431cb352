import { auxiliaryName } from "../../criu/index.ts";

/** An entry of the auxiliary vector that the kernel gave the program. */
export interface AuxiliaryValue {
  readonly type: bigint;
  /** `AT_PHDR`. */
  readonly name: string;
  readonly value: bigint;
}

/**
 * `mm_saved_auxv`: pairs of type and value, up to the AT_NULL that ends them in /proc/PID/auxv and that is in some
 * images only.
 */
export function auxiliaryVector(words: readonly bigint[]): readonly AuxiliaryValue[] {
  const vector: AuxiliaryValue[] = [];
  for (let index = 0; index + 1 < words.length; index += 2) {
    const type = words[index] ?? 0n;
    if (type === 0n) break;
    vector.push({ type, name: auxiliaryName(type), value: words[index + 1] ?? 0n });
  }
  return vector;
}
