// What the edit model writes, read by CRIU's own tool.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openFileSource } from "../../src/bytes/index.ts";
import { editImage, openImage } from "../../src/criu/index.ts";
import { fixture } from "../unit/fixtures.ts";
import { ROOT } from "./place.ts";

describe("an edited image", () => {
  it("is read by crit with the new value", async () => {
    const images = join(await fixture("corpus/a-single"), "img");
    const name = readdirSync(images).find((file) => file.startsWith("core-")) ?? "";
    const image = await openImage(name, await openFileSource(join(images, name)));
    const edited = await editImage(image, [{ kind: "set", path: "entries[0].tc.comm", value: "thawed" }]);
    const folder = join(ROOT, `tmp/edit-${process.pid}`);
    mkdirSync(folder);
    try {
      writeFileSync(join(folder, name), await edited.source.read(0, edited.source.size));
      const path = `/tmp/edit-${process.pid}/${name}`;
      const { stdout } = spawnSync("chroot", [ROOT, "/usr/bin/crit", "decode", "-i", path], {
        encoding: "utf8",
      });
      assert.match(stdout, /"comm": "thawed"/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
