import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { openNested, openTree } from "../../../src/archive/index.ts";
import { bufferSource, joinedSource, type ByteSource } from "../../../src/bytes/index.ts";
import { fixture } from "../fixtures.ts";
import { hashOf } from "./helpers.ts";

const XZ_AND_BZIP2 = ["checkpoint.tar.xz", "two-streams.tar.xz", "checkpoint.tar.bz2", "two-streams.tar.bz2"];

describe("an archive packed with xz or bzip2", () => {
  for (const file of XZ_AND_BZIP2)
    it(`(${file}) has the same files as the plain one`, async () => {
      const plain = await openTree(join(await fixture("corpus/g-podman-none"), "checkpoint.tar"));
      const packed = await openTree(join(await fixture("archive/packed"), file));
      assert.deepEqual(packed.problems, []);
      assert.equal(await hashOf(packed), await hashOf(plain));
      await Promise.all([packed.close(), plain.close()]);
    });

  for (const file of ["sha256.tar.xz", "x86-filter.tar.xz"])
    it(`(${file}) in a way that is not known says how to get on`, async () => {
      await assert.rejects(openTree(join(await fixture("archive/packed"), file)), {
        code: "archive.unsupported",
        next: "Decompress it with `xz -dk FILE`.",
      });
    });

  for (const file of ["checkpoint.tar.xz", "checkpoint.tar.bz2"])
    it(`(${file}) cut or changed anywhere gives a tree or a typed error`, async () => {
      const bytes = readFileSync(join(await fixture("archive/packed"), file));
      for (let at = 20; at < bytes.length; at += 11_003) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ 0x55;
        for (const evil of [changed, bytes.subarray(0, at)]) {
          const tree = await openNested(bufferSource(evil), file).catch((error: unknown) => {
            assert.match(
              String((error as { code?: unknown }).code),
              /^(archive\.(damaged|notAnArchive|unsupported)|bytes\.truncated)$/,
            );
          });
          await tree?.close();
        }
      }
    });

  it("stops at the signal", async () => {
    const abort = new AbortController();
    const path = join(await fixture("archive/packed"), "checkpoint.tar.bz2");
    const opening = openTree(path, { signal: abort.signal });
    abort.abort();
    await assert.rejects(opening, { name: "AbortError" });
  });
});

/** Many of the same, one after the other, without the memory for it. */
const repeated = (bytes: Uint8Array, times: number): ByteSource =>
  joinedSource(Array.from({ length: times }, () => bufferSource(bytes)));

/** A zstd frame of zeros, as blocks of one repeated byte (RFC 8878, 3.1.1.2.2): four bytes for each 128 KiB. */
function zstdZeros(blocks: number): Buffer {
  const block = Buffer.from([((1 << 1) | ((128 * 1024) << 3)) & 0xff, 0, 0, 0]);
  block.writeUIntLE((1 << 1) | ((128 * 1024) << 3), 0, 3);
  const last = Buffer.from(block);
  last.writeUInt8((last[0] ?? 0) | 1, 0);
  const frame = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38])];
  for (let index = 1; index < blocks; index++) frame.push(block);
  return Buffer.concat([...frame, last]);
}

const GIB = 2 ** 30;

describe("a bomb", () => {
  const cases: readonly (readonly [string, () => Promise<ByteSource> | ByteSource])[] = [
    ["gzip", () => repeated(gzipSync(Buffer.alloc(2 ** 24)), (10 * GIB) / 2 ** 24)],
    ["zstd", () => bufferSource(zstdZeros((10 * GIB) / (128 * 1024)))],
    [
      "xz",
      async () =>
        repeated(readFileSync(join(await fixture("archive/packed"), "zeros-64M.xz")), (10 * GIB) / 2 ** 26),
    ],
    [
      "bzip2",
      async () =>
        repeated(readFileSync(join(await fixture("archive/packed"), "zeros-16M.bz2")), (10 * GIB) / 2 ** 24),
    ],
  ];
  for (const [packing, make] of cases) {
    // A quarter of a gigabyte takes bzip2 too long for a test.
    if (packing !== "bzip2")
      it(`(10 GiB of zeros in ${packing}) is stopped after what any file may cost`, async function () {
        this.timeout(120_000);
        // As for one of a few KiB: the ratio is reached with the first 256 MiB.
        await assert.rejects(openNested(await make(), `bomb.${packing}`, { maxRatio: 5 }), {
          code: "archive.bomb",
          next: /--max-inflated/,
        });
      });

    it(`(${packing}) is stopped at the size that the caller allows`, async () => {
      await assert.rejects(openNested(await make(), `bomb.${packing}`, { maxInflated: 2 ** 22 }), {
        code: "archive.tooBig",
      });
    });
  }

  it("of any of these packings is noticed without being told a ratio", async function () {
    this.timeout(120_000);
    for (const source of [bufferSource(zstdZeros(4096)), repeated(gzipSync(Buffer.alloc(2 ** 24)), 20)])
      await assert.rejects(openNested(source, "bomb"), { code: "archive.bomb" });
  });

  it("that the caller trusts is inflated", async function () {
    this.timeout(120_000);
    // Zeros are a tar without members.
    const tree = await openNested(bufferSource(zstdZeros(2200)), "big", { maxInflated: GIB });
    assert.deepEqual(await tree.list(""), []);
    await tree.close();
  });
});

