import type { MessageMap } from "../../criu/index.ts";
import type { FileEntry } from "../images.ts";
import type { Task } from "../model.ts";
import { detailsOf } from "../task-facts.ts";

export type Descriptor = MessageMap["fdinfo_entry"];

/** The descriptors of a process by number; empty for a zombie. */
export async function descriptorsOf(task: Task): Promise<ReadonlyMap<number, Descriptor>> {
  if (task.process.state === "zombie") return new Map();
  const id = (await detailsOf(task)).shared?.files;
  const entries = id === undefined ? [] : await task.images.all(`fdinfo-${id}.img`, "fdinfo_entry");
  return new Map(entries.toSorted((a, b) => a.fd - b.fd).map((entry) => [entry.fd, entry]));
}

/** What a kind of open file may look up to describe itself. */
export interface FileLookup {
  file(id: number): FileEntry | undefined;
  /** Path of a regular file or memfd as /proc shows it, `(deleted)` included. */
  path(id: number): string | undefined;
  readonly locks: readonly MessageMap["file_lock_entry"][];
}

export async function fileLookup(task: Task): Promise<FileLookup> {
  const { images } = task;
  const [files, remaps, memfds, locks] = await Promise.all([
    images.files(),
    images.all("remap-fpath.img", "remap_file_path_entry"),
    images.all("memfd.img", "memfd_inode_entry"),
    images.all("filelocks.img", "file_lock_entry"),
  ]);
  const deleted = new Set(remaps.map(({ orig_id }) => orig_id));
  const path = (id: number): string | undefined => {
    const file = files.get(id);
    if (file?.reg) return deleted.has(id) ? `${file.reg.name} (deleted)` : file.reg.name;
    const inode = file?.memfd?.inode_id;
    const name = memfds.find((memfd) => Number(memfd.inode_id) === inode)?.name;
    if (name === undefined) return undefined;
    // Shared anonymous memory has a nameless file of the kernel behind it; CRIU dumps it like a memfd.
    return name.startsWith("/dev/zero") ? "/dev/zero (deleted)" : `/memfd:${name} (deleted)`;
  };
  return { file: (id) => files.get(id), path, locks };
}
