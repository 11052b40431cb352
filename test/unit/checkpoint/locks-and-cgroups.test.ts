import assert from "node:assert/strict";
import { procFile, readSnapshot, snapshotPids, withCheckpoint } from "./support.ts";

describe("file locks and cgroups", () => {
  it("are those that fdinfo showed", async () => {
    await withCheckpoint("corpus/c-locks", "img", async (checkpoint, folder) => {
      const [pid] = await snapshotPids(folder);
      assert(pid !== undefined);
      const { fd } = await readSnapshot(folder, pid);
      const truth = Object.entries(fd).flatMap(([number, { info }]) =>
        [...info.matchAll(/^lock:\t\d+: (\w+) +\w+ +(\w+) \S+ \S+ (\d+) (\w+)$/gm)].map(
          ([, kind, type, start, end]) => [Number(number), kind, type, start, end].join(" "),
        ),
      );
      const { value } = await checkpoint.fileLocks();
      const kinds = { posix: "POSIX", flock: "FLOCK", ofd: "OFDLCK", lease: "LEASE", unknown: "?" };
      const types: Readonly<Record<string, string>> = { F_RDLCK: "READ", F_WRLCK: "WRITE" };
      assert.deepEqual(
        value.map(({ kind, type, start, length, fd: number }) =>
          [number, kinds[kind], types[type], start, length === 0n ? "EOF" : start + length - 1n].join(" "),
        ),
        truth,
      );
    });
  });

  it("are those of /proc/PID/cgroup", async () => {
    await withCheckpoint("corpus/c-cgroup-full", "img", async (checkpoint, folder) => {
      const [pid] = await snapshotPids(folder);
      assert(pid !== undefined);
      const { sets, controllers } = (await checkpoint.cgroups()).value;
      const { cgroupSet } = (await checkpoint.details(pid)).value;
      const set = sets.find(({ id }) => id === cgroupSet);
      const truth = (await procFile(folder, pid, "cgroup")).trim().split("\n");
      assert.deepEqual(
        set?.members.map(({ hierarchy, path }) => `${hierarchy}:${path}`).toSorted(),
        truth.map((line) => line.replace(/^\d+:/, "")).toSorted(),
      );
      const pids = controllers.find(({ names }) => names.includes("pids"));
      assert.equal(pids?.folders[0]?.properties.find(({ name }) => name === "pids.max")?.value, "321");
    });
  });
});
