// CRIU's own tool for core files lies in its source (coredump/coredump) and in no distribution:
// `CRIU_COREDUMP=/path/of/coredump npm run bench core`.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { largeProcess } from "./large-process.ts";
import { cli } from "./memory-search.bench.ts";
import type { Bench } from "./run.ts";

export const bench: Bench = {
  title: "an ELF core of 2 GiB",
  goal: 10,
  rounds: 1,
  async prepare() {
    const peer = process.env["CRIU_COREDUMP"];
    if (peer === undefined) {
      console.error("core: CRIU_COREDUMP doesn't say where CRIU's coredump/coredump is");
      return undefined;
    }
    const { folder, pid } = await largeProcess();
    const out = fileURLToPath(new URL("../../.cache/bench/cores", import.meta.url));
    mkdirSync(out, { recursive: true });
    return [
      { name: "cryoscope core", commands: [cli("core", folder, "--pid", pid, "-o", `${out}/ours`)] },
      { name: "criu-coredump", commands: [[peer, "-i", folder, "-p", pid, "-o", out]] },
    ];
  },
};
