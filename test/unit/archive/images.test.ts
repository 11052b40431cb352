import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { annotationsOf, openTree, originOf, type FileTree } from "../../../src/archive/index.ts";
import { fixture } from "../fixtures.ts";
import { content, hashOf, names } from "./helpers.ts";

const PODMAN = ["ckpt-oci-dir", "ckpt-oci.tar", "ckpt-oci-zstd.tar"];

/** What tar finds in the layer of the OCI folder. */
async function layerListing(folder: string): Promise<readonly string[]> {
  const blobs = join(folder, "ckpt-oci-dir/blobs/sha256");
  const index = JSON.parse(await readFile(join(folder, "ckpt-oci-dir/index.json"), "utf8")) as {
    manifests: [{ digest: string }];
  };
  const manifest = JSON.parse(await readFile(join(blobs, index.manifests[0].digest.slice(7)), "utf8")) as {
    layers: [{ digest: string }];
  };
  return execFileSync("tar", ["-tzf", join(blobs, manifest.layers[0].digest.slice(7))])
    .toString()
    .split("\n")
    .map((line) => line.replace(/\/$/, ""))
    .filter(Boolean);
}

async function opened<T>(file: string, use: (tree: FileTree) => Promise<T>): Promise<T> {
  const tree = await openTree(join(await fixture("archive/container-images"), file));
  try {
    return await use(tree);
  } finally {
    await tree.close();
  }
}

describe("a checkpoint image", () => {
  for (const file of [...PODMAN, "ckpt-docker.tar", "docker26.tar"])
    it(`(${file}) opens as the files in its layer`, async () => {
      const expected = await layerListing(await fixture("archive/container-images"));
      await opened(file, async (tree) => {
        const found = await names(tree);
        for (const path of expected) assert.ok(found.includes(path), path);
        // Only folders that have no header of their own come on top.
        for (const path of found) if (!expected.includes(path)) assert.equal(path, "volumes");
        assert.deepEqual(tree.problems, []);
      });
    });

  it("has the same bytes in every form", async () => {
    const hashes = await Promise.all(
      [...PODMAN, "ckpt-docker.tar", "docker26.tar"].map((file) => opened(file, hashOf)),
    );
    assert.equal(new Set(hashes).size, 1);
  });

  for (const file of PODMAN)
    it(`(${file}) has the annotations that podman inspect shows`, async () => {
      const inspected = JSON.parse(
        await readFile(join(await fixture("archive/container-images"), "image-inspect.json"), "utf8"),
      ) as [{ Annotations: Record<string, string>; Created: string; Os: string; Architecture: string }];
      await opened(file, (tree) => {
        const annotations = annotationsOf(tree, "checkpoint");
        for (const [key, value] of Object.entries(inspected[0].Annotations))
          assert.equal(annotations[key], value, key);
        const origin = originOf(tree, "");
        assert.ok(origin?.kind === "containerImage");
        assert.match(origin.reference ?? "", /^(localhost\/)?ckpt:1$/);
        assert.equal(origin.created, inspected[0].Created);
        assert.equal(origin.platform, `${inspected[0].Os}/${inspected[0].Architecture}`);
        return Promise.resolve();
      });
    });

  it("of Docker has a name, and no annotations", () =>
    opened("docker26.tar", (tree) => {
      assert.equal(tree.origin?.kind === "containerImage" && tree.origin.reference, "localhost/ckpt:1");
      return Promise.resolve();
    }));

  it("of CRI-O's kind has CRI-O's and the neutral annotations", () =>
    opened("crio-style-oci.tar", async (tree) => {
      const annotations = annotationsOf(tree, "");
      assert.equal(annotations["io.kubernetes.cri-o.annotations.checkpoint.name"], "lab");
      assert.equal(annotations["org.criu.checkpoint.container.name"], "lab");
      assert.ok(await tree.stat("checkpoint/inventory.img"));
    }));

  it("can be shown as the files that it is stored in", async () => {
    const path = join(await fixture("archive/container-images"), "ckpt-oci.tar");
    const tree = await openTree(path, { raw: true });
    assert.deepEqual(
      (await tree.list("")).map(({ name }) => name),
      ["blobs", "index.json", "oci-layout"],
    );
    assert.equal(tree.origin, undefined);
    await tree.close();
  });
});

describe("the index of ctr checkpoint", () => {
  it("opens as the files that other engines write", () =>
    opened("ctr-checkpoint.tar", async (tree) => {
      assert.deepEqual(
        (await tree.list("")).map(({ name }) => name),
        ["checkpoint", "config.pb", "options.pb", "rootfs-diff.tar", "spec.dump"],
      );
      assert.ok(await tree.stat("checkpoint/pstree.img"));
      const spec = JSON.parse(await content(tree, "spec.dump")) as { process: { args: string[] } };
      assert.equal(spec.process.args[0], "/bin/sh");
      assert.deepEqual(tree.problems, []);
    }));

  it("says what containerd says of it", () =>
    opened("ctr-checkpoint.tar", (tree) => {
      assert.ok(tree.origin?.kind === "containerImage");
      assert.equal(tree.origin.format, "containerd");
      assert.equal(tree.origin.reference, "ckpt/c1:1");
      assert.equal(tree.origin.annotations["io.containerd.checkpoint.runtime"], "io.containerd.runc.v2");
      return Promise.resolve();
    }));
});
