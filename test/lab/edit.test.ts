// What the edit model writes, read by CRIU's own tool.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openFileSource } from "../../src/bytes/index.ts";
import { editImage, openImage } from "../../src/criu/index.ts";
import type { Edit } from "../../src/criu/index.ts";
import { writeImage } from "../../src/vscode/image-editor/write-image.ts";
import { fixture } from "../unit/fixtures.ts";
import { ROOT } from "./place.ts";

interface CritImage {
  readonly entries: readonly Readonly<Record<string, unknown>>[];
}

describe("an edited image", () => {
  const folder = join(ROOT, `tmp/edit-${process.pid}`);

  before(() => mkdirSync(folder));
  after(() => {
    rmSync(folder, { recursive: true });
  });

  /** What crit decodes of an image of the fixture, edited and saved as the editor does. */
  async function decoded(pattern: RegExp, ...edits: Edit[]): Promise<{ old: CritImage; now: CritImage }> {
    const images = join(await fixture("corpus/a-single"), "img");
    const name = readdirSync(images).find((file) => pattern.test(file)) ?? "";
    const source = await openFileSource(join(images, name));
    const image = await openImage(name, source);
    const crit = async (pieces: AsyncIterable<Uint8Array>): Promise<CritImage> => {
      await writeImage(join(folder, name), pieces);
      const path = `/tmp/edit-${process.pid}/${name}`;
      const { stdout, stderr } = spawnSync("chroot", [ROOT, "/usr/bin/crit", "decode", "-i", path], {
        encoding: "utf8",
      });
      assert.equal(stderr, "");
      return JSON.parse(stdout) as CritImage;
    };
    const old = await crit((await editImage(image, [])).pieces());
    const now = await crit((await editImage(image, edits)).pieces());
    await source.close?.();
    return { old, now };
  }

  it("is read by crit with the new value, and nothing else is another", async () => {
    const { old, now } = await decoded(/^core-/, {
      kind: "set",
      path: "entries[0].tc.comm",
      value: "thawed",
    });
    const changed = JSON.stringify(old).replace(/"comm":"[^"]*"/, '"comm":"thawed"');
    assert.equal(JSON.stringify(now), changed);
  });

  it("is read by crit with copies of entries, and without those that were removed", async () => {
    const { old, now } = await decoded(
      /^fdinfo-/,
      { kind: "duplicate", path: "entries[0]" },
      { kind: "set", path: "entries[1].fd", value: 9n },
      { kind: "remove", path: "entries[2]" },
    );
    const [first, , ...others] = old.entries;
    assert.deepEqual(now.entries, [first, { ...first, fd: 9 }, ...others]);
  });

  it("is read by crit with an optional field that it lacked", async () => {
    const { old, now } = await decoded(/^fdinfo-/, {
      kind: "add",
      path: "entries[0].xattr_security_selinux",
      value: "label",
    });
    assert.deepEqual(now.entries[0], { ...old.entries[0], xattr_security_selinux: "label" });
  });
});
