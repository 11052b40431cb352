// A process in a user namespace of its own: the live /proc was saved from outside, just before CRIU froze it.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { snapshotPids, withCheckpoint } from "../checkpoint/support.ts";
import { assertSame, frozenText, procOf } from "./support.ts";

/** Ids as they are inside: the map has `inside outside count`. */
function mapped(status: string, map: string): string {
  const [inside = 0, outside = 0, count = 0] = map.trim().split(/\s+/).map(Number);
  return status.replaceAll(/(?<=^(?:Uid|Gid|Groups):.*)\b\d+\b/gm, (id) => {
    const number = Number(id);
    return number >= outside && number < outside + count ? String(number - outside + inside) : id;
  });
}

describe("a process in a user namespace", () => {
  it("has the maps, ids and files that it had", () =>
    withCheckpoint("userns", "img", async (checkpoint, folder) => {
      const [pid = 0] = await snapshotPids(folder);
      const proc = procOf(checkpoint);
      const live = join(folder, "proc", String(pid));
      const map = await readFile(join(live, "uid_map"), "latin1");
      assert.match(map, /^ +0 +1000 +10$/m);
      const gids = await readFile(join(live, "gid_map"), "latin1");
      for (const name of await readdir(live)) {
        const saved = await readFile(join(live, name), "latin1");
        // The live file shows the ids as the reader's namespace has them.
        const seen =
          name === "status"
            ? saved
                .split("\n")
                .map((line) => mapped(line, line.startsWith("Uid") ? map : gids))
                .join("\n")
            : saved;
        const frozen = await frozenText(proc, pid, name);
        if (frozen !== undefined) assertSame(`PID/${name}`, seen, frozen, name);
      }
    }));

  it("is in the namespace whose maps crit decodes", () =>
    withCheckpoint("userns", "img", async (checkpoint, folder) => {
      const crit = (await readdir(join(folder, "crit"))).find((name) => name.startsWith("userns-")) ?? "";
      const { entries } = JSON.parse(await readFile(join(folder, "crit", crit), "utf8")) as {
        entries: readonly { uid_map: readonly unknown[]; gid_map: readonly unknown[] }[];
      };
      const user = (await checkpoint.namespaces()).value.find(({ kind }) => kind === "user");
      assert.equal(user?.facts?.type, "user");
      const plain = (maps: readonly object[]): unknown[] => maps.map((map) => Object.values(map).map(Number));
      assert.deepEqual(plain(user.facts.uidMap), plain(entries[0]?.uid_map as object[]));
      assert.deepEqual(plain(user.facts.gidMap), plain(entries[0]?.gid_map as object[]));
      assert.deepEqual(
        user.pids,
        checkpoint.processes.map((process) => process.pid),
      );
    }));
});
