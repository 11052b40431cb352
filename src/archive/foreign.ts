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
const SMALLEST = 16;
/** CRIU's images; where one is, nothing needs to be read to know. */
const OF_CRIU = ["inventory.img", "pstree.img"];
/** Where an engine puts what its runtime froze: `podman --runtime runsc`, containerd. */
const ENGINE_FOLDER = "checkpoint";
/** What runsc calls the files beside its state (runsc/boot/restore.go). */
const BESIDE: Readonly<Record<string, string>> = {
  "pages.img": "memory pages",
  "pages_meta.img": "index of the pages",
};

/**
 * The same of a folder or archive: of the files in its root, or in the folder where engines put what they froze, one is a
 * snapshot, and no CRIU images lie beside it.
 */
export async function recogniseFolder(tree: FileTree): Promise<ForeignOrigin | undefined> {
  for (const folder of ["", ENGINE_FOLDER]) {
    const inFolder = (name: string): string => (folder === "" ? name : `${folder}/${name}`);
    for (const name of OF_CRIU) if ((await tree.stat(inFolder(name))) !== undefined) return undefined;
    if (folder !== "" && (await tree.stat(folder))?.kind !== "folder") return undefined;
    const entries = await tree.list(folder).catch(() => []);
    const files = entries.filter(({ kind, size }) => kind === "file" && size >= SMALLEST);
    const found = files.length > MAX_FILES ? undefined : await snapshotAmong(tree, files);
    if (found !== undefined) return { ...found, folder };
  }
  return undefined;
}

async function snapshotAmong(tree: FileTree, files: readonly TreeEntry[]): Promise<ForeignHead | undefined> {
  for (const { path, name } of files) {
    const source = await tree.open(path).catch(() => undefined);
    if (source === undefined) continue;
    try {
      const head = await recogniseSnapshot(source);
      if (head === undefined) continue;
      const beside = Object.entries(BESIDE).flatMap(([label, what]) => {
        const size = files.find((file) => file.name === label)?.size;
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
