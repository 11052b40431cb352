import assert from "node:assert/strict";
import { readSnapshot, snapshotPids, withCheckpoint } from "./support.ts";

describe("connections", () => {
  it("join both ends of pipes to the processes that hold them", async () => {
    await withCheckpoint("corpus/c-pipes", "img", async (checkpoint, folder) => {
      // /proc/PID/fd of both processes names the pipes.
      const truth = new Map<string, string[]>();
      for (const pid of (await snapshotPids(folder)).toSorted((a, b) => a - b)) {
        const { fd } = await readSnapshot(folder, pid);
        for (const [number, { link }] of Object.entries(fd))
          if (link.startsWith("pipe:")) truth.set(link, [...(truth.get(link) ?? []), `${pid}/${number}`]);
      }
      const { value, problems } = await checkpoint.connections();
      assert.deepEqual(problems, []);
      const found = new Map(
        value
          .filter(({ kind }) => kind === "pipe")
          .map(({ name, ends }) => [
            name,
            ends.flatMap(({ holders }) => holders.map(({ pid, fd }) => `${pid}/${fd}`)).toSorted(),
          ]),
      );
      assert.deepEqual(
        found,
        new Map([...truth].map(([name, all]) => [name, all.toSorted()] as const).toSorted(order(found))),
      );
    });
  });

  it("join unix sockets and TCP connections with their other end", async () => {
    await withCheckpoint("corpus/c-unix", "img", async (checkpoint) => {
      const { value } = await checkpoint.connections();
      const pairs = value.filter(({ ends }) => ends.length === 2);
      // Three pairs of socketpair(), one accepted connection, one more pair; and two sockets with a peer that isn't theirs.
      assert.ok(pairs.length >= 5);
      assert.ok(value.some(({ listening, name }) => listening && name === "@lab-abstract-name"));
    });
    await withCheckpoint("sealed/tree-restorable-enc", "plain", async (checkpoint) => {
      const { value } = await checkpoint.connections();
      const tcp = value.find(({ kind, ends }) => kind === "inet" && ends.length === 2);
      assert.match(tcp?.name ?? "", /8123/);
      assert.deepEqual(
        tcp?.ends.map(({ holders }) => holders.map(({ pid, fd }) => [pid, fd])[0]),
        [
          [1, 35],
          [1, 36],
        ],
      );
    });
  });
});

/** The order of the keys of a map, for comparing. */
const order =
  (map: ReadonlyMap<string, unknown>) =>
  ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
    [...map.keys()].indexOf(a) - [...map.keys()].indexOf(b);
