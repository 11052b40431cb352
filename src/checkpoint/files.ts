import type { MessageMap } from "../criu/index.ts";
import { FILE_KINDS } from "./file-kinds.ts";
import type { FileFacts, FileLookup } from "./file-kinds.ts";
import { pathInLayer } from "./layers.ts";
import type { Layer } from "./layers.ts";
import type { OpenFile } from "./model.ts";
import { openFlagNames } from "./open-flags.ts";
import type { Report } from "./problems.ts";
import { readRecords } from "./records.ts";

/** Linux's own ceiling on open files is about this (`fs.nr_open`); a bound for hostile images. */
const MAX_FILES = 1_048_576;

type FileEntry = MessageMap["file_entry"];

/** The kernel's name for shared anonymous memory. */
const SHARED_ANONYMOUS = "/dev/zero";

/** files.img and what belongs to it, read once for all processes. */
export interface FileTable extends FileLookup {
  get(id: number): FileEntry | undefined;
  /** Shared anonymous memory: the kernel has a deleted /dev/zero for it, CRIU stores that as a memfd. */
  isSharedAnonymous(id: number): boolean;
  /** CRIU kept the content because the name was gone (`images/remap-file-path.proto`). */
  isDeleted(id: number): boolean;
}

export async function readFileTable(layer: Layer, report: Report): Promise<FileTable> {
  const files = new Map<number, FileEntry>();
  for (const entry of await readRecords(layer, "files.img", "file_entry", report, MAX_FILES))
    files.set(entry.id, entry);
  const remaps = await readRecords(layer, "remap-fpath.img", "remap_file_path_entry", report, MAX_FILES);
  const memfds = await readRecords(layer, "memfd.img", "memfd_inode_entry", report, MAX_FILES);
  const deleted = new Set(remaps.map((remap) => remap.orig_id));
  const names = new Map(memfds.map((inode) => [Number(inode.inode_id), inode.name]));
  const memfd = (id: number): string | undefined => {
    const inode = files.get(id)?.memfd?.inode_id;
    return inode === undefined ? undefined : (names.get(inode) ?? "");
  };
  const isSharedAnonymous = (id: number): boolean => memfd(id)?.startsWith(SHARED_ANONYMOUS) === true;
  const memfdPath = (id: number): string | undefined => {
    const name = memfd(id);
    return name === undefined || isSharedAnonymous(id) ? name : `/memfd:${name}`;
  };
  return {
    get: (id) => files.get(id),
    pathOf: (id) => files.get(id)?.reg?.name ?? memfdPath(id),
    isSharedAnonymous,
    // No memfd was ever linked anywhere.
    isDeleted: (id) => deleted.has(id) || memfd(id) !== undefined,
  };
}

/** FD_CLOEXEC, the only descriptor flag there is. */
const FD_CLOEXEC = 1;

/** The descriptors of the table `fdinfo-ID.img`, by number. ID is `files_id` of the process's ids image. */
export async function readOpenFiles(
  layer: Layer,
  filesId: number,
  table: FileTable,
  machine: number | undefined,
  report: Report,
): Promise<readonly OpenFile[]> {
  const image = `fdinfo-${filesId}.img`;
  const entries = await readRecords(layer, image, "fdinfo_entry", report, MAX_FILES);
  const files = entries.map((entry): OpenFile => {
    const type = FILE_KINDS[entry.type];
    const file = table.get(entry.id);
    const facts: FileFacts | undefined = file && type?.describe(file, table);
    if (facts === undefined)
      report({
        code: "checkpoint.fileMissing",
        message: `Descriptor ${entry.fd} is file ${entry.id}, which files.img doesn't describe.`,
        severity: "warning",
        file: pathInLayer(layer, image),
      });
    const deleted = table.isDeleted(entry.id);
    const description = facts?.description ?? `file ${entry.id}`;
    return {
      fd: entry.fd,
      type: type?.name ?? `#${entry.type}`,
      path: facts?.path,
      description: deleted ? `${description} (deleted)` : description,
      flags: facts?.flags === undefined ? [] : openFlagNames(facts.flags, machine),
      closeOnExec: (entry.flags & FD_CLOEXEC) !== 0,
      position: facts?.position,
      id: entry.id,
      deleted,
    };
  });
  return files.toSorted((a, b) => a.fd - b.fd);
}
