import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  chains,
  evidenceOf,
  exportEvidence,
  overdue,
  readCatalog,
  removeFiles,
  sweepDrafts,
  whatRuns,
  writeCatalog,
} from "../../../src/engine/index.ts";
import type { Snapshot } from "../../../src/engine/index.ts";

const run = promisify(execFile);

function snapshot(id: string, day: number, more: Partial<Snapshot> = {}): Snapshot {
  return {
    format: 1,
    id,
    name: id,
    note: "",
    time: new Date(Date.UTC(2026, 0, day)).toISOString(),
    engine: { kind: "podman", version: "5", endpoint: "unix:///x" },
    container: { id: "c", name: "web", image: "busybox" },
    checkpoint: { kind: "container" },
    leftRunning: true,
    needs: [],
    ...more,
  };
}

const ids = (all: readonly Snapshot[]): string => all.map(({ id }) => id).join(" ");

describe("a catalog", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-catalog-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("comes back as it was written, and keeps what it can't read", async () => {
    const one = snapshot("one", 1, { tags: ["a"], pinned: true, size: 7, sealed: false, parent: "zero" });
    await writeCatalog(folder, { snapshots: [one], unreadable: [{ format: 9 }] });
    const read = await readCatalog(folder);
    assert.deepEqual(read.snapshots, [one]);
    assert.deepEqual(read.unreadable, [{ format: 9 }]);
    assert.equal(read.problems.length, 1);
    assert.deepEqual(await readdir(folder), ["catalog.json"]);
  });

  it("that is something else is set aside, or refused by those who only read", async () => {
    await writeFile(join(folder, "catalog.json"), "not JSON");
    await assert.rejects(readCatalog(folder), { code: "engine.badSnapshot" });
    const { snapshots, problems } = await readCatalog(folder, { setAside: true });
    assert.deepEqual([snapshots.length, problems.length], [0, 1]);
    const [aside = ""] = await readdir(folder);
    assert.equal(await readFile(join(folder, aside), "utf8"), "not JSON");
  });

  it("is rid of what a process that ended in the middle left", async () => {
    const uuid = "01234567-89ab-cdef-0123-456789abcdef";
    await mkdir(join(folder, `live.${uuid}.part`));
    await writeFile(join(folder, `half.tar.${uuid}.part`), "x");
    await writeFile(join(folder, "whole.tar"), "x");
    assert.equal((await sweepDrafts(folder)).length, 2);
    assert.deepEqual(await readdir(folder), ["whole.tar"]);
  });

  it("deletes a snapshot's files in its own folder only", async () => {
    const mine = join(folder, "catalog/a.tar");
    const others = join(folder, "b.tar");
    await mkdir(join(folder, "catalog"));
    for (const file of [mine, others]) await writeFile(file, "x");
    for (const path of [mine, others, join(folder, "catalog/../b.tar")])
      await removeFiles(join(folder, "catalog"), snapshot("x", 1, { checkpoint: { kind: "archive", path } }));
    assert.deepEqual(await readdir(folder), ["b.tar", "catalog"]);
    assert.deepEqual(await readdir(join(folder, "catalog")), []);
  });
});

describe("retention", () => {
  const all = [1, 2, 3, 4, 5].map((day) => snapshot(`s${day}`, day, { size: 100, pinned: day === 2 }));
  const now = new Date(Date.UTC(2026, 0, 6));

  it("by count keeps the newest of each container and what is pinned", () => {
    assert.equal(ids(overdue(all, { count: 2 }, now)), "s1 s3");
    const other = snapshot("o1", 1, { container: { id: "d", name: "db", image: "x" } });
    assert.equal(ids(overdue([...all, other], { count: 2 }, now)), "s1 s3");
  });

  it("by age and by size names the oldest first", () => {
    assert.equal(ids(overdue(all, { days: 2.5 }, now)), "s1 s3");
    assert.equal(ids(overdue(all, { bytes: 250 }, now)), "s1 s3");
    assert.equal(ids(overdue(all, {}, now)), "");
  });
});

