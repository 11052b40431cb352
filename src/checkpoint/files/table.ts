import type { MessageMap } from "../../criu/index.ts";
import type { Layer } from "../layers.ts";
import type { Report } from "../problems.ts";
import { readRecords } from "../records.ts";
import type { FileEntry } from "./kind.ts";
import { FILE_KINDS } from "./kinds.ts";

/** Linux's own ceiling on open files is about this (`fs.nr_open`); a bound for hostile images. */
export const MAX_FILES = 1_048_576;

/** The kernel's name for shared anonymous memory. */
const SHARED_ANONYMOUS = "/dev/zero";

export type MemfdInode = MessageMap["memfd_inode_entry"];
export type RemapEntry = MessageMap["remap_file_path_entry"];

/** files.img and what names belong to it, read once for all processes. */
export interface FileTable {
  get(id: number): FileEntry | undefined;
  /** Path of a regular file, name of a memfd as /proc writes it; undefined for files without a name. */
  pathOf(id: number): string | undefined;
  memfdInode(inodeId: number): MemfdInode | undefined;
  remap(id: number): RemapEntry | undefined;
  /** Shared anonymous memory: the kernel has a deleted /dev/zero for it, CRIU stores that as a memfd. */
  isSharedAnonymous(id: number): boolean;
  /** CRIU kept the content because the name was gone (`images/remap-file-path.proto`). */
  isDeleted(id: number): boolean;
  /** All entries. */
  entries(): Iterable<FileEntry>;
}

export async function readFileTable(layer: Layer, report: Report): Promise<FileTable> {
  const files = new Map<number, FileEntry>();
  for (const entry of await readRecords(layer, "files.img", "file_entry", report, MAX_FILES))
    files.set(entry.id, entry);
  for (const entry of await readLegacyFiles(layer, report))
    if (!files.has(entry.id)) files.set(entry.id, entry);
  const remaps = await readRecords(layer, "remap-fpath.img", "remap_file_path_entry", report, MAX_FILES);
  const memfds = await readRecords(layer, "memfd.img", "memfd_inode_entry", report, MAX_FILES);
  const deleted = new Map(remaps.map((remap) => [remap.orig_id, remap]));
  const inodes = new Map(memfds.map((inode) => [Number(inode.inode_id), inode]));
  const memfd = (id: number): string | undefined => {
    const inode = files.get(id)?.memfd?.inode_id;
    return inode === undefined ? undefined : (inodes.get(inode)?.name ?? "");
  };
  const isSharedAnonymous = (id: number): boolean => memfd(id)?.startsWith(SHARED_ANONYMOUS) === true;
  const memfdPath = (id: number): string | undefined => {
    const name = memfd(id);
    return name === undefined || isSharedAnonymous(id) ? name : `/memfd:${name}`;
  };
  return {
    get: (id) => files.get(id),
    pathOf: (id) => files.get(id)?.reg?.name ?? memfdPath(id),
    memfdInode: (id) => inodes.get(id),
    remap: (id) => deleted.get(id),
    isSharedAnonymous,
    // No memfd was ever linked anywhere.
    isDeleted: (id) => deleted.has(id) || memfd(id) !== undefined,
    entries: () => files.values(),
  };
}

/** CRIU before 3.0 had an image for each kind, without the union around the entries. */
async function readLegacyFiles(layer: Layer, report: Report): Promise<readonly FileEntry[]> {
  const entries: FileEntry[] = [];
  for (const [type, { legacy, member }] of Object.entries(FILE_KINDS)) {
    if (legacy === undefined || !layer.files.has(legacy.file)) continue;
    for (const body of await readRecords(layer, legacy.file, legacy.message, report, MAX_FILES)) {
      // Every message of these images has an id.
      const { id } = body as { readonly id: number };
      entries.push({ type: Number(type), id, [member]: body });
    }
  }
  return entries;
}
