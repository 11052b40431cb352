import type { ProcFile } from "../model.ts";
import { detailsOf } from "../task-facts.ts";

/** By number of the resource (`include/uapi/asm-generic/resource.h`), as `fs/proc/base.c: lnames` has them. */
const LIMITS: readonly (readonly [name: string, unit: string])[] = [
  ["Max cpu time", "seconds"],
  ["Max file size", "bytes"],
  ["Max data size", "bytes"],
  ["Max stack size", "bytes"],
  ["Max core file size", "bytes"],
  ["Max resident set", "bytes"],
  ["Max processes", "processes"],
  ["Max open files", "files"],
  ["Max locked memory", "bytes"],
  ["Max address space", "bytes"],
  ["Max file locks", "locks"],
  ["Max pending signals", "signals"],
  ["Max msgqueue size", "bytes"],
  ["Max nice priority", ""],
  ["Max realtime priority", ""],
  ["Max realtime timeout", "us"],
];

const row = (name: string, soft: string, hard: string, unit: string): string =>
  `${name.padEnd(25)} ${soft.padEnd(20)} ${hard.padEnd(20)} ${unit === "" ? "" : unit.padEnd(10)}\n`;
const limit = (value: bigint | undefined): string => (value === undefined ? "unlimited" : String(value));

/** `fs/proc/base.c: proc_pid_limits`. */
export const limits: ProcFile = {
  name: "limits",
  perThread: true,
  write: async (task) => {
    const found = (await detailsOf(task)).limits;
    if (found.length === 0) return undefined;
    const rows = LIMITS.flatMap(([name, unit], index) => {
      const set = found[index];
      return set === undefined ? [] : [row(name, limit(set.soft), limit(set.hard), unit)];
    });
    return row("Limit", "Soft Limit", "Hard Limit", "Units") + rows.join("");
  },
  differences: [],
};
