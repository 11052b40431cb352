import { seccompText } from "../../criu/index.ts";
import type { MessageMap } from "../../criu/index.ts";
import { flagNames } from "../names.ts";

/** A program that decides about system calls. */
export interface SeccompFilter {
  /** Its place in seccomp.img. */
  readonly index: number;
  /** `SECCOMP_FILTER_FLAG_LOG` … */
  readonly flags: readonly string[];
  /** Number of instructions. */
  readonly length: number;
  /** In a few words: the actions it can end with. */
  readonly summary: string;
  /** Classic BPF, 8 bytes an instruction. */
  readonly program: Uint8Array;
}

export interface Seccomp {
  readonly mode: "disabled" | "strict" | "filter";
  /** The filters that run at each system call, the last installed first. */
  readonly filters: readonly SeccompFilter[];
}

const MODES = ["disabled", "strict", "filter"] as const;
const INSTRUCTION = 8;
/** The kernel allows 32768 instructions in all filters of a thread together; a chain in an image may be a circle. */
const MAX_CHAIN = 4096;

/**
 * The mode of a thread and the chain of filters it hangs on: each entry of seccomp.img names the one installed before
 * it (`images/seccomp.proto`, `criu/seccomp.c`).
 */
export function seccompOf(
  mode: number | undefined,
  last: number | undefined,
  filters: readonly MessageMap["seccomp_filter"][],
): Seccomp {
  const chain: SeccompFilter[] = [];
  const seen = new Set<number>();
  let index = mode === 2 ? last : undefined;
  while (index !== undefined && !seen.has(index) && chain.length < MAX_CHAIN) {
    seen.add(index);
    const entry = filters[index];
    if (entry === undefined) break;
    chain.push(describe(entry, index));
    index = entry.prev;
  }
  return { mode: MODES[mode ?? 0] ?? "disabled", filters: chain };
}

/** Threads share their filters: each is described once. */
const described = new WeakMap<MessageMap["seccomp_filter"], SeccompFilter>();

function describe(entry: MessageMap["seccomp_filter"], index: number): SeccompFilter {
  const known = described.get(entry);
  if (known !== undefined) return known;
  let summary: string | undefined;
  const filter: SeccompFilter = {
    index,
    flags: flagNames("seccomp.filter", entry.flags ?? 0),
    length: Math.floor(entry.filter.length / INSTRUCTION),
    // Few ask for it, and to go through a program takes its time.
    get summary() {
      return (summary ??= seccompText(entry.filter));
    },
    program: entry.filter,
  };
  described.set(entry, filter);
  return filter;
}
