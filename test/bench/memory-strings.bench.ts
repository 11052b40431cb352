import { benchDump } from "./memory-dump.ts";
import { cli } from "./memory-search.bench.ts";
import type { Bench } from "./run.ts";

export const bench: Bench = {
  title: "strings of 2 GiB",
  goal: 1,
  rounds: 1,
  prepare() {
    const { folder, pages } = benchDump();
    const strings = ["strings", folder, "-n", "8", "--threads"] as const;
    return Promise.resolve([
      { name: "cryoscope strings --threads 1", commands: [cli(...strings, "1")] },
      { name: "cryoscope strings --threads 2", commands: [cli(...strings, "2")] },
      { name: "strings -a -n 8", commands: [["strings", "-a", "-n", "8", pages]] },
    ]);
  },
};