describe("a disk that fills up", () => {
  it("gives a typed error and leaves nothing behind", async function () {
    if (process.platform === "win32") this.skip();
    const folder = mkdtempSync(join(tmpdir(), "full-"));
    try {
      const archive = join(await fixture("corpus/g-podman-gzip"), "checkpoint.tar.gz");
      const face = pathToFileURL(join(import.meta.dirname, "../../../src/archive/index.ts")).href;
      const script = `
        import { openTree } from ${JSON.stringify(face)};
        await openTree(${JSON.stringify(archive)}, { spillFolder: ${JSON.stringify(folder)} }).then(
          () => console.log("opened"),
          (error) => console.log(error.code, error.next),
        );`;
      // Files may grow to 100 KiB; the write after that fails, as on a full disk.
      const { stdout, stderr } = spawnSync(
        "sh",
        [
          "-c",
          'trap "" XFSZ; ulimit -f 200; exec "$@"',
          "sh",
          process.execPath,
          "--import",
          "tsx",
          "--input-type=module",
          "-e",
          script,
        ],
        { cwd: join(import.meta.dirname, "../../.."), env: { ...process.env, TSX_DISABLE_CACHE: "1" } },
      );
      assert.match(stdout.toString(), /^archive\.spillFailed Free some space there/, stderr.toString());
      assert.deepEqual(readdirSync(folder), []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("can't be written to at all: a folder that isn't there", async () => {
    const path = join(await fixture("corpus/g-podman-gzip"), "checkpoint.tar.gz");
    await assert.rejects(openTree(path, { spillFolder: join(tmpdir(), "no", "such", "folder") }), {
      code: "archive.spillFailed",
    });
  });
});

describe("a tar of very many names", () => {
  /** A tar of `count` empty files, made as it is read. */
  function manyNames(count: number): ByteSource {
    const sample = execFileSync("tar", ["--format=ustar", "-cf", "-", "-C", "/dev", "null"]).subarray(0, 512);
    const size = (count + 2) * 512;
    const block = (index: number): Buffer => {
      if (index >= count) return Buffer.alloc(512);
      const header = Buffer.from(sample);
      header.fill(0, 0, 100).write(`folder-${index % 100}/file-${index}`, 0, "latin1");
      // A regular file.
      header.write("0", 156, "latin1");
      header.fill(" ", 148, 156);
      header.write(
        `${header
          .reduce((sum, byte) => sum + byte, 0)
          .toString(8)
          .padStart(6, "0")}\0 `,
        148,
        "latin1",
      );
      return header;
    };
    return {
      size,
      read: (offset, length) => {
        const end = Math.min(size, offset + length);
        const first = Math.floor(offset / 512);
        const blocks = Array.from({ length: Math.ceil(end / 512) - first }, (_, at) => block(first + at));
        return Promise.resolve(Buffer.concat(blocks).subarray(offset - first * 512, end - first * 512));
      },
    };
  }

  it("is indexed and listed, and others get their turn meanwhile", async function () {
    this.timeout(120_000);
    const count = 200_000;
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const tree = await openNested(manyNames(count), "many.tar");
    clearInterval(timer);
    assert.ok(turns > count / 20_000, String(turns));
    const listed = await tree.list("folder-7");
    assert.equal(listed.length, count / 100);
    assert.equal(listed[0]?.name, "file-100007");
    assert.deepEqual(tree.problems, []);
  });

  it("keeps about 300 bytes of each in memory", async function () {
    this.timeout(120_000);
    const { setFlagsFromString } = await import("node:v8");
    const { runInNewContext } = await import("node:vm");
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const used = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = used();
    const tree = await openNested(manyNames(100_000), "many.tar");
    const each = (used() - before) / 100_000;
    assert.ok(each < 400, `${each} bytes`);
    assert.equal((await tree.list("")).length, 100);
  });
});
