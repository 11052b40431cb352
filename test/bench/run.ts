// `npm run bench [NAME…]`: each case beside its peer in one run, as a table of medians and ratios. Run on a quiet
// machine; the table goes into docs/benchmarks.md by hand, the bad figures too.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { measure, median } from "./measure.ts";
import type { Run, Side } from "./measure.ts";

/** One comparison. Each lies in a file of its own, `NAME.bench.ts`, as its `bench` export. */
export interface Bench {
  readonly title: string;
  /** How many times faster than the peer we mean to be; undefined where there is only a limit to keep. */
  readonly goal?: number;
  readonly rounds: number;
  /** Ours first. Undefined, with the reason told, when the peer can't be had here. */
  prepare(): Promise<readonly Side[] | undefined>;
}

const wanted = process.argv.slice(2);
const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".bench.ts"));
console.log(
  "| what | who | seconds | processor | peak MiB | ratio | of processor | goal |\n| --- | --- | --- | --- | --- | --- | --- | --- |",
);
for (const file of files) {
  if (wanted.length > 0 && !wanted.includes(file.replace(/\.bench\.ts$/, ""))) continue;
  // A module of this folder, which exports `bench` (see above).
  const { bench } = (await import(join(import.meta.dirname, file))) as { bench: Bench };
  const sides = await bench.prepare();
  if (!sides) continue;
  const runs = measure(sides, bench.rounds);
  const middle = (side: Side, of: (run: Run) => number): number => median((runs.get(side) ?? []).map(of));
  const ours = sides[0];
  for (const side of sides) {
    const times = (of: (run: Run) => number): string =>
      ours && side !== ours ? `${(middle(side, of) / middle(ours, of)).toFixed(1)} ×` : "";
    const cells = [
      bench.title,
      side.name,
      middle(side, (run) => run.seconds).toFixed(3),
      middle(side, (run) => run.processor).toFixed(3),
      middle(side, (run) => run.peakMiB).toFixed(0),
      times((run) => run.seconds),
      times((run) => run.processor),
      side === ours || bench.goal === undefined ? "" : `${bench.goal} ×`,
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
