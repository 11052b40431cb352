import { benchDump, MARK } from "./memory-dump.ts";
import { searchSides } from "./memory-search.bench.ts";
import type { Bench } from "./run.ts";

export const bench: Bench = {
  title: "search 2 GiB for a text that is there 1,000 times",
  goal: 1,
  rounds: 5,
  prepare() {
    const { folder, pages } = benchDump();
    return Promise.resolve(searchSides(folder, pages, MARK));
  },
};
