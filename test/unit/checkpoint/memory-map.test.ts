import assert from "node:assert/strict";
import type { Mapping } from "../../../src/checkpoint/index.ts";
import { procFile, snapshotPids, withCheckpoint } from "./support.ts";

const DUMPS = ["a-single", "b-threads50", "c-files", "c-shmem", "c-memfd", "c-ghost", "c-sysv", "c-aio"];

describe("memory map of a process", () => {
  for (const name of DUMPS)
    it(`is what /proc/PID/maps was, in ${name}`, async () => {
      await withCheckpoint(`corpus/${name}`, "img", async (checkpoint, folder) => {
        for (const pid of await snapshotPids(folder)) {
          const { value, problems } = await checkpoint.memoryMap(pid);
          assert.deepEqual(problems, []);
          const maps = await procFile(folder, pid, "maps");
          assert.deepEqual(value.map(asLine).filter(isComparable), lines(maps).filter(isComparable));
        }
      });
    });
});

/** CRIU keeps the kernel's two vvar areas as one. */
const isComparable = (line: string): boolean => !line.includes("[vvar");

function asLine({ start, end, permissions, offset, name, fileId, kind }: Mapping): string {
  // For memory without a file in files.img the kernel's offset says nothing.
  const shown = fileId === undefined ? "-" : offset.toString(16);
  return `${start.toString(16)}-${end.toString(16)} ${permissions} ${shown} ${kind === "sysv" || kind === "aio" ? "-" : (name ?? "")}`;
}

function lines(maps: string): readonly string[] {
  return maps
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [range = "", permissions = "", offset = "", , , ...path] = line.split(/ +/);
      const name = path.join(" ");
      const isFile = name.startsWith("/") && !/^\/(SYSV|\[aio\])/.test(name);
      const [start = "", end = ""] = range.split("-").map((address) => BigInt(`0x${address}`).toString(16));
      const shown = isFile ? Number.parseInt(offset, 16).toString(16) : "-";
      return `${start}-${end} ${permissions} ${shown} ${/^\/(SYSV|\[aio\])/.test(name) ? "-" : name}`;
    });
}
