// The frozen /proc against the live one, which was saved just before each program of the fixtures was frozen.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import type { ProcFs } from "../../../src/procfs/index.ts";
import { snapshotPids, withCheckpoint } from "../checkpoint/support.ts";
import { DUMPS } from "../fixtures.ts";
import { assertSame, frozenText, procOf, seenFromInside, text } from "./support.ts";

/** fd.json of a snapshot. */
interface Snapshot {
  readonly fd: Readonly<Record<string, { readonly link: string; readonly info: string }>>;
  readonly links: Readonly<Record<"cwd" | "exe" | "root", string>>;
  readonly ns: Readonly<Record<string, string>>;
  readonly tasks: Readonly<Record<string, { readonly comm: string; readonly sig: readonly string[] }>>;
}

/** A process, live and frozen. */
interface Pair {
  readonly proc: ProcFs;
  /** The folder of the saved files. */
  readonly live: string;
  /** As the snapshot was made, seen from outside of all namespaces. */
  readonly outer: number;
  /** In the checkpoint. */
  readonly pid: number;
  /** Whether its parent is in the checkpoint too. */
  readonly hasParent: boolean;
}

/** Asserts what the comparison of whole files leaves out, because it isn't known of every process. */
function assertKnownParts(live: string, frozen: string, hasParent: boolean): void {
  const ppid = (text: string): string | undefined => /^PPid:.*$/m.exec(text)?.[0];
  if (hasParent) assert.equal(ppid(frozen), ppid(live));
  const types = (text: string): string[] => [...text.matchAll(/^.* - (\S+)/gm)].map(([, type]) => type ?? "");
  const known = types(frozen).map((type, index) => (type === "unknown" ? types(live)[index] : type));
  assert.deepEqual(known, types(live));
}

/** Asserts that mount and inode of a descriptor are right where they are told. */
function assertKnownNumbers(live: string, frozen: string): void {
  for (const line of frozen.match(/^(?:mnt_id|ino):.*$/gm) ?? [])
    assert.ok(live.split("\n").includes(line), line);
}

/** Runs `use` for every process of a fixture that was saved. */
function forEachProcess(fixture: string, use: (pair: Pair) => Promise<void>): Promise<void> {
  return withCheckpoint(`corpus/${fixture}`, "img", async (checkpoint, folder) => {
    const proc = procOf(checkpoint);
    for (const outer of await snapshotPids(folder)) {
      const live = join(folder, "proc", String(outer));
      const pid = await innerPid(checkpoint, live, outer);
      const hasParent = (checkpoint.process(pid)?.ppid ?? 0) !== 0;
      await use({ proc, live, outer, pid, hasParent });
    }
  });
}

/** The last number of NSpid: what the process itself takes for its pid. */
async function innerPid(checkpoint: Checkpoint, live: string, outer: number): Promise<number> {
  const status = await readFile(join(live, "status"), "utf8");
  const inner = Number(/^NSpid:.*\t(\d+)$/m.exec(status)?.[1] ?? outer);
  return checkpoint.process(outer) === undefined ? inner : outer;
}

const snapshotOf = async ({ live }: Pair): Promise<Snapshot> =>
  // The snapshots were made by one program and have this shape.
  JSON.parse(await readFile(join(live, "fd.json"), "utf8")) as Snapshot;

describe("the frozen /proc", () => {
  for (const fixture of DUMPS) {
    it(`has the files of /proc/PID of ${fixture} as they were`, () =>
      forEachProcess(fixture, async ({ proc, live, outer, pid, hasParent }) => {
        for (const name of await readdir(live)) {
          const frozen = name === "fd.json" ? undefined : await frozenText(proc, pid, name);
          if (frozen === undefined) continue;
          const saved = await readFile(join(live, name), "latin1");
          assertSame(`PID/${name}`, seenFromInside(saved, outer, pid), frozen, `${pid}/${name}`);
          if (name === "status" || name === "mountinfo") assertKnownParts(saved, frozen, hasParent);
        }
      }));

    it(`has the descriptors, paths and namespaces of ${fixture} as they were`, () =>
      forEachProcess(fixture, async (pair) => {
        const { proc, pid } = pair;
        const { fd, links, ns } = await snapshotOf(pair);
        const names = (await proc.list(`${pid}/fd`)).map(({ name }) => name);
        assert.deepEqual(names, Object.keys(fd));
        for (const [number, { link, info }] of Object.entries(fd)) {
          assert.equal(await text(proc, `${pid}/fd/${number}`), link);
          const frozen = await text(proc, `${pid}/fdinfo/${number}`);
          assertSame("PID/fdinfo/N", info, frozen, `${pid}/fdinfo/${number}`);
          assertKnownNumbers(info, frozen);
        }
        for (const [name, target] of Object.entries(links))
          assert.equal(await text(proc, `${pid}/${name}`), target);
        for (const [name, target] of Object.entries(ns))
          assertSame("PID/ns/NAME", target, await text(proc, `${pid}/ns/${name}`), `${pid}/ns/${name}`);
      }));

    it(`has the names and signals of every thread of ${fixture} as they were`, () =>
      forEachProcess(fixture, async (pair) => {
        const { proc, pid, outer } = pair;
        for (const [outerTid, { comm, sig }] of Object.entries((await snapshotOf(pair)).tasks)) {
          const tid = Number(outerTid) === outer ? pid : Number(outerTid);
          assert.equal(await text(proc, `${pid}/task/${tid}/comm`), `${comm}\n`);
          const names = sig.map((line) => line.split(":")[0]);
          const status = (await text(proc, `${pid}/task/${tid}/status`)).split(/(?<=\n)/);
          const frozen = status.filter((line) => names.includes(line.split(":")[0]));
          const live = sig.map((line) => `${line}\n`).join("");
          assertSame("PID/status", live, frozen.join(""), `${pid}/task/${tid}/status`);
        }
      }));
  }
});
