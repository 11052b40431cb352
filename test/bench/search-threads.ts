// `node --import tsx test/bench/search-threads.ts`: a checkpoint of 2 GiB searched by one worker and by two in turn, which were
// started before. Medians of milliseconds; to be put into docs/benchmarks.md by hand.
import { setTimeout as sleep } from "node:timers/promises";
import { openTree } from "../../src/archive/index.ts";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { openMemory, searchMemory, startSearch } from "../../src/memory/index.ts";
import type { MemoryQuery } from "../../src/memory/index.ts";
import { median } from "./measure.ts";
import { ABSENT, benchDump, MARK, MARKS } from "./memory-dump.ts";

const ROUNDS = 7;
/** Workers are surely ready then. */
const START_MS = 1500;

const QUERIES: readonly (readonly [what: string, query: MemoryQuery, count: number])[] = [
  ["a text that isn't there", { kind: "text", text: ABSENT, encoding: "utf-8", matchCase: true }, 0],
  [
    "a text that is there 1,000 times",
    { kind: "text", text: MARK, encoding: "utf-8", matchCase: true },
    MARKS,
  ],
  ["the same text in any case", { kind: "text", text: MARK, encoding: "utf-8", matchCase: false }, MARKS],
  ["a regular expression", { kind: "regex", text: "a m[a-z]rk that is r[a-z]+e", matchCase: true }, MARKS],
];

const memory = openMemory(await openCheckpoint(await openTree(benchDump().folder)));

async function timed(query: MemoryQuery, threads: number, expected: number): Promise<number> {
  const pool = startSearch(query, { threads });
  await sleep(START_MS);
  const start = performance.now();
  let count = 0;
  for await (const step of searchMemory([memory], query, { threads, pool })) count += step.count;
  if (count !== expected) throw new Error(`${count} matches, not ${expected}`);
  return performance.now() - start;
}

console.log("| | one worker, ms | two workers, ms | ratio |\n| --- | --- | --- | --- |");
for (const [what, query, count] of QUERIES) {
  const times: readonly [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round++)
    for (const threads of [1, 2] as const) {
      const time = await timed(query, threads, count);
      if (round > 0) times[threads - 1]?.push(time);
    }
  const [one, two] = times.map(median) as [number, number];
  console.log(`| ${what} | ${one.toFixed(0)} | ${two.toFixed(0)} | ${(one / two).toFixed(2)} |`);
}
