import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isGo } from "../../../src/debug/index.ts";
import { fixture } from "../fixtures.ts";
import { program } from "./targets.ts";

const MARK = Buffer.from("\xff Go buildinf:", "latin1");
/** The file is read by pieces of so many bytes. */
const PIECE = 2 ** 20;

describe("a program of Go's", () => {
  let folder: string;
  const started: ChildProcess[] = [];

  before(async function () {
    if (process.platform !== "linux") this.skip();
    folder = await mkdtemp(join(tmpdir(), "cryoscope-go-"));
  });
  after(async () => {
    for (const child of started) {
      const ended = once(child, "close");
      child.kill("SIGKILL");
      await ended;
    }
    if (folder) await rm(folder, { recursive: true });
  });

  /** Whether a process is one that runs a file of these bytes. */
  async function isGoThatRuns(bytes: Uint8Array): Promise<boolean> {
    const path = join(folder, String(started.length));
    await writeFile(path, bytes, { mode: 0o700 });
    const child = spawn(path, ["600"], { stdio: "ignore" });
    await once(child, "spawn");
    started.push(child);
    return isGo({ ...program(1, path), hostPid: child.pid });
  }
  /** sleep(1) with zeros behind it, and the mark somewhere in these. */
  async function marked(size: number, at: number): Promise<Buffer> {
    const file = Buffer.alloc(size);
    const sleep = await readFile("/bin/sleep");
    assert.ok(sleep.length < at);
    sleep.copy(file);
    MARK.copy(file, at);
    return file;
  }

  it("is known by what Go's own linker wrote", async function () {
    if (process.arch !== "x64") this.skip();
    assert.equal(await isGoThatRuns(await readFile(join(await fixture("unwind/go-frozen"), "frozen"))), true);
  });

  it("is known wherever its mark lies in the file", async () => {
    for (const at of [PIECE - 5, PIECE - MARK.length, PIECE, PIECE + 3, 2 * PIECE - 1, 2 * PIECE + 64])
      assert.equal(await isGoThatRuns(await marked(2 * PIECE + 100, at)), true, String(at));
  });

  it("isn't what has none, half of one at its end, or isn't to be seen", async () => {
    assert.equal(await isGo({ ...program(1, ""), hostPid: process.pid }), false);
    assert.equal(await isGo(program(1, "")), false);
    assert.equal(await isGoThatRuns(await marked(PIECE + MARK.length - 1, PIECE)), false);
  });
});
