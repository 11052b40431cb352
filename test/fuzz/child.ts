// Runs cases in a process of its own, so that one that never ends, or eats the memory, ends nothing else. One line of JSON a
// case on standard output, written before (`start`) and after it.
import { writeSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { checkCase, makeCase } from "./cases.ts";
import type { FuzzCase } from "./cases.ts";
import { checkImage } from "./checks.ts";
import { craftedFiles } from "./crafted.ts";
import type { CraftedFile } from "./crafted.ts";
import { randomOf } from "./random.ts";
import { loadSamples } from "./samples.ts";

/** A case may take as long, in milliseconds of this process's own time. */
const MAX_TIME = 1000;
const MIN_MEMORY = 64 << 20;

/** What a child is told on its command line. */
export interface ChildOrder {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly only: string;
  /** The crafted files, and no cases. */
  readonly crafted?: boolean;
}

export interface ChildReport {
  readonly number: number;
  /** `start`: it begins. `passed`. Else what doesn't hold. */
  readonly state: "start" | "passed" | "broken" | "slow" | "greedy";
  readonly group?: string;
  readonly milliseconds?: number;
  readonly origin?: string;
  readonly name?: string;
  readonly done?: readonly string[];
  readonly error?: string;
  /** The file, in base64, where it did not pass. */
  readonly file?: string;
}

setFlagsFromString("--expose-gc");
// The flag adds a global to contexts that are made from now on.
const collect = runInNewContext("gc") as () => void;

function memory(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

interface Cost {
  readonly milliseconds: number;
  readonly bytes: number;
}

/** Time of a case, and the most memory it held beyond `limit`: what is garbage doesn't count. */
async function measure(check: (pulse: () => void) => Promise<void>, limit: number): Promise<Cost> {
  const before = memory();
  let peak = 0;
  const pulse = (): void => {
    if (memory() - before <= limit) return;
    collect();
    peak = Math.max(peak, memory() - before);
  };
  const cpu = process.cpuUsage();
  const started = performance.now();
  await check(pulse);
  const wall = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  // A busy machine makes a case slow by the clock, the collector's threads by processor time.
  return { milliseconds: Math.min(wall, (user + system) / 1000), bytes: peak };
}

function memoryLimit(file: Uint8Array): number {
  return Math.max(MIN_MEMORY, 16 * file.length);
}

async function judge(
  groups: Parameters<typeof makeCase>[0],
  seed: number,
  number: number,
): Promise<ChildReport> {
  const make = (): FuzzCase => makeCase(groups, seed, number);
  const one = make();
  const { sample, name, done, bytes } = one;
  const facts = { number, group: sample.group, origin: sample.origin, name, done };
  const file = bytes.toString("base64");
  const limit = memoryLimit(bytes);
  try {
    let cost = await measure((pulse) => checkCase(one, pulse), limit);
    if (cost.bytes > limit)
      return { ...facts, state: "greedy", error: `${cost.bytes} bytes of memory`, file };
    if (cost.milliseconds > MAX_TIME) cost = await measure((pulse) => checkCase(make(), pulse), limit);
    if (cost.milliseconds > MAX_TIME)
      return { ...facts, state: "slow", error: `${cost.milliseconds} ms`, file };
    return { number, state: "passed", group: sample.group, milliseconds: cost.milliseconds };
  } catch (error) {
    return { ...facts, state: "broken", error: textOf(error), file };
  }
}

/** A file made to cost memory; larger than those of cases, so that its time isn't judged. */
async function judgeCrafted({ name, what, bytes }: CraftedFile, number: number): Promise<ChildReport> {
  const facts = { number, group: "crafted", origin: what, name, done: [] };
  const limit = memoryLimit(bytes);
  try {
    collect();
    const cost = await measure((pulse) => checkImage(name, bytes, randomOf(0, number), { pulse }), limit);
    if (cost.bytes > limit) return { ...facts, state: "greedy", error: `${cost.bytes} bytes of memory` };
    return { number, state: "passed", group: "crafted" };
  } catch (error) {
    return { ...facts, state: "broken", error: textOf(error) };
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? "") : String(error);
}

function report(line: ChildReport): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

// The parent wrote it (run.ts).
const { seed, from, to, only, crafted } = JSON.parse(process.argv[2] ?? "{}") as ChildOrder;
const groups = crafted ? new Map<string, never>() : await loadSamples(only);
if (crafted)
  for (const [index, file] of craftedFiles().entries()) {
    report({ number: index, state: "start" });
    report(await judgeCrafted(file, index));
  }
for (let number = from; number < to; number++) {
  report({ number, state: "start" });
  report(await judge(groups, seed, number));
}
