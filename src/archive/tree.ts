import type { ByteSource } from "../bytes/index.ts";
import type { TreeOrigin, TreePart } from "./origin.ts";

export type EntryKind = "file" | "folder" | "link" | "other";

/** One name in a tree. */
export interface TreeEntry {
  /** Last part of the path. */
  readonly name: string;
  /** From the root of the tree, `/` between parts, no leading or trailing `/`, no `.`, `..` or empty part. The root is "". */
  readonly path: string;
  readonly kind: EntryKind;
  /** Bytes; 0 for everything but files. */
  readonly size: number;
  /** Unix permission bits, where the container of the tree keeps them. */
  readonly mode?: number;
  /** Milliseconds since 1970, where known. */
  readonly mtime?: number;
}

/**
 * A read-only tree of files: a folder or an archive. Names are normalised and can't leave the tree; links are shown
 * but never followed by the tree itself.
 */
export interface FileTree {
  /** What it was opened from, for messages and titles. */
  readonly name: string;
  /** The names directly in `folder`, sorted. Throws `archive.notFound`. */
  list(folder: string): Promise<readonly TreeEntry[]>;
  /** The entry at `path`, or undefined. */
  stat(path: string): Promise<TreeEntry | undefined>;
  /** Opens a file. Throws `archive.notFound` and `archive.notAFile`. */
  open(path: string): Promise<ByteSource>;
  /** A link's target as it is written in the archive, not resolved: an attacker's word. */
  readLink(path: string): Promise<string>;
  /** Names that were refused (absolute, `..`, too long) and other trouble, in words. */
  readonly problems: readonly string[];
  /** What is known of the tree besides its files; absent for a plain folder or tar. */
  readonly origin?: TreeOrigin;
  /** The checkpoints in it, where the container of the tree names several: images of an index. Absent for one. */
  readonly parts?: readonly TreePart[];
  close(): Promise<void>;
}
