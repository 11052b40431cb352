import assert from "node:assert/strict";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openNested } from "../../../src/archive/index.ts";
import { openFileSource, type ByteSource } from "../../../src/bytes/index.ts";
import { fixture } from "../fixtures.ts";
import { names } from "./helpers.ts";

const SIZE = 2 ** 31;

describe("an uncompressed archive of 2 GiB", () => {
  it("is indexed by reading less than a thousandth of it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "big-"));
    try {
      const original = await readFile(join(await fixture("corpus/g-podman-none"), "checkpoint.tar"));
      // A member of 2 GiB before all others; the disk keeps nothing of its zeros.
      const header = Buffer.from(original.subarray(0, 512));
      header.fill(0, 0, 100).write("checkpoint/pages-9.img", 0, "latin1");
      header.write("0", 156, "latin1");
      header.write(`${SIZE.toString(8).padStart(11, "0")}\0`, 124, "latin1");
      header.fill(" ", 148, 156);
      const sum = header.reduce((total, byte) => total + byte, 0);
      header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
      const path = join(folder, "big.tar");
      const file = await open(path, "w");
      await file.write(header, 0, 512, 0);
      await file.write(original, 0, original.length, 512 + SIZE);
      await file.close();

      const source = await openFileSource(path);
      let read = 0;
      const counted: ByteSource = {
        size: source.size,
        read: async (offset, length) => {
          const bytes = await source.read(offset, length);
          read += bytes.length;
          return bytes;
        },
      };
      const tree = await openNested(counted, "big.tar");
      assert.equal((await tree.stat("checkpoint/pages-9.img"))?.size, SIZE);
      assert.ok((await names(tree)).includes("checkpoint/pstree.img"));
      assert.ok(read < source.size / 1000, `${read} bytes`);
      await source.close?.();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
