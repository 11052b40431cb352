import type { EntryKind, FileTree } from "../../../archive/index.ts";

export interface PlaceEntry {
  readonly name: string;
  readonly kind: EntryKind;
}

export interface PlaceStat {
  readonly kind: EntryKind;
  /** Bytes that `read` gives; 0 for folders. */
  readonly size: number;
  /** Milliseconds since 1970, where known. */
  readonly mtime?: number | undefined;
}

/** A file's place in a tree, for those who read it at random. */
export interface InTree {
  readonly tree: FileTree;
  readonly path: string;
}

/** A part of what the `cryoscope:` file system shows. Paths are inside of it, without `/` at either end; "" is itself. */
export interface Place {
  /** Throws an error with a code that ends in `notFound`, and others. */
  list(path: string): Promise<readonly PlaceEntry[]>;
  stat(path: string): Promise<PlaceStat | undefined>;
  /** The whole file, at most `limit` bytes. Throws `explorer.tooBig` for a bigger one. */
  read(path: string, limit: number): Promise<Uint8Array>;
  /** Undefined for what is made and lies in no tree. */
  locate(path: string): Promise<InTree | undefined>;
  close(): Promise<void>;
}

/** The path below `folder`. */
export const below = (folder: string, path: string): string =>
  [folder, path].filter((part) => part !== "").join("/");
