// The frozen /proc of checkpoints that are broken or hostile.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { CryoscopeError } from "../../../src/bytes/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import { openProcFs } from "../../../src/procfs/index.ts";
import type { ProcFs } from "../../../src/procfs/index.ts";
import { bytesOf } from "../../../src/procfs/text.ts";
import { withCheckpoint } from "../checkpoint/support.ts";
import { fixture } from "../fixtures.ts";
import { text } from "./support.ts";

const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof CryoscopeError && error.code === code;

describe("the frozen /proc of a broken checkpoint", () => {
  const PID = 16169;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryo-procfs-"));
    await cp(join(await fixture("corpus/c-files"), "img"), folder, { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function withProc(use: (proc: ProcFs) => Promise<void>): Promise<void> {
    const checkpoint = await openCheckpoint(await openTree(folder));
    try {
      await use(openProcFs(checkpoint));
    } finally {
      await checkpoint.close();
    }
  }

  it("says why a file can't be made when its image is cut off, and makes the others", async () => {
    await truncate(join(folder, `mm-${PID}.img`), 20);
    await withProc(async (proc) => {
      await assert.rejects(proc.read(`${PID}/statm`), hasCode("procfs.unreadable"));
      assert.match(await text(proc, `${PID}/limits`), /Max open files/);
      assert.ok((await proc.list(String(PID))).some(({ name }) => name === "statm"));
    });
  });

  it("leaves out what an absent image would have told", async () => {
    for (const name of [`core-${PID}.img`, `mm-${PID}.img`, `fs-${PID}.img`, "files.img", `ids-${PID}.img`])
      await rm(join(folder, name));
    await withProc(async (proc) => {
      const names = (await proc.list(String(PID))).map(({ name }) => name);
      for (const name of ["limits", "environ", "auxv", "exe", "cwd"]) assert.ok(!names.includes(name), name);
      assert.match(await text(proc, `${PID}/status`), new RegExp(`^Tgid:\\t${PID}$`, "m"));
      for (const name of names) if (name !== "attr" && name !== "net") await proc.stat(`${PID}/${name}`);
    });
  });

  it("names a descriptor that files.img doesn't describe", async () => {
    await rm(join(folder, "files.img"));
    await withProc(async (proc) => {
      assert.match(await text(proc, `${PID}/fd/3`), /^unknown:\[\d+\]$/);
      assert.match(await text(proc, `${PID}/fdinfo/3`), /^pos:\t0\n/);
    });
  });

  it("doesn't take a folder for an image", async () => {
    await rm(join(folder, "files.img"));
    await mkdir(join(folder, "files.img"));
    await withProc(async (proc) => {
      assert.match(await text(proc, `${PID}/fd/3`), /^unknown:/);
    });
  });
});

describe("a path in the frozen /proc", () => {
  it("leads nowhere when it climbs, is too deep, or writes a number as the kernel doesn't", () =>
    withCheckpoint("corpus/c-files", "img", async (checkpoint) => {
      const proc = openProcFs(checkpoint);
      const deep = Array<string>(100).fill("task/16169").join("/");
      for (const path of [
        "../etc",
        "16169/../16169/maps",
        "016169/maps",
        "16169/fd/03",
        "16169/fd/-1",
        "16169/fd/1e1",
        `16169/${deep}`,
        "__proto__",
        "16169/constructor",
      ]) {
        assert.equal(await proc.stat(path), undefined, path);
        await assert.rejects(proc.read(path), hasCode("procfs.notFound"), path);
        await assert.rejects(proc.list(path), hasCode("procfs.notFound"), path);
      }
    }));

  it("is told to be a folder or a file when taken for the other", () =>
    withCheckpoint("corpus/c-files", "img", async (checkpoint) => {
      const proc = openProcFs(checkpoint);
      await assert.rejects(proc.read("16169/fd"), hasCode("procfs.notAFile"));
      await assert.rejects(proc.list("16169/maps"), hasCode("procfs.notAFolder"));
    }));

  it("of a zombie shows what is left of it", () =>
    withCheckpoint("sealed/tree-restorable-enc", "plain", async (checkpoint) => {
      const proc = openProcFs(checkpoint);
      // The fixture says: 323 is a zombie with exit code 42.
      assert.match(await text(proc, "323/status"), /^State:\tZ \(zombie\)\nTgid:\t323\n/m);
      assert.match(await text(proc, "323/stat"), /^323 \(.*\) Z .* 10752\n$/);
      for (const name of ["maps", "cmdline"]) assert.equal(await text(proc, `323/${name}`), "");
      assert.deepEqual(await proc.list("323/fd"), []);
      const names = (await proc.list("323")).map(({ name }) => name);
      for (const name of ["exe", "cwd", "environ"]) assert.ok(!names.includes(name), name);
    }));
});

describe("a long file of the frozen /proc", () => {
  it("is refused before it fills the memory", async () => {
    let made = 0;
    const endless = function* (): Generator<string> {
      for (;;) {
        made++;
        yield "x".repeat(1000);
      }
    };
    await assert.rejects(bytesOf(endless(), "1/maps", 1_000_000), hasCode("procfs.tooLong"));
    assert.ok(made < 2000, `${made} lines`);
  });

  it("is made in slices that let others have their turn", async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const slow = function* (): Generator<string> {
      for (let line = 0; line < 200; line++) {
        // A line that takes long stands for many lines.
        for (let count = 0; count < 256; count++) yield "";
        const until = performance.now() + 2;
        while (performance.now() < until);
      }
    };
    await bytesOf(slow(), "1/smaps");
    clearInterval(timer);
    assert.ok(turns >= 5, `${turns} turns`);
  });
});
