import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { readLogTail, writeWhole } from "../../../src/engine/files.ts";

describe("an archive that is being written", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-files-"));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const failed = (cause: unknown): Error => new Error(`stream: ${String(cause)}`);

  it("appears under its name when it is whole", async () => {
    const file = join(folder, "a.tar");
    assert.equal(await writeWhole(file, Readable.from([Buffer.from("ab"), Buffer.from("c")]), { failed }), 3);
    assert.equal(await readFile(file, "utf8"), "abc");
    assert.deepEqual(await readdir(folder), ["a.tar"]);
  });

  it("leaves nothing behind when the stream breaks, is empty, or is left", async () => {
    const broken = Readable.from(
      (function* () {
        yield Buffer.from("ab");
        throw new Error("cable");
      })(),
    );
    await assert.rejects(writeWhole(join(folder, "a"), broken, { failed }), /stream: .*cable/);
    await assert.rejects(writeWhole(join(folder, "a"), Readable.from([]), { failed }), /nothing/);
    const stop = AbortSignal.timeout(50);
    const endless = new Readable({ read: () => undefined });
    await assert.rejects(writeWhole(join(folder, "a"), endless, { failed, signal: stop }), {
      name: "TimeoutError",
    });
    assert.deepEqual(await readdir(folder), []);
  });

  it("holds a bounded part of the stream in memory", async () => {
    const chunk = Buffer.alloc(1 << 20);
    let left = 300;
    const big = new Readable({
      read() {
        this.push(left-- > 0 ? chunk : null);
      },
    });
    const before = process.memoryUsage().rss;
    await writeWhole(join(folder, "big"), big, { failed });
    assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024);
  });

  it("reads of a log its end, and nothing that isn't a file", async () => {
    const log = join(folder, "dump.log");
    await writeFile(log, `${"x".repeat(3 << 20)}END`);
    const tail = await readLogTail(log);
    assert.equal(tail?.length, 1 << 20);
    assert.ok(tail.endsWith("END"));
    assert.equal(await readLogTail(folder), undefined);
    assert.equal(await readLogTail("relative.log"), undefined);
    execFileSync("mkfifo", [join(folder, "fifo")]);
    assert.equal(await readLogTail(join(folder, "fifo")), undefined);
  });
});
