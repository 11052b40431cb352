// archive: what checkpoints come packed in (a folder, a tar, a compressed tar) as one tree of named byte sources.
export type { EntryKind, FileTree, TreeEntry } from "./tree.ts";
export { annotationsOf, foreignOrigin, originOf } from "./origin.ts";
export type { ForeignHead, ForeignOrigin, ImageOrigin, TreeOrigin, TreePart } from "./origin.ts";
export { openTree, openNested, openWithin } from "./open.ts";
export type { OpenOptions } from "./open.ts";
export { openFolder, isFolderTree } from "./folder.ts";
export type { FolderTree } from "./folder.ts";
export { openLinkedFolder, folderId } from "./linked.ts";
export type { LinkedFolder } from "./linked.ts";
export { joinPath, normaliseName } from "./names.ts";
export { archiveErrors, printable } from "./errors.ts";
export { recogniseFolder, recogniseSnapshot } from "./foreign.ts";
export { createSpill } from "./spill.ts";
export type { Spill } from "./spill.ts";
export { isArchive, nestedTree } from "./nested.ts";
export type { NestedOptions, NestedTree } from "./nested.ts";
export { findCheckpoints, openFound } from "./several.ts";
export type { FoundCheckpoint } from "./several.ts";
