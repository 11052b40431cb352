// `node --import tsx test/bench/checkpoint-loop.ts`: how long big checkpoints take to open in this process, as the editor
// opens them, and how long the event loop was held at most. A limit to keep (2 s, 50 ms), no comparison.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { openTree } from "../../src/archive/index.ts";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../src/checkpoint/index.ts";
import { writeManyAreas, writeManyProcesses } from "../unit/checkpoint/big-dump.ts";

interface Case {
  readonly title: string;
  readonly write: (folder: string) => Promise<unknown>;
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
];

console.log("| what | seconds | longest hold, ms |\n| --- | --- | --- |");
for (const { title, write, use } of CASES) {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    await write(folder);
    await measure(folder, use);
    const { seconds, held } = await measure(folder, use);
    console.log(`| ${title} | ${seconds.toFixed(2)} | ${held.toFixed(0)} |`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure(folder: string, use: Case["use"]): Promise<{ seconds: number; held: number }> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await setTimeout(20);
  delay.enable();
  const start = performance.now();
  const checkpoint = await openCheckpoint(await openTree(folder));
  await use(checkpoint);
  const seconds = (performance.now() - start) / 1000;
  await setTimeout(5);
  delay.disable();
  await checkpoint.close();
  return { seconds, held: delay.max / 1e6 };
}
