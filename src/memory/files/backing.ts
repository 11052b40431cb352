import { openNested } from "../../archive/index.ts";
import type { FileTree } from "../../archive/index.ts";
import { joinedSource, sliceSource, toCryoscopeError } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { openInLayer } from "../../checkpoint/index.ts";
import type { Checkpoint, Layer } from "../../checkpoint/index.ts";
import { openImage } from "../../criu/index.ts";
import type { Problem } from "../../criu/index.ts";
import type { FileOrigin } from "../origin.ts";
import { readBuildId, readElfHeader } from "./elf.ts";
import { fileInTree } from "./path-in-tree.ts";
import { readMappedFiles } from "./reg-files.ts";
import type { MappedFile } from "./reg-files.ts";

/** A mapped file whose bytes can be had. */
export interface FoundFile {
  readonly path: string;
  readonly from: FileOrigin;
  readonly source: ByteSource;
}

/** Why a mapped file's bytes can't be had. */
export type NoFile = "noFile" | "otherFile";

/** The files that processes map, and where their bytes are. Has descriptors open: close it. */
export interface BackingFiles {
  /** What files.img says of a file. */
  get(id: number): Promise<MappedFile | undefined>;
  /** The file's bytes: from the images, from the archive's rootfs diff, or from the sysroot. */
  find(id: number): Promise<FoundFile | NoFile>;
  close(): Promise<void>;
}

/** Where engines put what the container changed in its root: podman's and CRI-O's export. */
const ROOTFS_DIFF = "rootfs-diff.tar";

/**
 * Opens the files behind the memory of a checkpoint. A file of another size or build id than the dump noted is not
 * taken for it. The sysroot stays the caller's to close.
 */
export function openBackingFiles(
  checkpoint: Checkpoint,
  sysroot: FileTree | undefined,
  tell: (problem: Problem) => void,
): BackingFiles {
  const [newest] = checkpoint.layers;
  const opened: { close?(): Promise<void> }[] = [];
  const found = new Map<number, Promise<FoundFile | NoFile>>();
  let files: Promise<ReadonlyMap<number, MappedFile>> | undefined;
  let trees: Promise<readonly (readonly [FileOrigin, FileTree])[]> | undefined;

  const get = async (id: number): Promise<MappedFile | undefined> => {
    files ??= newest ? readMappedFiles(newest, tell) : Promise.resolve(new Map<number, MappedFile>());
    return (await files).get(id);
  };

  async function openTrees(): Promise<readonly (readonly [FileOrigin, FileTree])[]> {
    const diff = newest && (await openDiff(newest, opened, tell));
    return [
      ...(diff ? [["rootfs-diff", diff] as const] : []),
      ...(sysroot ? [["sysroot", sysroot] as const] : []),
    ];
  }

  async function find(id: number): Promise<FoundFile | NoFile> {
    const file = await get(id);
    if (file?.kind !== "file" || newest === undefined) return "noFile";
    const { path, ghost } = file;
    if (ghost !== undefined) {
      const source = await openGhost(newest, ghost, opened);
      return source === undefined ? "noFile" : { path, from: "ghost", source };
    }
    trees ??= openTrees();
    let why: NoFile = "noFile";
    for (const [from, tree] of await trees) {
      const entry = await fileInTree(tree, path);
      if (entry === undefined) continue;
      const source = await tree.open(entry.path);
      if (await isSame(source, file)) {
        opened.push(source);
        return { path, from, source };
      }
      await source.close?.();
      why = "otherFile";
    }
    return why;
  }

  return {
    get,
    find(id) {
      const known = found.get(id) ?? orMissing(find(id), tell);
      found.set(id, known);
      return known;
    },
    async close() {
      await Promise.allSettled(found.values());
      // What was opened last stands on what was opened first.
      for (const each of opened.splice(0).reverse()) await each.close?.();
    },
  };
}

async function orMissing(
  finding: Promise<FoundFile | NoFile>,
  tell: (problem: Problem) => void,
): Promise<FoundFile | NoFile> {
  try {
    return await finding;
  } catch (error) {
    const { code, sentence, file } = toCryoscopeError(error);
    tell({ code, message: sentence, severity: "warning", ...(file !== undefined && { file }) });
    return "noFile";
  }
}

async function isSame(source: ByteSource, file: MappedFile & { kind: "file" }): Promise<boolean> {
  if (file.size !== undefined && file.size !== source.size) return false;
  if (file.buildId === undefined) return true;
  const header = await readElfHeader(source);
  return header !== undefined && (await readBuildId(source, header)) === file.buildId;
}

/** The rootfs diff beside the folder of the images, or above it. */
async function openDiff(
  { tree, folder }: Layer,
  opened: { close?(): Promise<void> }[],
  tell: (problem: Problem) => void,
): Promise<FileTree | undefined> {
  const parts = folder === "" ? [] : folder.split("/");
  for (let depth = parts.length; depth >= 0; depth--) {
    const path = [...parts.slice(0, depth), ROOTFS_DIFF].join("/");
    if ((await tree.stat(path).catch(() => undefined))?.kind !== "file") continue;
    const source = await tree.open(path);
    opened.push(source);
    try {
      const diff = await openNested(source, ROOTFS_DIFF);
      opened.push(diff);
      return diff;
    } catch (error) {
      const { code, sentence } = toCryoscopeError(error);
      tell({ code, message: sentence, severity: "warning", file: path });
      return undefined;
    }
  }
  return undefined;
}

/** The content that CRIU kept of a file without a name; undefined when it is absent or kept in chunks. */
async function openGhost(
  layer: Layer,
  name: string,
  opened: { close?(): Promise<void> }[],
): Promise<ByteSource | undefined> {
  const source = await openInLayer(layer, name);
  if (source === undefined) return undefined;
  opened.push(source);
  const image = await openImage(name, source, { seal: layer.seal });
  // With chunks each entry after the first has its own place in the file.
  if (image.entryCount > 1) return undefined;
  const { payloads } = await image.entry(0);
  const parts = [...payloads, ...image.rest].filter(({ name }) => name !== "unknown");
  return joinedSource(parts.map(({ span }) => sliceSource(image.plain, span.start, span.end - span.start)));
}
