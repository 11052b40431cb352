import { benchDump, MARK } from "./memory-dump.ts";
import { searchSides } from "./memory-search.bench.ts";
import type { Bench } from "./run.ts";

export const bench: Bench = {
  title: "search 2 GiB in 100,000 runs of pages",
  goal: 1,
  rounds: 5,
  prepare() {
    const { folder, pages } = benchDump(100_000);
    return Promise.resolve(searchSides(folder, pages, MARK));
  },
};
