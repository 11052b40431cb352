import type { MessageMap } from "../../criu/index.ts";
import type { Content } from "../content.ts";
import { fileKind } from "./kind.ts";

/** A file, directory or device that was opened by its name. */
export interface RegularFile {
  readonly kind: "regular";
  /** Bytes when it was dumped. */
  readonly size: bigint | undefined;
  /** Type and permissions, as stat(2) has them. */
  readonly mode: number | undefined;
  /** Id of its mount; undefined without mount namespaces. */
  readonly mountId: number | undefined;
  /** Hexadecimal, of ELF files. */
  readonly buildId: string | undefined;
  readonly checksum: number | undefined;
  /** It was given from outside the container, with --external. */
  readonly external: boolean;
  /** How it is found again when its name is gone. */
  readonly remap: Remap | undefined;
}

/** What CRIU does for a file whose name is gone (`criu/files-reg.c: dump_linked_remap`, `dump_ghost_remap`). */
export type Remap =
  /** It has the content in an image. */
  | (Ghost & { readonly type: "ghost" })
  /** It made another link to it, under this path. */
  | { readonly type: "linked"; readonly path: string | undefined }
  /** It belongs to a process that ended, in /proc. */
  | { readonly type: "procfs"; readonly pid: number };

/** A file that had no name any more: what is in `ghost-file-ID.img`. */
export interface Ghost {
  readonly image: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  /** The kernel's numbers for the file system and the file on it. */
  readonly device: number | undefined;
  readonly inode: bigint | undefined;
  /** Of device files. */
  readonly rdev: number | undefined;
  /** Milliseconds since 1970. */
  readonly accessed: number | undefined;
  readonly modified: number | undefined;
  readonly symlinkTarget: string | undefined;
  readonly content: Content;
}

/** More words than the build id of any linker: those have 16 or 20 bytes. */
const MAX_BUILD_ID = 16;

/**
 * `reg_file_entry.build_id` in hexadecimal: CRIU keeps the bytes of the note as words of the machine
 * (`criu/files-reg.c: get_build_id`). undefined for what is no ELF file.
 */
export function buildIdText(words: readonly number[], bigEndian: boolean): string | undefined {
  if (words.length === 0 || words.length > MAX_BUILD_ID) return undefined;
  const bytes = Buffer.alloc(words.length * 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  words.forEach((word, index) => {
    view.setUint32(index * 4, word >>> 0, !bigEndian);
  });
  return bytes.toString("hex");
}

const NO_MOUNT = -1;

/** What a regular file's own entry says; `remap` is known to the table alone. */
function regularFile(
  file: MessageMap["reg_file_entry"],
  remap: Remap | undefined,
  bigEndian: boolean,
): RegularFile {
  return {
    kind: "regular",
    size: file.size,
    mode: file.mode,
    mountId: file.mnt_id === NO_MOUNT ? undefined : file.mnt_id,
    buildId: buildIdText(file.build_id, bigEndian),
    checksum: file.checksum,
    external: file.ext ?? false,
    remap,
  };
}

export const REGULAR = fileKind(
  "REG",
  "reg",
  async (file, context) => ({
    path: file.name,
    description: file.name,
    flags: file.flags,
    position: file.pos,
    owner: file.fown,
    detail: regularFile(file, await context.remapOf(file.id), context.bigEndian),
  }),
  { file: "reg-files.img", message: "reg_file_entry" },
);
