import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { checkpointImage, openTree } from "../../../src/archive/index.ts";
import type { ImageWords } from "../../../src/archive/index.ts";
import { fixture } from "../fixtures.ts";
import { hashOf } from "./helpers.ts";

const WORDS: ImageWords = { reference: "localhost/web:frozen", created: "2026-11-29T00:00:00Z" };

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
  readonly annotations: Readonly<Record<string, string>>;
}

describe("a container image made of a checkpoint", () => {
  let folder: string;
  /** The archive that Podman wrote, as a plain tar. */
  let archive: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-image-"));
    const store = join(await fixture("archive/container-images"), "ckpt-oci-dir");
    // The layer of Podman's own image is what Podman's archive is, packed.
    const index = JSON.parse(await readFile(join(store, "index.json"), "utf8")) as {
      manifests: [{ digest: string }];
    };
    const blob = (digest: string): string => join(store, "blobs/sha256", digest.replace("sha256:", ""));
    const manifest = JSON.parse(await readFile(blob(index.manifests[0].digest), "utf8")) as Manifest;
    archive = join(folder, "frozen.tar");
    await writeFile(archive, execFileSync("gzip", ["-dc", blob(manifest.layers[0]?.digest ?? "")]));
    execFileSync("zstd", ["-q", archive, "-o", `${archive}.zst`]);
  });
  after(() => rm(folder, { recursive: true }));

  async function write(path: string, words: ImageWords = WORDS): Promise<string> {
    const image = await checkpointImage(path, words);
    const target = join(folder, `${Math.random().toString(36).slice(2)}.oci.tar`);
    try {
      await writeFile(target, Readable.from(image.bytes()));
    } finally {
      await image.close();
    }
    return target;
  }
  async function unpacked(file: string): Promise<{ readonly root: string; readonly manifest: Manifest }> {
    const root = `${file}.d`;
    await mkdir(root);
    execFileSync("tar", ["-xf", file, "-C", root]);
    const index = JSON.parse(await readFile(join(root, "index.json"), "utf8")) as {
      manifests: [{ digest: string }];
    };
    const path = join(root, "blobs/sha256", index.manifests[0].digest.slice(7));
    return { root, manifest: JSON.parse(await readFile(path, "utf8")) as Manifest };
  }

  for (const ending of ["", ".zst"])
    it(`of a tar${ending === "" ? "" : " that is packed"} has blobs whose names are their hashes, by sha256sum`, async () => {
      const { root, manifest } = await unpacked(await write(`${archive}${ending}`));
      const blobs = join(root, "blobs/sha256");
      const lines = execFileSync("sh", ["-c", "sha256sum *"], { cwd: blobs }).toString().trim().split("\n");
      assert.equal(lines.length, 3);
      for (const line of lines) assert.match(line, /^(\w{64}) {2}\1$/);
      const [layer] = manifest.layers;
      const sum = execFileSync("sha256sum", [archive]).toString().slice(0, 64);
      assert.equal(layer?.digest, `sha256:${sum}`);
      const config = JSON.parse(await readFile(join(blobs, manifest.config.digest.slice(7)), "utf8")) as {
        rootfs: { diff_ids: readonly string[] };
      };
      assert.deepEqual(config.rootfs.diff_ids, [`sha256:${sum}`]);
    });

  it("opens as the checkpoint that it was made of", async () => {
    const [image, own] = await Promise.all([openTree(await write(archive)), openTree(archive)]);
    try {
      assert.equal(await hashOf(image), await hashOf(own));
      assert.equal(image.origin?.kind === "containerImage" && image.origin.reference, WORDS.reference);
    } finally {
      await Promise.all([image.close(), own.close()]);
    }
  });

  it("says what Podman's own image of the same checkpoint says, and the same for CRI-O", async () => {
    const { manifest } = await unpacked(await write(archive));
    const [{ Annotations: podmans }] = JSON.parse(
      await readFile(join(await fixture("archive/container-images"), "image-inspect.json"), "utf8"),
    ) as [{ Annotations: Readonly<Record<string, string>> }];
    const own = "io.podman.annotations.checkpoint.";
    const names = Object.keys(manifest.annotations).filter((name) => name.startsWith(own));
    assert.ok(names.length >= 3, names.join(" "));
    for (const name of names) {
      assert.equal(manifest.annotations[name], podmans[name], name);
      const crio = name.replace("io.podman", "io.kubernetes.cri-o");
      assert.equal(manifest.annotations[crio], podmans[name], crio);
    }
  });

  it("isn't made of what no engine restores from an image", async () => {
    const bare = join(folder, "bare.tar");
    const empty = join(folder, "empty");
    await mkdir(empty);
    await writeFile(join(empty, "inventory.img"), "x");
    execFileSync("tar", ["-cf", bare, "-C", empty, "."]);
    await assert.rejects(checkpointImage(bare, WORDS), { code: "archive.noImage" });
    const text = join(folder, "words");
    await writeFile(text, "no archive at all");
    await assert.rejects(checkpointImage(text, WORDS), { code: "archive.notAnArchive" });
  });

  it("breaks off when the checkpoint changes while it is written", async () => {
    const changing = join(folder, "changing.tar");
    await copyFile(archive, changing);
    const image = await checkpointImage(changing, WORDS);
    execFileSync("dd", [`of=${changing}`, "bs=1", "seek=100000", "conv=notrunc", "status=none"], {
      input: "changed",
    });
    await assert.rejects(Readable.from(image.bytes()).toArray(), { code: "archive.changed" });
    await image.close();
  });
});
