import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../lab/place.ts";
import { whyNoCheckpointctl } from "./archive.ts";
import { largeArchive } from "./large-process.ts";
import { REGEX } from "./memory-regex.bench.ts";
import { cli } from "./memory-search.bench.ts";
import type { Bench } from "./run.ts";

export const bench: Bench = {
  title: "search an archive of 2 GiB by a regular expression",
  goal: 3,
  rounds: 1,
  async prepare() {
    const why = whyNoCheckpointctl();
    if (why !== undefined) {
      console.error(`memory-memparse: ${why}`);
      return undefined;
    }
    const folder = join(ROOT, "tmp/bench");
    mkdirSync(folder, { recursive: true });
    const name = await largeArchive(folder);
    const search = ["search", join(folder, name), REGEX, "--regex", "--pid", "1", "--threads"] as const;
    const peer = ["memparse", "--pid", "1", "--search-regex", REGEX, `/tmp/bench/${name}`] as const;
    return [
      { name: "cryoscope search --regex --threads 1", commands: [cli(...search, "1")] },
      { name: "cryoscope search --regex --threads 2", commands: [cli(...search, "2")] },
      {
        name: "checkpointctl memparse --search-regex",
        commands: [["chroot", ROOT, "checkpointctl", ...peer]],
      },
    ];
  },
};
