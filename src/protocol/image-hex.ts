import type { ByteRange } from "./image.ts";

/** What is looked for in an image's bytes; `SearchQuery` of src/bytes. */
export type ByteQuery =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly encoding: "utf-8" | "utf-16le" | "utf-16be";
      readonly matchCase: boolean;
    }
  | { readonly kind: "hex"; readonly text: string }
  | { readonly kind: "regex"; readonly text: string; readonly matchCase: boolean };

/** What one request has found. The view asks on from `end`: a search is over when nobody asks on. */
export interface SearchPart {
  /** All matches that begin before this offset are known now. */
  readonly end: number;
  readonly offsets: readonly number[];
  /** Bytes of each match. */
  readonly lengths: readonly number[];
}

/** What bytes look like from far away; the words of `ByteTexture` in src/bytes. */
export type Texture = "constant" | "sparse" | "mixed" | "dense" | "random";

export interface EntropyPart extends ByteRange {
  /** Bits per byte, 0 to 8. */
  readonly entropy: number;
  readonly texture: Texture;
}

/** Colours of bookmarks, named as in the theme: `charts.red`. */
export type BookmarkColour = "red" | "orange" | "yellow" | "green" | "blue" | "purple";

/** A place that a person has marked. */
export interface Bookmark extends ByteRange {
  readonly colour: BookmarkColour;
  /** "" when there is none. */
  readonly note: string;
}

/** Something the host asks the view to do because its command was run. */
export type HexAction =
  | { readonly do: "find"; readonly query?: ByteQuery }
  | { readonly do: "findNext" | "findPrevious" | "goTo" | "toggleInspector" | "toggleEntropy" };

// Type aliases, because an interface never fits the index signature of RpcMap.
/** Requests of the hex tools. */
export type HexRequests = Readonly<{
  /** Searches on from `start`, for less than a second, and for at most 4096 matches. */
  search: {
    readonly params: { readonly query: ByteQuery; readonly start: number };
    readonly result: SearchPart;
  };
  /** The entropy along the image in at most `parts` parts (1024 at most), sampled. */
  entropy: {
    readonly params: { readonly parts: number };
    readonly result: readonly EntropyPart[];
  };
}>;

export type HexHostEvents = Readonly<{
  /** All bookmarks of the image, in the order of their bytes. */
  bookmarks: readonly Bookmark[];
  act: HexAction;
}>;

export type HexViewEvents = Readonly<{
  /** Change or drop the bookmark that begins at `start`. */
  bookmark: { readonly do: "edit" | "remove"; readonly start: number };
  /** The view is up and can be told things. */
  ready: Record<string, never>;
}>;
