import { spawnSync } from "node:child_process";
import { ABSENT, benchDump } from "./memory-dump.ts";
import type { Side } from "./measure.ts";
import type { Bench } from "./run.ts";

export const cli = (...args: readonly string[]): readonly [string, ...string[]] => [
  process.execPath,
  "dist/cli.cjs",
  ...args,
];

/** Whether a peer can be run here. */
export const has = (program: string): boolean => spawnSync(program, ["--version"]).status === 0;

/** Single thread against single thread. */
export function searchSides(folder: string, pages: string, text: string): readonly Side[] {
  const sides: readonly Side[] = [
    {
      name: "cryoscope search --threads 1",
      commands: [cli("search", folder, text, "--count", "--threads", "1")],
    },
    {
      name: "cryoscope search --threads 2",
      commands: [cli("search", folder, text, "--count", "--threads", "2")],
    },
    { name: "grep -a -F -c", commands: [["grep", "-a", "-F", "-c", text, pages]] },
    ...(has("rg")
      ? [{ name: "rg -j1 -a -F -c", commands: [["rg", "-j1", "-a", "-F", "-c", text, pages] as const] }]
      : []),
  ];
  return sides.map((side) => ({ ...side, isShort: true }));
}

export const bench: Bench = {
  title: "search 2 GiB for a text that isn't there",
  goal: 1,
  rounds: 5,
  prepare() {
    const { folder, pages } = benchDump();
    return Promise.resolve(searchSides(folder, pages, ABSENT));
  },
};
