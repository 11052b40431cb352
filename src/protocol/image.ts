import type {
  EditHostEvents,
  EditRequests,
  EditState,
  EditViewEvents,
  RowAction,
  RowChange,
} from "./image-edit.ts";
import type { HexHostEvents, HexRequests, HexViewEvents } from "./image-hex.ts";
import type { TreeHostEvents, TreeRequests, TreeViewEvents } from "./image-tree.ts";
import type { RpcMap } from "./rpc.ts";

/** Bytes `[start, end)` of the image. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What a range of bytes is; the words of `SpanKind` in src/criu/model.ts. */
export type ByteKind = "magic" | "size" | "tag" | "value" | "payload" | "padding" | "seal" | "unknown";

export interface ByteSpan extends ByteRange {
  readonly kind: ByteKind;
  /** Path of the tree row the bytes belong to; "" when they belong to none. */
  readonly path: string;
}

/** Chooses a row's icon. */
export type RowKind =
  | "magic"
  | "entry"
  | "message"
  | "list"
  | "number"
  | "flag"
  | "choice"
  | "text"
  | "bytes"
  | "unknown"
  | "payload";

export interface ImageProblem {
  readonly code: string;
  readonly message: string;
  readonly severity: "error" | "warning";
  readonly offset?: number;
}

/** Where the row's thing is defined, or its pages are; and who refers to that thing. */
export type RowSearch = "definition" | "references";

/** One row of the field tree, ready to be shown. */
export interface ImageRow {
  /** Addresses the row for ever: `entries[0].tc.comm`. */
  readonly path: string;
  /** Last part of the path, or an entry's number. */
  readonly label: string;
  readonly type: string;
  /** Short and on one line; control characters are escaped. */
  readonly value: string;
  readonly kind: RowKind;
  readonly span: ByteRange;
  readonly valueSpan: ByteRange;
  readonly childCount: number;
  /** The schema's words about the field; "" when it has none. */
  readonly doc: string;
  readonly problem?: ImageProblem;
  /** What the value refers to, in words: `open file 5`. The row can be followed there. */
  readonly link?: string;
  /** What can be looked for from it. */
  readonly searches: readonly RowSearch[];
  /** What can be done to it; nothing where the image can't be changed. */
  readonly can?: readonly RowAction[];
  /** How it differs from the image as it was opened. */
  readonly change?: RowChange;
}

export interface ImageInfo {
  readonly name: string;
  /** undefined when the magic is unknown. */
  readonly type: { readonly name: string; readonly doc: string } | undefined;
  /** Bytes. */
  readonly size: number;
  readonly entryCount: number;
  /** Rows at the top of the tree. */
  readonly rowCount: number;
  /** The image is sealed and is being read with its key. */
  readonly sealed: boolean;
  readonly problems: readonly ImageProblem[];
  readonly edit: EditState;
  /** What a view shows first, so that it needs no more requests for that. */
  readonly first: FirstScreen;
}

/** The first rows and bytes of an image. */
export interface FirstScreen {
  /** The first rows at the top. */
  readonly rows: readonly ImageRow[];
  /** What is selected first: the first entry, or the row of the first byte; undefined where there is none. */
  readonly selected: Location | undefined;
  /** The first rows under it, where it is the only entry. */
  readonly children: readonly ImageRow[];
  /** Undefined where they can't be read. */
  readonly bytes: ImageBytes | undefined;
}

/** An image and its first bytes, in base64, as the page has them from the start. */
export interface FirstImage {
  readonly info: ImageInfo;
  readonly bytes: (Omit<ImageBytes, "bytes"> & { readonly bytes: string }) | undefined;
}

/** A row on the way from the top of the tree to the one that was asked for. */
export interface Step {
  readonly path: string;
  /** Place among its parent's children. */
  readonly index: number;
  readonly childCount: number;
}

export interface Location {
  /** From the top down; the last one is the row itself. */
  readonly steps: readonly Step[];
  readonly row: ImageRow;
}

export interface ImageBytes {
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** Tile the range in order, cut to it. */
  readonly spans: SpanColumns;
  /** Those that differ from the image as it was opened, in order, cut to the range. */
  readonly edited: readonly ByteRange[];
}

/**
 * Spans that follow one another, by columns: as objects those of a page of small entries would be thirty times the bytes
 * they are about.
 */
export interface SpanColumns {
  /** Bytes of each. */
  readonly lengths: readonly number[];
  readonly kinds: readonly ByteKind[];
  /** Which of `names` is its path. */
  readonly paths: readonly number[];
  readonly names: readonly string[];
}

/** The image editor: the host reads and decodes, the view shows. */
export interface ImageRpc extends RpcMap {
  readonly requests: HexRequests &
    TreeRequests &
    EditRequests & {
      /** Opens the image, or tries again after a failure. */
      /** `again`: a person wants it though it could not be shown before, and may be asked for a key. */
      readonly open: { readonly params: { readonly again?: boolean }; readonly result: ImageInfo };
      /** Children `[start, end)` of a row; of the top for path "". At most 200 are given at a time. */
      readonly children: {
        readonly params: { readonly path: string; readonly start: number; readonly end: number };
        readonly result: readonly ImageRow[];
      };
      /** The deepest row that holds all of a range, or the row of a path. */
      readonly locate: {
        readonly params: ByteRange | { readonly path: string };
        readonly result: Location | undefined;
      };
      /** Bytes with what they are. At most 64 KiB are given at a time. */
      readonly bytes: {
        readonly params: { readonly offset: number; readonly length: number };
        readonly result: ImageBytes;
      };
      /** A row's whole value as text, for the clipboard; at most 1 MiB of it. */
      readonly value: { readonly params: { readonly path: string }; readonly result: string };
    };
  readonly hostEvents: HexHostEvents &
    TreeHostEvents &
    EditHostEvents & {
      /** Select the row of a path, or bytes, as a click on them would. */
      readonly reveal: ByteRange | { readonly path: string };
    };
  readonly viewEvents: HexViewEvents &
    TreeViewEvents &
    EditViewEvents & {
      /** What is selected now, in both panes. */
      readonly selection: ImageSelection;
    };
}

export interface ImageSelection {
  /** The selected row; "" when the bytes belong to none. */
  readonly path: string;
  /** Selected bytes. */
  readonly start: number;
  readonly end: number;
}
