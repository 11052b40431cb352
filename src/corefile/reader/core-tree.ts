import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { archiveErrors } from "../../archive/index.ts";
import type { FileTree, TreeEntry } from "../../archive/index.ts";
import { bufferSource, joinedSource, openFileSource, sliceSource } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { coreOfMinidump } from "../minidump/minidump-core.ts";
import type { MinidumpCore } from "../minidump/minidump-core.ts";
import { isMinidump, readMinidump } from "../minidump/minidump-file.ts";
import { isCoreFile, readCoreFile } from "./core-file.ts";
import { imagesOfCore, pageSizeOf } from "./core-images.ts";
import { readCoreProcess } from "./core-process.ts";
import { withLeftOut } from "./left-out.ts";

const PAGES = "pages-1.img";

/**
 * An ELF core or a minidump as the checkpoint of its process: a tree of CRIU's images that are made from it, in memory, with the pages
 * as parts of the file. Undefined when the file at `path` is none, or is a folder. Throws `corefile.unreadable`,
 * `corefile.bigEndian`, `corefile.badMinidump`, `corefile.otherSystem` and what reading throws.
 */
export async function openCoreTree(path: string): Promise<FileTree | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) return undefined;
  const source = await openFileSource(path);
  try {
    const dump = await dumpOf(source);
    if (dump) return await treeOf(source, dump, basename(path));
  } catch (error) {
    await source.close?.();
    throw error;
  }
  await source.close?.();
  return undefined;
}

async function dumpOf(source: ByteSource): Promise<MinidumpCore | undefined> {
  if (await isMinidump(source)) return coreOfMinidump(source, await readMinidump(source));
  if (!(await isCoreFile(source))) return undefined;
  const read = await readCoreFile(source);
  const process = readCoreProcess(read);
  const core = await withLeftOut(source, read, process.files, pageSizeOf(process, read));
  return { core, process, pages: source, problems: [] };
}

async function treeOf(source: ByteSource, dump: MinidumpCore, name: string): Promise<FileTree> {
  const { images, parts } = await imagesOfCore(dump.pages, dump.core, dump.process);
  const pages = joinedSource(parts.map(({ offset, length }) => sliceSource(dump.pages, offset, length)));
  const sources = new Map<string, ByteSource>(
    [...images].map(([image, bytes]) => [image, bufferSource(bytes)]),
  );
  sources.set(PAGES, pages);
  const entries = [...sources]
    .map(([image, { size }]): TreeEntry => ({ name: image, path: image, kind: "file", size }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const root: TreeEntry = { name: "", path: "", kind: "folder", size: 0 };
  return {
    name,
    problems: dump.problems,
    origin: { kind: "core" },
    list: (folder) =>
      folder === "" ? Promise.resolve(entries) : Promise.reject(archiveErrors.notFound(folder, name)),
    stat: (path) => Promise.resolve(path === "" ? root : entries.find((entry) => entry.path === path)),
    open(path) {
      const opened = sources.get(path);
      if (opened === undefined) return Promise.reject(archiveErrors.notFound(path, name));
      // The core file stays open as long as the tree.
      return Promise.resolve({ size: opened.size, read: (offset, length) => opened.read(offset, length) });
    },
    readLink: (path) => Promise.reject(archiveErrors.notFound(path, name)),
    close: async () => source.close?.(),
  };
}
