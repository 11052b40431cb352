// What `crit x DIR ps|fds|mems|rss` printed of the same images, word by word as far as the words are of the checkpoint.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Checkpoint, Mapping, OpenFile } from "../../../src/checkpoint/index.ts";
import { withCheckpoint } from "./support.ts";

const CORPUS = (
  "a-single b-threads50 c-aio c-cgroup-full c-chroot c-eventpoll c-files c-ghost c-inotify c-linkremap c-locks c-memfd c-netlink " +
  "c-pidfd c-pipes c-pty c-raw c-seccomp c-shmem c-signals c-sysv c-tcplisten c-timers c-tun-netns c-udp c-unix d-redis ns-mnt " +
  "ns-net ns-pid-uts-ipc ns-time"
).split(" ");
const OLDER = "a-single b-threads50 c-eventpoll c-files c-ghost c-locks c-pipes c-shmem c-unix".split(" ");

const DUMPS: readonly (readonly [fixture: string, folder: string])[] = [
  ...CORPUS.map((name) => [`corpus/${name}`, ""] as const),
  // The same programs, dumped by CRIU 4.1.1.
  ...OLDER.map((name) => ["corpus/criu-4.1.1", name] as const),
];

const forEachDump = async (
  what: string,
  use: (checkpoint: Checkpoint, printed: string, name: string) => Promise<void> | void,
): Promise<void> => {
  for (const [name, below] of DUMPS)
    await withCheckpoint(name, join(below, "img"), async (checkpoint, folder) => {
      const printed = await readFile(join(folder, below, `crit/x-${what}.txt`), "utf8");
      await use(checkpoint, printed, join(name, below));
    });
};

/** The lines of each process, which begin with its pid alone. */
function byProcess(printed: string): ReadonlyMap<number, readonly string[]> {
  const processes = new Map<number, string[]>();
  let lines: string[] = [];
  for (const line of printed.split("\n")) {
    if (/^\d+$/.test(line)) processes.set(Number(line), (lines = []));
    else if (line.trim() !== "") lines.push(line);
  }
  return processes;
}

describe("a checkpoint beside crit x", () => {
  it("has the processes of ps", async () => {
    await forEachDump("ps", (checkpoint, printed, name) => {
      const truth = printed
        .split("\n")
        .slice(1)
        .filter((line) => line.trim() !== "")
        .map((line) => line.trim().split(/\s+/).slice(0, 4).join(" "));
      assert.deepEqual(
        checkpoint.processes.map(({ pid, pgid, sid, comm }) => `${pid} ${pgid} ${sid} ${comm}`).toSorted(),
        truth.toSorted(),
        name,
      );
    });
  });

  it("has the descriptors of fds", async () => {
    await forEachDump("fds", async (checkpoint, printed, name) => {
      const truth = byProcess(printed);
      assert.deepEqual([...truth.keys()].toSorted(), checkpoint.processes.map(({ pid }) => pid).toSorted());
      for (const [pid, lines] of truth) {
        const { value } = await checkpoint.openFiles(pid);
        const { cwd, root } = (await checkpoint.paths(pid)).value;
        assert.deepEqual(
          [...value.map((file) => `${file.fd}: ${critName(file)}`), `cwd: ${cwd}`, `root: ${root}`],
          lines.map((line) => line.trim()),
          `${name} ${pid}`,
        );
      }
    });
  });

  it("has the memory of mems", async () => {
    await forEachDump("mems", async (checkpoint, printed, name) => {
      for (const [pid, lines] of byProcess(printed)) {
        const [exe = "", ...areas] = lines;
        assert.equal((await checkpoint.paths(pid)).value.exe, exe.trim().replace(/^exe\s+/, ""));
        const { value } = await checkpoint.memoryMap(pid);
        assert.equal(value.length, areas.length, name);
        for (const [index, line] of areas.entries())
          compareArea(value[index], line, `${name} ${pid}: ${line}`);
      }
    });
  });

  it("has the dumped pages of rss", async () => {
    await forEachDump("rss", async (checkpoint, printed, name) => {
      // crit 4.2.1 finds no page in what 4.1.1 dumped: the count is in another field there.
      if (name.includes("criu-4.1.1")) return;
      for (const [pid, lines] of byProcess(printed)) {
        const { value, problems } = await checkpoint.memoryUse(pid);
        assert.deepEqual(problems, []);
        const entries = lines.flatMap((line) => {
          const count = /^\t([0-9a-f]+) \/ (\d+)/.exec(line)?.[2];
          return count === undefined ? [] : [Number(count)];
        });
        const areas = lines.flatMap((line) =>
          [...line.matchAll(/(?:^\t.{24}|^ +)([0-9a-f]+) \/ \d+/g)].map(([, start]) => start),
        );
        const used = value.filter(({ present, inParent, lazy }) => present + inParent + lazy > 0);
        assert.equal(
          used.reduce((sum, { present, inParent }) => sum + present + inParent, 0),
          entries.reduce((sum, count) => sum + count, 0),
          `${name} ${pid}`,
        );
        assert.deepEqual(
          used.map(({ start }) => start.toString(16).padStart(8, "0")),
          [...new Set(areas)],
          `${name} ${pid}`,
        );
      }
    });
  });
});

/** A descriptor in crit's words (`crit/crit/__main__.py: get_file_str`). */
function critName({ id, type, path, detail }: OpenFile): string {
  switch (detail?.kind) {
    case "pipe":
      return `pipe[${detail.pipeId}]`;
    case "unix": {
      const name = Buffer.from(detail.nameBytes).toString("latin1").replace(/\0/g, "=00");
      return `unix[${detail.inode} (${detail.peer})${name === "" ? "" : ` ${name}`}]`;
    }
    case "regular":
      return path ?? "";
    default:
      return `${type}.${id}`;
  }
}

function compareArea(area: Mapping | undefined, line: string, where: string): void {
  assert(area, where);
  const match =
    /^\t([0-9a-f]+)-([0-9a-f]+)\s+([r-][w-][x-])(?: (\/.*?|unknown path|ips\[\d+\]))?(?: \+ (0x[0-9a-f]+))?( \[.*\])?( \(s\))?(?: \*)?$/.exec(
      line,
    );
  assert(match, where);
  const [, start, end, permissions, path, offset, , shared] = match;
  assert.deepEqual(
    [area.start, area.end, area.permissions.slice(0, 3)],
    [BigInt(`0x${start}`), BigInt(`0x${end}`), permissions],
    where,
  );
  // Of shared memory crit marks what no file is behind as well.
  if (shared !== undefined) assert.equal(area.permissions[3], "s", where);
  // crit knows no names of memfds.
  if (path === undefined || path === "unknown path") return;
  // crit counts segments as it meets them, whatever their ids are.
  if (path.startsWith("ips")) {
    assert.equal(area.kind, "sysv", where);
    return;
  }
  assert.equal(area.name?.replace(/ \(deleted\)$/, ""), path, where);
  assert.equal(`0x${area.offset.toString(16)}`, offset ?? "0x0", where);
}
