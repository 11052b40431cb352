// Frozen things that CRIU didn't make. They are recognised by content and shown as plain files, with what their heads say.
import type { ByteSource } from "../bytes/index.ts";
import { readFirecracker } from "./firecracker.ts";
import { readGvisor } from "./gvisor.ts";
import type { ForeignHead, ForeignOrigin } from "./origin.ts";
import type { FileTree, TreeEntry } from "./tree.ts";

/** Each gives undefined when the file is none of its own. A new format is a row. */
const FORMATS: readonly ((source: ByteSource) => Promise<ForeignHead | undefined>)[] = [
  readGvisor,
  readFirecracker,
];

/** What a file is, by its first bytes, when it is a snapshot of gVisor or Firecracker. */
export async function recogniseSnapshot(source: ByteSource): Promise<ForeignHead | undefined> {
  for (const read of FORMATS) {
    const head = await read(source);
    if (head !== undefined) return head;
  }
  return undefined;
}

/** Files of a folder that are looked at, and the smallest that can be one. */
const MAX_FILES = 64;
const MAX_ENTRIES = 4096;
const SMALLEST = 16;
/** CRIU's images; where one is, nothing needs to be read to know. */
const OF_CRIU = ["inventory.img", "pstree.img"];
/** The state that runsc writes, where an engine puts what its runtime froze: `podman --runtime runsc`, containerd. */
const OF_ENGINE = { folder: "checkpoint", name: "checkpoint.img" };
/** What runsc calls the files beside its state (runsc/boot/restore.go). */
const BESIDE: Readonly<Record<string, string>> = {
  "pages.img": "memory pages",
  "pages_meta.img": "index of the pages",
};

/**
 * The same of a folder or archive: of the files in its root, one is a snapshot, or runsc's lies in the folder where engines put what
 * they froze; and no CRIU images lie beside it.
 */
export async function recogniseFolder(tree: FileTree): Promise<ForeignOrigin | undefined> {
  if (await hasImages(tree, "")) return undefined;
  const { folder, name } = OF_ENGINE;
  const state = await tree.stat(`${folder}/${name}`);
  if (state?.kind === "file") {
    if (await hasImages(tree, `${folder}/`)) return undefined;
    const beside = await Promise.all(Object.keys(BESIDE).map((one) => tree.stat(`${folder}/${one}`)));
    const found = await snapshotAmong(
      tree,
      [state],
      beside.filter((entry) => entry !== undefined),
    );
    if (found !== undefined) return { ...found, folder };
  }
  const entries = await tree.list("").catch(() => []);
  if (entries.length > MAX_ENTRIES) return undefined;
  const files = entries.filter(({ kind, size }) => kind === "file" && size >= SMALLEST);
  const found = files.length > MAX_FILES ? undefined : await snapshotAmong(tree, files, files);
  return found && { ...found, folder: "" };
}

async function hasImages(tree: FileTree, folder: string): Promise<boolean> {
  for (const name of OF_CRIU) if ((await tree.stat(`${folder}${name}`)) !== undefined) return true;
  return false;
}

async function snapshotAmong(
  tree: FileTree,
  files: readonly TreeEntry[],
  others: readonly TreeEntry[],
): Promise<ForeignHead | undefined> {
  for (const { path, name } of files) {
    const source = await tree.open(path).catch(() => undefined);
    if (source === undefined) continue;
    try {
      const head = await recogniseSnapshot(source);
      if (head === undefined) continue;
      const beside = Object.entries(BESIDE).flatMap(([label, what]) => {
        const size = others.find((file) => file.name === label)?.size;
        return head.kind === "gvisor" && size !== undefined
          ? [[label, `${what}, ${size} bytes`] as const]
          : [];
      });
      return { ...head, facts: [["File", name], ...head.facts, ...beside] };
    } finally {
      await source.close?.();
    }
  }
  return undefined;
}
