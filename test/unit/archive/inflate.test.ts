import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openNested, openTree, type FileTree } from "../../../src/archive/index.ts";
import { bufferSource } from "../../../src/bytes/index.ts";
import { fixture } from "../fixtures.ts";

const PACKED = [
  ["gzip", "g-podman-gzip", "checkpoint.tar.gz"],
  ["zstd", "g-podman-zstd", "checkpoint.tar.zst"],
] as const;

describe("a packed archive", () => {
  const folder = mkdtempSync(join(tmpdir(), "inflate-"));
  const spillFolder = join(folder, "spill");
  before(() => {
    mkdirSync(spillFolder);
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  const held = (): string[] =>
    readdirSync("/proc/self/fd")
      .map((fd) => `/proc/self/fd/${fd}`)
      .filter((fd) => {
        try {
          return execFileSync("readlink", [fd.replace("self", String(process.pid))])
            .toString()
            .startsWith(spillFolder);
        } catch {
          return false;
        }
      });

  it("leaves no name on disk, and nothing readable behind the name", async function () {
    if (process.platform !== "linux") this.skip();
    const path = join(await fixture("corpus/g-podman-gzip"), "checkpoint.tar.gz");
    const tree = await openTree(path, { spillFolder });
    assert.deepEqual(readdirSync(spillFolder), []);
    const [spill, ...others] = held();
    assert.ok(spill !== undefined && others.length === 0);
    assert.equal(statSync(spill).mode & 0o777, 0o600);
    const onDisk = readFileSync(spill);
    assert.ok(onDisk.length > 100_000);
    assert.equal(onDisk.includes("checkpoint/core-1.img"), false);
    await tree.close();
    assert.deepEqual(held(), []);
  });

  for (const [packing, name, file] of PACKED) {
    it(`(${packing}) stops at the size it may have, and at the signal`, async () => {
      const path = join(await fixture(`corpus/${name}`), file);
      await assert.rejects(openTree(path, { spillFolder, maxInflated: 100_000 }), { code: "archive.tooBig" });
      const abort = new AbortController();
      abort.abort();
      await assert.rejects(openTree(path, { spillFolder, signal: abort.signal }), { name: "AbortError" });
      assert.deepEqual(readdirSync(spillFolder), []);
    });

    it(`(${packing}) that is cut short shows what came before, or says what is wrong`, async () => {
      const bytes = readFileSync(join(await fixture(`corpus/${name}`), file));
      let shown = 0;
      for (let end = 20; end < bytes.length; end += 6007) {
        const tree = await openNested(bufferSource(bytes.subarray(0, end)), file).catch((error: unknown) => {
          assert.match(
            String((error as { code?: unknown }).code),
            /^(archive\.(damaged|notAnArchive)|bytes\.truncated)$/,
          );
        });
        if (!tree) continue;
        shown++;
        assert.match(tree.problems.join(" "), /is shown/);
        await tree.close();
      }
      assert.ok(shown > 0);
    });

    it(`(${packing}) with changed bytes ends in a tree or a typed error`, async () => {
      const bytes = readFileSync(join(await fixture(`corpus/${name}`), file));
      for (let at = 0; at < bytes.length; at += 3989) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ 0x55;
        const tree = await openNested(bufferSource(changed), file).catch((error: unknown) => {
          assert.match(String((error as { code?: unknown }).code), /^(archive|bytes)\./);
        });
        await tree?.close();
      }
    });
  }

  it("says how far it is", async () => {
    const path = join(await fixture("corpus/g-podman-zstd"), "checkpoint.tar.zst");
    const steps: number[] = [];
    const tree = await openTree(path, { progress: (done) => steps.push(done) });
    assert.equal(Math.max(...steps), statSync(path).size);
    await tree.close();
  });

  it("may be big, in several frames or members, with skippable frames between", async () => {
    const big = join(folder, "big");
    writeFileSync(
      big,
      Buffer.from(Uint32Array.from({ length: 1_000_000 }, (_, at) => (at * at) >>> (at % 13)).buffer),
    );
    const tar = join(folder, "big.tar");
    execFileSync("tar", ["-cf", tar, "-C", folder, "big"]);
    const bytes = readFileSync(tar);
    const half = 1_500_000;
    const halves = [bytes.subarray(0, half), bytes.subarray(half)];
    const packed: [string, Buffer][] = [["gzip", Buffer.concat(halves.map((part) => gzipSync(part)))]];
    try {
      const zstd = (args: string[]): Buffer[] =>
        halves.map((input) => execFileSync("zstd", ["-c", ...args], { input, maxBuffer: 1 << 26 }));
      const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
      for (const args of [["-1"], ["-5", "--no-check"], ["--long=24"]])
        packed.push([`zstd ${args.join(" ")}`, Buffer.concat([skippable, ...zstd(args), skippable])]);
    } catch {
      // Without the zstd program only gzip is tried.
    }
    for (const [name, source] of packed) {
      const tree: FileTree = await openNested(bufferSource(source), name);
      assert.deepEqual(tree.problems, [], name);
      const file = await tree.open("big");
      assert.ok(readFileSync(big).equals(await file.read(0, file.size)), name);
      await tree.close();
    }
  });
});
