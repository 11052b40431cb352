// Whole processes, measured by the operating system's own accounting (/usr/bin/time), ours and the peer's in turn.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A program with its arguments. */
export type Command = readonly [program: string, ...args: string[]];

/** What one side of a comparison does: one or more processes, one after the other. */
export interface Side {
  readonly name: string;
  readonly commands: readonly Command[];
  /** Little is printed, and into a pipe: grep ends at the first match when it sees that its output goes to /dev/null. */
  readonly isShort?: boolean;
}

/** One run of a side: seconds in all, and the largest process's peak of resident memory in MiB. */
export interface Run {
  readonly seconds: number;
  /** Seconds of all threads on a processor, the system's for them included: what other work on the machine hardly changes. */
  readonly processor: number;
  readonly peakMiB: number;
}

/** Runs the sides in turn (A B A B …) after one uncounted round; gives each side's runs. */
export function measure(sides: readonly Side[], rounds: number): ReadonlyMap<Side, readonly Run[]> {
  const runs = new Map<Side, Run[]>(sides.map((side) => [side, []]));
  for (let round = 0; round <= rounds; round++)
    for (const side of sides) {
      const run = runOnce(side);
      if (round > 0) runs.get(side)?.push(run);
    }
  return runs;
}

function runOnce({ name, commands, isShort = false }: Side): Run {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  const report = join(folder, "time");
  try {
    let peakMiB = 0;
    let processor = 0;
    const start = process.hrtime.bigint();
    for (const [program, ...args] of commands) {
      const time = ["-o", report, "-f", "%M %U %S", "--", program, ...args];
      const { status, stderr } = spawnSync("/usr/bin/time", time, {
        stdio: ["ignore", isShort ? "pipe" : "ignore", "pipe"],
      });
      // 1 is "done with findings": a corpus has broken images too.
      if (status !== 0 && status !== 1) throw new Error(`${name} ended with ${status}: ${String(stderr)}`);
      const line = readFileSync(report, "utf8").trim().split("\n").at(-1) ?? "";
      const [peak = NaN, user = NaN, system = NaN] = line.split(" ").map(Number);
      peakMiB = Math.max(peakMiB, peak / 1024);
      processor += user + system;
    }
    return { seconds: Number(process.hrtime.bigint() - start) / 1e9, processor, peakMiB };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}