describe("the chain of snapshots", () => {
  it("branches where a snapshot was woken and frozen again", () => {
    const all = [
      snapshot("a", 1),
      snapshot("b", 2, { parent: "a" }),
      snapshot("c", 3, { parent: "b" }),
      snapshot("d", 4, { parent: "a" }),
    ];
    const [root, ...others] = chains(all);
    assert.deepEqual(others, []);
    assert.equal(root?.snapshot.id, "a");
    assert.deepEqual(
      root.children.map((one) => [one.snapshot.id, one.children.map(({ snapshot: { id } }) => id)]),
      [
        ["b", ["c"]],
        ["d", []],
      ],
    );
  });

  it("shows each once, though a parent is gone or the chain goes in a circle", () => {
    const all = [
      snapshot("a", 1, { parent: "gone" }),
      snapshot("b", 2, { parent: "c" }),
      snapshot("c", 3, { parent: "b" }),
    ];
    assert.deepEqual(
      chains(all).map((one) => one.snapshot.id),
      ["a", "b", "c"],
    );
  });
});

describe("the evidence of a snapshot", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-evidence-"));
    await mkdir(join(folder, "ckpt/checkpoint"), { recursive: true });
    await writeFile(join(folder, "ckpt/checkpoint/core-1.img"), "core");
    await writeFile(join(folder, "ckpt/dump.log"), "log\n".repeat(100_000));
    await symlink("/etc/passwd", join(folder, "ckpt/link"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("hashes as sha256sum does, a folder by its list of files, and follows no link", async () => {
    const sums = "find . -type f | sed 's|^./||' | LC_ALL=C sort | xargs sha256sum | sha256sum";
    const { stdout } = await run("sh", ["-c", sums], { cwd: join(folder, "ckpt") });
    const all = await evidenceOf(join(folder, "ckpt"));
    assert.equal(all.sha256, stdout.split(" ")[0]);
    assert.equal(all.bytes, 400_004);
    const log = await run("sha256sum", [join(folder, "ckpt/dump.log")]);
    assert.equal((await evidenceOf(join(folder, "ckpt/dump.log"))).sha256, log.stdout.split(" ")[0]);
  });

  it("becomes a tar that tar unpacks to the same files", async () => {
    const target = join(folder, "out.tar");
    await exportEvidence(join(folder, "ckpt"), target);
    await mkdir(join(folder, "again"));
    await run("tar", ["-xf", target, "-C", join(folder, "again")]);
    const { stdout } = await run("diff", ["-r", "--no-dereference", "ckpt", "again"], { cwd: folder });
    assert.equal(stdout, "");
    await assert.rejects(exportEvidence(join(folder, "ckpt"), target), { code: "engine.archiveExists" });
  });

  it("that isn't there is an error of ours, and nothing is left", async () => {
    await assert.rejects(evidenceOf(join(folder, "gone")), { code: "engine.archiveUnreadable" });
    await assert.rejects(exportEvidence(join(folder, "gone"), join(folder, "no.tar")), {
      code: "engine.archiveUnreadable",
    });
    assert.deepEqual(await readdir(folder), ["ckpt"]);
  });
});

describe("what a restore will run", () => {
  it("names the command, more than usual privileges, mounts and network", () => {
    const told = whatRuns({
      process: {
        args: ["/bin/sh", "-c", "echo hi"],
        user: { uid: 0, gid: 0 },
        capabilities: { effective: ["CAP_CHOWN", "CAP_SYS_ADMIN"] },
      },
      mounts: [
        { type: "bind", source: "/", destination: "/host", options: ["rbind"] },
        { type: "proc", source: "proc", destination: "/proc" },
      ],
      linux: {
        namespaces: [{ type: "mount" }, { type: "ipc" }],
        resources: { devices: [{ allow: true, access: "rwm" }] },
      },
    });
    assert.equal(told?.command, '/bin/sh -c "echo hi"');
    assert.deepEqual(told.mounts, ["/ → /host"]);
    assert.equal(told.network, "the machine's");
    for (const word of ["root", "CAP_SYS_ADMIN", "all devices", "processes", "seccomp"])
      assert.ok(
        told.privileges.some((one) => one.includes(word)),
        word,
      );
    assert.ok(!told.privileges.join().includes("CAP_CHOWN"));
  });

  it("is unknown for anything that is no configuration", () => {
    for (const value of [undefined, null, [], "x", {}, { process: { args: [1] } }])
      assert.equal(whatRuns(value), undefined);
  });
});
