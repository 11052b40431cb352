// `node --import tsx test/bench/random-reads.ts`: 4 KiB at random addresses of a process with 100,000 pagemap entries, in turn
// with what Node needs for the same bytes of the pages file. Medians of microseconds a read; to be put into
// docs/benchmarks.md by hand.
import { closeSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { openTree } from "../../src/archive/index.ts";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { openMemory } from "../../src/memory/index.ts";
import { median } from "./measure.ts";
import { benchDump, PID } from "./memory-dump.ts";

const ENTRIES = 100_000;
const READS = 20_000;
const ROUNDS = 5;
const PAGE = 4096;

const { folder, pages, address, size } = benchDump(ENTRIES);
const pagesAnEntry = Math.floor(size / PAGE / ENTRIES);
/** Pages of the file that were chosen by chance, and where they are in the process: behind each run one page is missing. */
const chosen = Array.from({ length: READS }, () => {
  const entry = Math.floor(Math.random() * ENTRIES);
  const page = entry * pagesAnEntry + Math.floor(Math.random() * pagesAnEntry);
  return { offset: page * PAGE, address: address + BigInt((page + entry) * PAGE) };
});

const tree = await openTree(folder);
const checkpoint = await openCheckpoint(tree);
const memory = openMemory(checkpoint);
const space = await memory.space(PID);
const handle = await open(pages);
const descriptor = openSync(pages, "r");
const buffer = Buffer.alloc(PAGE);

const WAYS: readonly (readonly [who: string, read: (at: (typeof chosen)[number]) => unknown])[] = [
  ["cryoscope, AddressSpace.readBytes", (at) => space.readBytes(at.address, PAGE)],
  ["Node, FileHandle.read", (at) => handle.read(Buffer.allocUnsafe(PAGE), 0, PAGE, at.offset)],
  ["Node, readSync", (at) => readSync(descriptor, buffer, 0, PAGE, at.offset)],
];

for (const at of chosen.slice(0, 100)) {
  readSync(descriptor, buffer, 0, PAGE, at.offset);
  if (!buffer.equals(await space.readBytes(at.address, PAGE)))
    throw new Error(`other bytes at ${at.address}`);
}
const clock = new Map<string, number[]>(WAYS.map(([who]) => [who, []]));
const processor = new Map<string, number[]>(WAYS.map(([who]) => [who, []]));
for (let round = 0; round <= ROUNDS; round++)
  for (const [who, read] of WAYS) {
    const [start, used] = [performance.now(), process.cpuUsage()];
    for (const at of chosen) await read(at);
    const { user, system } = process.cpuUsage(used);
    if (round === 0) continue;
    clock.get(who)?.push(((performance.now() - start) * 1000) / READS);
    processor.get(who)?.push((user + system) / READS);
  }
console.log("| a read of 4 KiB | clock, µs | processor, µs |\n| --- | --- | --- |");
for (const [who] of WAYS) {
  const of = (times: typeof clock): string => median(times.get(who) ?? []).toFixed(1);
  console.log(`| ${who} | ${of(clock)} | ${of(processor)} |`);
}
closeSync(descriptor);
await handle.close();
await memory.close();
await checkpoint.close();
await tree.close();
