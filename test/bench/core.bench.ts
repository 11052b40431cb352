// CRIU's own tool for core files lies in its source (coredump/coredump) and in no distribution:
// `CRIU_COREDUMP=/path/of/coredump npm run bench core`.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { largeProcess } from "./large-process.ts";
import { cli } from "./memory-search.bench.ts";
import type { Bench } from "./run.ts";

/** The peer's time grows with the square of the memory: 2 GiB would take it hours. */
const SIZE = 64 * 1024 ** 2;
const OUT = fileURLToPath(new URL("../../.cache/bench/cores", import.meta.url));

/** Our core of a process of `size` bytes. */
export async function coreOf(size: number) {
  const { folder, pid } = await largeProcess(size);
  mkdirSync(OUT, { recursive: true });
  const side = { name: "cryoscope core", commands: [cli("core", folder, "--pid", pid, "-o", `${OUT}/ours`)] };
  return { folder, pid, side };
}

export const bench: Bench = {
  title: "an ELF core of 64 MiB",
  goal: 10,
  rounds: 3,
  async prepare() {
    const peer = process.env["CRIU_COREDUMP"];
    if (peer === undefined) {
      console.error("core: CRIU_COREDUMP doesn't say where CRIU's coredump/coredump is");
      return undefined;
    }
    const { folder, pid, side } = await coreOf(SIZE);
    return [side, { name: "criu-coredump", commands: [[peer, "-i", folder, "-p", pid, "-o", OUT]] }];
  },
};
