import type { EntryNode, Image, Span } from "../model.ts";

/** A sentence in pieces. `code` is a number, a name or bytes; it may come from the image and is never markup. */
export type Words = readonly (string | { readonly code: string })[];

/** One row of a table: what one byte, or one group of bits, is and adds. */
export interface ExplanationRow {
  readonly span: Span;
  /** As many as the table has columns. */
  readonly cells: readonly string[];
}

/** Arithmetic from bytes to a number, one byte a row in the order of the file. */
export interface ExplanationTable {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly ExplanationRow[];
  /** The line under the rows: `10110 0101100₂ = 2860`. */
  readonly result: string;
}

/** What a step is about. */
export type StepKind =
  | "magic" // one of the words an image begins with
  | "raw" // an image without a magic
  | "skip" // entries that were stepped over
  | "size" // a size word
  | "seal" // tag and nonce of a sealed record
  | "message" // the fields of a message
  | "tag" // a field's number and wire type
  | "length" // the length of a length-delimited value
  | "value" // a field's value
  | "part" // a piece of a value
  | "payload" // bytes behind an entry
  | "padding" // bytes that only align
  | "unknown"; // bytes no rule accounts for

/** One thing to know on the way from the first byte of the image to the selected ones. */
export interface ExplanationStep {
  readonly kind: StepKind;
  readonly title: string;
  /** The outcome in a few characters: `21`, `field 6, wire type 2`. */
  readonly short: string;
  readonly span: Span;
  readonly text: readonly Words[];
  readonly tables: readonly ExplanationTable[];
  /** Whether it is about the bytes that were asked for; the others lead to it. */
  readonly selected: boolean;
}

/** The way from the first byte of an image to some of its bytes, in the order in which a reader of the format takes it. */
export interface Explanation {
  /** The bytes that were asked for, cut to the image. */
  readonly span: Span;
  readonly steps: readonly ExplanationStep[];
  /** The pieces before and after, whose bytes can be asked for next. */
  readonly previous?: Span;
  readonly next?: Span;
}

/** What is explained. `entry` may remember what was decoded; `image.entry` by default. */
export interface ExplainContext {
  readonly image: Image;
  readonly entry?: (index: number) => Promise<EntryNode>;
}
