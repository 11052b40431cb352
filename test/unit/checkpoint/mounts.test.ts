import assert from "node:assert/strict";
import { mountTrees } from "../../../src/checkpoint/index.ts";
import type { Mount, MountNode } from "../../../src/checkpoint/index.ts";
import { procFile, snapshotPids, withCheckpoint } from "./support.ts";

describe("mounts", () => {
  it("say all that mountinfo does", async () => {
    await withCheckpoint("corpus/ns-mnt", "img", async (checkpoint, folder) => {
      const [pid] = await snapshotPids(folder);
      assert(pid !== undefined);
      const truth = (await procFile(folder, pid, "mountinfo")).trim().split("\n");
      const { value } = await checkpoint.mounts();
      const lines = value.map(mountinfo).toSorted();
      assert.deepEqual(
        lines,
        truth
          // CRIU has no word for file systems it doesn't dump itself, ext4 here.
          .map((line) => line.replace(" - ext4 ", " - unknown "))
          // It adds this to the options of devpts (criu/filesystems.c).
          .map((line) => line.replace("ptmxmode=666", "ptmxmode=666,newinstance"))
          .toSorted(),
      );
    });
  });

  it("are a tree for each namespace", async () => {
    await withCheckpoint("corpus/ns-mnt", "img", async (checkpoint) => {
      const trees = mountTrees((await checkpoint.mounts()).value);
      assert.equal(trees.length, 1);
      const [root, ...others] = trees[0]?.roots ?? [];
      assert.deepEqual(others, []);
      const paths = (node: MountNode | undefined): readonly unknown[] =>
        node === undefined ? [] : [node.mount.destination, ...node.children.map(paths)];
      assert.deepEqual(paths(root), [
        "/",
        ["/proc"],
        ["/tmp/lab/fx", ["/tmp/lab/fx/c"]],
        ["/dev", ["/dev/pts"], ["/dev/mqueue"]],
      ]);
    });
  });

  it("that are each other's parents are still all shown", () => {
    const mount = (id: number, parentId: number): Mount => ({
      ...{ destination: `/${id}`, type: "", source: "", options: [] },
      ...{ id, parentId, namespace: 1 },
    });
    const [tree] = mountTrees([mount(1, 2), mount(2, 1), mount(3, 3), mount(4, 99)]);
    const count = (nodes: readonly MountNode[]): number =>
      nodes.reduce((sum, { children }) => sum + 1 + count(children), 0);
    assert.equal(count(tree?.roots ?? []), 4);
  });
});

/** A line of /proc/PID/mountinfo. */
function mountinfo(mount: Mount): string {
  const { id, parentId, device, root, destination, mountOptions, type, source, superOptions } = mount;
  return [
    id,
    parentId,
    device,
    root,
    destination,
    mountOptions?.join(","),
    "-",
    type,
    source,
    superOptions?.join(","),
  ].join(" ");
}
