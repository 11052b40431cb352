// A process as odd as the kernel allows (test/fixtures/odd/odd.c), frozen in the moment in which its /proc was saved.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import type { ProcFs } from "../../../src/procfs/index.ts";
import { fixture } from "../fixtures.ts";
import { assertSame, procOf, text } from "./support.ts";

const [MAIN, THREAD, ZOMBIE, CHILD] = ["54", "61", "62", "63"] as const;

describe("the frozen /proc of an odd process", () => {
  let folder: string;
  let checkpoint: Checkpoint;
  let proc: ProcFs;

  before(async () => {
    folder = await fixture("odd/odd");
    checkpoint = await openCheckpoint(await openTree(join(folder, "images")));
    proc = procOf(checkpoint);
  });
  after(() => checkpoint?.close());

  const saved = (path: string): Promise<string> => readFile(join(folder, "proc", path), "latin1");
  const same = async (kind: string, path: string): Promise<void> => {
    // A name with a line break: what is compared line by line has it on one.
    const oneLine = (file: string): string => file.replaceAll("main) Z (\n)", "main)");
    assertSame(kind, oneLine(await saved(path)), oneLine(await text(proc, path)), path);
  };

  for (const name of ["cmdline", "comm", "maps", "personality", "sched", "smaps", "stat", "statm", "status"])
    it(`has ${name} as it was`, async () => {
      await same(`PID/${name}`, `${MAIN}/${name}`);
      await same(`PID/${name}`, `${CHILD}/${name}`);
      await same(`PID/task/TID/${name}`, `${MAIN}/task/${THREAD}/${name}`);
    });

  it("leads to files whose names are no UTF-8, and marks what was removed", async () => {
    for (const task of [MAIN, CHILD]) {
      for (const link of ["cwd", "exe", "root"])
        assert.equal(await text(proc, `${task}/${link}`), (await saved(`${task}/${link}`)).trimEnd());
      for (const fd of await readdir(join(folder, "proc", task, "fd"))) {
        const live = (await saved(`${task}/fd/${fd}`)).replace(/\n$/, "");
        const frozen = await text(proc, `${task}/fd/${fd}`);
        // The inode of a packet socket is not dumped.
        if (live !== "socket:[5101809]") assert.equal(frozen, live, `${task}/fd/${fd}`);
      }
    }
    assert.equal(await text(proc, `${MAIN}/cwd`), "/w/o/odds/gone (deleted)");
    assert.equal(await text(proc, `${MAIN}/task/${THREAD}/comm`), "thr\xff\\2\n");
  });

  it("guesses no signal sets of a zombie", async () => {
    const frozen = await text(proc, `${ZOMBIE}/status`);
    assert.match(frozen, /^State:\tZ \(zombie\)$/m);
    assert.doesNotMatch(frozen, /^Sig/m);
  });

  it("counts messages that have no bytes", () => same("sysvipc/msg", "sysvipc/msg"));

  it("has the SysV segment", () => same("sysvipc/shm", "sysvipc/shm"));

  it("has the sockets that the kernel lists, and not those that were never bound", async () => {
    for (const name of ["tcp6", "udp6", "unix"]) await same(`PID/net/${name}`, `${MAIN}/net/${name}`);
    const inodes = (file: string): readonly string[] =>
      file.split("\n").flatMap((line) => (/ (\d+) *$/.exec(line) ?? []).slice(1));
    const frozen = inodes(await text(proc, `${MAIN}/net/netlink`));
    const live = inodes(await saved(`${MAIN}/net/netlink`));
    assert.equal(frozen.length, 1);
    for (const inode of frozen) assert.ok(live.includes(inode), inode);
  });
});
