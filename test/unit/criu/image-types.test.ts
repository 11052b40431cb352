import assert from "node:assert/strict";
import {
  IMAGE_TYPES,
  imageIds,
  imageTypeByMagic,
  imageTypeByName,
  looksLikeImage,
} from "../../../src/criu/index.ts";

describe("image types", () => {
  it("tell kinds that share a magic apart by the file name", () => {
    const byName = [
      ["pagemap-17.img", 0x56084025, "PAGEMAP"],
      ["pagemap-shmem-17.img", 0x56084025, "SHMEM_PAGEMAP"],
      ["signal-s-1.img", 0x59255647, "SIGNAL"],
      ["signal-p-1.img", 0x59255647, "PSIGNAL"],
      ["binfmt-misc.img", 0x67343323, "BINFMT_MISC"],
      ["binfmt-misc-3.img", 0x67343323, "BINFMT_MISC_OLD"],
      ["renamed.bin", 0x56084025, "PAGEMAP"],
    ] as const;
    for (const [name, magic, type] of byName) assert.equal(imageTypeByMagic(name, magic)?.name, type);
  });

  it("know raw images, which have no magic, by their name", () => {
    assert.equal(imageTypeByName("pages-12.img")?.name, "PAGES");
    assert.equal(imageTypeByName("some/folder/pages-12.img")?.name, "PAGES");
    assert.equal(imageTypeByName("tmpfs-dev-87.tar.gz.img")?.name, "TMPFS_DEV");
    assert.equal(imageTypeByName("amdgpu-pages-1-00f2.img")?.name, "AMDGPU_PAGES");
    assert.equal(imageTypeByName("pages-x.img"), undefined);
    assert.equal(imageTypeByMagic("core-1.img", 0), undefined);
  });

  it("read ids from file names in the base they are written in", () => {
    const ids = (name: string): readonly number[] => {
      const type = imageTypeByName(name);
      return type ? imageIds(type, name) : [];
    };
    assert.deepEqual(ids("core-17.img"), [17]);
    assert.deepEqual(ids("ghost-file-1a.img"), [26]);
    assert.deepEqual(ids("amdgpu-drm-pages-3-128-00ff.img"), [3, 128, 255]);
    assert.deepEqual(ids("inventory.img"), []);
  });

  it("take every name CRIU gives its images for one, and no log", () => {
    for (const name of ["core-1.img", "stats-dump", "stats-restore", "irmap-cache", "a/b/tty-info.img"])
      assert.ok(looksLikeImage(name), name);
    for (const name of ["dump.log", "descriptors.json", "config.dump", "core-1.img.json"])
      assert.ok(!looksLikeImage(name), name);
  });

  it("have a message for every magic and none of two kinds under one pattern", () => {
    for (const type of IMAGE_TYPES)
      if (type.magic !== 0 && type.payload !== "old-pages") assert.ok(type.message, type.name);
    const patterns = IMAGE_TYPES.map(({ pattern }) => pattern);
    assert.equal(new Set(patterns).size, patterns.length);
  });
});
