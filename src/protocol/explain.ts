import type { ByteRange } from "./image.ts";
import type { RpcMap } from "./rpc.ts";

/** A sentence in pieces; the words of `Words` in src/criu/explain. `code` is never markup. */
export type ExplainWords = readonly (string | { readonly code: string })[];

export interface ExplainRow {
  readonly span: ByteRange;
  readonly cells: readonly string[];
}

/** Arithmetic from bytes to a number, one byte a row. */
export interface ExplainTable {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly ExplainRow[];
  readonly result: string;
}

/** One thing to know on the way from the first byte of an image to others. */
export interface ExplainStep {
  readonly kind: string;
  readonly title: string;
  readonly short: string;
  /** Empty when the step is about no bytes. */
  readonly span: ByteRange;
  readonly text: readonly ExplainWords[];
  readonly tables: readonly ExplainTable[];
  /** Whether it is about the selected bytes; the others lead to it. */
  readonly selected: boolean;
}

/** What the view shows: the way to the bytes that are selected in an image editor. */
export interface ShownExplanation {
  /** File name of the image. */
  readonly image: string;
  readonly span: ByteRange;
  readonly steps: readonly ExplainStep[];
  readonly previous?: ByteRange;
  readonly next?: ByteRange;
}

export interface ExplainRpc extends RpcMap {
  readonly requests: Record<never, never>;
  readonly hostEvents: {
    /** undefined when no image is open, a sentence when it can't be read. */
    readonly explanation: ShownExplanation | string | undefined;
  };
  readonly viewEvents: {
    /** The view is up and can be told things. */
    readonly ready: Record<string, never>;
    /** Select these bytes in the editor. */
    readonly select: ByteRange;
    /** Go back to the editor. */
    readonly leave: Record<string, never>;
  };
}
