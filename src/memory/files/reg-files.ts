import { buildIdText, openInLayer, pathInLayer } from "../../checkpoint/index.ts";
import type { Layer } from "../../checkpoint/index.ts";
import { openImage, readEntries } from "../../criu/index.ts";
import type { MessageMap, MessageName, Problem } from "../../criu/index.ts";
import { toCryoscopeError } from "../../bytes/index.ts";

/** What files.img and its kin say of a file that is mapped. */
export type MappedFile =
  | {
      readonly kind: "file";
      /** In the root of the container. */
      readonly path: string;
      /** Bytes, when the dump noted it. */
      readonly size: number | undefined;
      /** Hexadecimal; undefined for what is no ELF file. */
      readonly buildId: string | undefined;
      /** Name of the image that has the content, for a file without a name: `ghost-file-1.img`. */
      readonly ghost: string | undefined;
    }
  | {
      readonly kind: "memfd";
      readonly name: string;
      /** Number of its `pagemap-shmem-N.img`. */
      readonly shmid: number;
    };

/** As many open files as Linux allows (`fs.nr_open`). */
const MAX_FILES = 1_048_576;
/** `remap_type` of a file whose content was kept (`images/remap-file-path.proto`). */
const GHOST = 1;
/** Marks ids of ghosts in older images (`criu/files-reg.c: REMAP_GHOST`). */
const GHOST_BIT = 0x8000_0000;

/** The files of a layer that can be mapped, by their id in files.img. What is broken is told and left out. */
export async function readMappedFiles(
  layer: Layer,
  tell: (problem: Problem) => void,
): Promise<ReadonlyMap<number, MappedFile>> {
  const ghosts = new Map<number, string>();
  for await (const remap of records(layer, "remap-fpath.img", "remap_file_path_entry", tell))
    if ((remap.remap_type ?? (remap.remap_id >= GHOST_BIT ? GHOST : -1)) === GHOST)
      ghosts.set(remap.orig_id, `ghost-file-${(remap.remap_id % GHOST_BIT).toString(16)}.img`);
  const inodes = new Map<number, MessageMap["memfd_inode_entry"]>();
  for await (const inode of records(layer, "memfd.img", "memfd_inode_entry", tell))
    inodes.set(Number(inode.inode_id), inode);
  const files = new Map<number, MappedFile>();
  for await (const { id, reg, memfd } of records(layer, "files.img", "file_entry", tell)) {
    const inode = memfd && inodes.get(memfd.inode_id);
    if (inode) files.set(id, { kind: "memfd", name: inode.name, shmid: inode.shmid });
    if (reg)
      files.set(id, {
        kind: "file",
        path: reg.name,
        size: reg.size === undefined ? undefined : Number(reg.size),
        buildId: buildIdText(reg.build_id, layer.bigEndian),
        ghost: ghosts.get(id),
      });
  }
  return files;
}

async function* records<Name extends MessageName>(
  layer: Layer,
  file: string,
  message: Name,
  tell: (problem: Problem) => void,
): AsyncGenerator<MessageMap[Name]> {
  const path = pathInLayer(layer, file);
  const source = await openInLayer(layer, file);
  if (source === undefined) return;
  try {
    const image = await openImage(file, source, { seal: layer.seal });
    let count = 0;
    for await (const record of readEntries(image, message)) {
      if (++count > MAX_FILES) return;
      yield record;
    }
  } catch (error) {
    const { code, sentence } = toCryoscopeError(error);
    tell({ code, message: sentence, severity: "error", file: path });
  } finally {
    await source.close?.();
  }
}
