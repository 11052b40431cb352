import { benchDump } from "./memory-dump.ts";
import { cli, has } from "./memory-search.bench.ts";
import type { Bench } from "./run.ts";

/** In Go and JavaScript the same. */
export const REGEX = "line [0-9]{5}77777";

export const bench: Bench = {
  title: "search 2 GiB by a regular expression",
  rounds: 3,
  prepare() {
    const { folder, pages } = benchDump();
    const search = ["search", folder, REGEX, "--regex", "--count"] as const;
    return Promise.resolve([
      { name: "cryoscope search --regex --threads 1", commands: [cli(...search, "--threads", "1")] },
      { name: "cryoscope search --regex --threads 2", commands: [cli(...search, "--threads", "2")] },
      { name: "grep -a -P -c", commands: [["grep", "-a", "-P", "-c", REGEX, pages]], isShort: true },
      ...(has("rg")
        ? [{ name: "rg -j1 -a -c", commands: [["rg", "-j1", "-a", "-c", REGEX, pages] as const] }]
        : []),
    ]);
  },
};
