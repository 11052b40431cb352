// BPF maps of a real dump: test/lab/programs/bpf-maps.c, frozen by a criu that was built with libbpf. Beside the images are the
// live fdinfo of the maps, what crit makes of the images, and what the program put into the maps.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { BpfMap, Checkpoint } from "../../../src/checkpoint/index.ts";
import { fixture } from "../fixtures.ts";
import { assertSame, procOf, text } from "../procfs/support.ts";
import { readCrit } from "./support.ts";

describe("BPF maps", () => {
  let folder: string;
  let checkpoint: Checkpoint;
  let pid: number;
  before(async () => {
    folder = await fixture("bpf-maps");
    checkpoint = await openCheckpoint(await openTree(join(folder, "images")));
    [pid = 0] = checkpoint.roots;
  });
  after(() => checkpoint.close());

  async function mapAt(fd: number): Promise<BpfMap> {
    const { value } = await checkpoint.openFiles(pid);
    const detail = value.find((file) => file.fd === fd)?.detail;
    assert.ok(detail?.kind === "bpfmap");
    return detail;
  }

  it("have the kinds, sizes and names that the program asked for", async () => {
    const colours = await mapAt(3);
    assert.equal(colours.name, "colours");
    assert.equal(colours.type, "BPF_MAP_TYPE_HASH");
    assert.deepEqual(colours.flags, ["BPF_F_NO_PREALLOC"]);
    assert.deepEqual([colours.keySize, colours.valueSize, colours.maxEntries], [4, 8, 16]);
    const numbers = await mapAt(4);
    assert.deepEqual([numbers.name, numbers.type], ["numbers", "BPF_MAP_TYPE_ARRAY"]);
    assert.deepEqual([colours.frozen, numbers.frozen], [false, true]);
  });

  it("have the keys and values that the program put in, byte for byte as crit has them", async () => {
    const said = (await readFile(join(folder, "said.txt"), "utf8")).split("\n").slice(0, 6);
    // As `crit decode --pretty` prints bpfmap-data.img.
    const { entries } = (await readCrit(join(folder, "crit/bpfmap-data.img.json"))) as {
      readonly entries: readonly { readonly map_id: number; readonly extra: string }[];
    };
    const found: string[] = [];
    for (const fd of [3, 4]) {
      const { data, mapId, keySize, valueSize } = await mapAt(fd);
      assert.ok(data);
      assert.deepEqual([data.count, data.keyBytes], [3, 3 * keySize]);
      const opened = await checkpoint.openContent(data.content);
      const bytes = Buffer.from(await opened.read(0, opened.size));
      await opened.close?.();
      const crit = entries.find(({ map_id }) => map_id === mapId)?.extra;
      assert.ok(crit !== undefined);
      assert.equal(bytes.toString("hex"), Buffer.from(crit, "base64").toString("hex"));
      for (let index = 0; index < data.count; index++) {
        const value = bytes.subarray(data.keyBytes + index * valueSize).subarray(0, valueSize);
        found.push(`${bytes.readInt32LE(index * keySize)} ${value.toString("latin1").replace(/\0+$/, "")}`);
      }
    }
    assert.deepEqual(found.toSorted(), said.toSorted());
  });

  it("have the fdinfo of the live system", async () => {
    const proc = procOf(checkpoint);
    for (const fd of ["3", "4"]) {
      const live = await readFile(join(folder, "fdinfo", fd), "latin1");
      assertSame("PID/fdinfo/N", live, await text(proc, `${pid}/fdinfo/${fd}`), `fdinfo/${fd}`);
      assert.equal(await text(proc, `${pid}/fd/${fd}`), "anon_inode:bpf-map");
    }
  });
});
