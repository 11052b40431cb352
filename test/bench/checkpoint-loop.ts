// `node --import tsx test/bench/checkpoint-loop.ts`: how long big checkpoints take to open in this process, as the editor
// opens them, and how long the event loop was held at most. A limit to keep (2 s, 50 ms), no comparison.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { openNested, openTree } from "../../src/archive/index.ts";
import type { FileTree } from "../../src/archive/index.ts";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../src/checkpoint/index.ts";
import { BLOCK, endlessTar, longestHold } from "../unit/archive/endless.ts";
import { tar } from "../unit/archive/helpers.ts";
import { writeManyAreas, writeManyProcesses } from "../unit/checkpoint/big-dump.ts";

interface Case {
  readonly title: string;
  readonly write: (folder: string) => Promise<unknown>;
  /** What is opened; the folder where nothing is said. */
  readonly open?: () => Promise<FileTree>;
  readonly use: (checkpoint: Checkpoint) => Promise<unknown>;
}

const CASES: readonly Case[] = [
  {
    title: "open 1,000 processes",
    write: (folder) => writeManyProcesses(folder, 1000),
    use: () => Promise.resolve(),
  },
  {
    title: "1,000 processes: connections and namespaces",
    write: (folder) => writeManyProcesses(folder, 1000),
    use: async (checkpoint) => [await checkpoint.connections(), await checkpoint.namespaces()],
  },
  {
    title: "open and list 100,000 VMAs",
    write: (folder) => writeManyAreas(folder, 100_000),
    use: (checkpoint) => checkpoint.memoryMap(checkpoint.processes[0]?.pid ?? 0),
  },
  {
    title: "100,000 VMAs with their pages",
    write: (folder) => writeManyAreas(folder, 100_000),
    use: (checkpoint) => checkpoint.memoryUse(checkpoint.processes[0]?.pid ?? 0),
  },
  {
    title: "open 1,000,000 names in the folder of the images",
    write: () => Promise.resolve(),
    open: async () => {
      const first = (await tar({ name: "checkpoint", type: "directory" })).subarray(0, BLOCK);
      const nameOf = (index: number): string => (index === 0 ? "pstree" : `core-${index}`);
      return openNested(
        endlessTar(first, 999_990, (index) => `checkpoint/${nameOf(index)}.img`),
        "million.tar",
      );
    },
    use: () => Promise.resolve(),
  },
];

console.log(
  "| what | seconds | longest hold, ms | of processor, with garbage collection |\n| --- | --- | --- | --- |",
);
for (const { title, write, open, use } of CASES) {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    await write(folder);
    const tree = open ?? (() => openTree(folder));
    await measure(tree, use);
    const { seconds, held, processor } = await measure(tree, use);
    console.log(`| ${title} | ${seconds.toFixed(2)} | ${held.toFixed(0)} | ${processor.toFixed(0)} |`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Measured {
  readonly seconds: number;
  readonly held: number;
  /** The same in processor time of all threads: on a busy machine the clock says little. */
  readonly processor: number;
}

async function measure(open: () => Promise<FileTree>, use: Case["use"]): Promise<Measured> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await setTimeout(20);
  delay.enable();
  const start = performance.now();
  let checkpoint: Checkpoint | undefined;
  const processor = await longestHold(async () => {
    checkpoint = await openCheckpoint(await open());
    await use(checkpoint);
  });
  const seconds = (performance.now() - start) / 1000;
  await setTimeout(5);
  delay.disable();
  await checkpoint?.close();
  return { seconds, held: delay.max / 1e6, processor };
}
