// archive: what checkpoints come packed in (a folder, a tar, a compressed tar) as one tree of named byte sources.
export type { EntryKind, FileTree, TreeEntry } from "./tree.ts";
