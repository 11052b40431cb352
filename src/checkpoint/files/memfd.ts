import { pagesContent } from "../content.ts";
import type { Content } from "../content.ts";
import { flagNames } from "../names.ts";
import { fileKind } from "./kind.ts";

/** A file that lives in memory: memfd_create(2), or shared anonymous memory, which the kernel treats the same. */
export interface Memfd {
  readonly kind: "memfd";
  /** Without `/memfd:`. */
  readonly name: string;
  readonly size: bigint;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number | undefined;
  /** `F_SEAL_WRITE` … */
  readonly seals: readonly string[];
  /** Size class of huge pages, as memfd_create(2) takes it; 0 none. */
  readonly hugePages: number;
  /** Of the memfd among the dump's: two files with the same are one memfd. */
  readonly inodeId: number;
  readonly content: Content | undefined;
}

export const MEMFD = fileKind("MEMFD", "memfd", (file, context) => {
  const inode = context.memfdInode(file.inode_id);
  const path = context.pathOf(file.id);
  return {
    path,
    description: path ?? `memfd ${file.inode_id}`,
    flags: file.flags,
    position: file.pos,
    owner: file.fown,
    detail: {
      kind: "memfd",
      name: inode?.name ?? "",
      size: inode?.size ?? 0n,
      uid: inode?.uid ?? 0,
      gid: inode?.gid ?? 0,
      mode: inode?.mode,
      seals: flagNames("memfd.seals", inode?.seals ?? 0),
      hugePages: inode?.hugetlb_flag ?? 0,
      inodeId: file.inode_id,
      content: inode && pagesContent(inode.shmid, inode.size),
    },
  };
});
