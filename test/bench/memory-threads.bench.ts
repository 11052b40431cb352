import { benchDump, ABSENT } from "./memory-dump.ts";
import { cli } from "./memory-search.bench.ts";
import type { Bench } from "./run.ts";

/** So often is the same dump named: starting a thread shall not be most of what is measured. */
const TIMES = 4;

/** What a second thread brings, and what a second grep beside the first brings on this machine. */
export const bench: Bench = {
  title: "search 8 GiB with two threads, beside one",
  goal: 1.7,
  rounds: 5,
  prepare() {
    const { folder, pages } = benchDump();
    const folders = new Array<string>(TIMES).fill(folder);
    const search = (threads: string) => cli("search", ...folders, ABSENT, "--count", "--threads", threads);
    const files = new Array<string>(TIMES).fill(pages);
    const grep = ["grep", "-a", "-F", "-c", ABSENT, "--"] as const;
    const half = files.slice(TIMES / 2).join("' '");
    const both = `grep -a -F -c "$0" '${half}' & grep -a -F -c "$0" '${half}'; wait`;
    return Promise.resolve([
      { name: "cryoscope search --threads 2", commands: [search("2")], isShort: true },
      { name: "cryoscope search --threads 1", commands: [search("1")], isShort: true },
      { name: "two greps, half of it each", commands: [["sh", "-c", both, ABSENT]], isShort: true },
      { name: "one grep of all", commands: [[...grep, ...files]], isShort: true },
    ]);
  },
};
