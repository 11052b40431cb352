import { limitName } from "../../criu/index.ts";
import type { MessageMap } from "../../criu/index.ts";

/** A resource limit. */
export interface Limit {
  readonly resource: number;
  /** `RLIMIT_NOFILE`. */
  readonly name: string;
  /** Undefined is unlimited. */
  readonly soft: bigint | undefined;
  readonly hard: bigint | undefined;
}

const INFINITY = 0xffff_ffff_ffff_ffffn;

/** The limits in the kernel's order (`criu/cr-dump.c: dump_task_rlimits`). */
export function limitsOf(entries: readonly MessageMap["rlimit_entry"][]): readonly Limit[] {
  const value = (number: bigint): bigint | undefined => (number === INFINITY ? undefined : number);
  return entries.map(({ cur, max }, resource) => ({
    resource,
    name: limitName(resource) ?? `RLIMIT_${resource}`,
    soft: value(cur),
    hard: value(max),
  }));
}
