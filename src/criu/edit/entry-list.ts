import type { EntryParts } from "./entry.ts";

/** An entry that was changed, or one that is new. */
export interface EditedEntry {
  readonly parts: EntryParts;
  /** Its number in the old image; undefined when it is new. */
  readonly old: number | undefined;
}

/** Old entries `[from, to)` that nothing has changed. */
interface Run {
  readonly from: number;
  readonly to: number;
}

type Piece = Run | EditedEntry;

/** The entries of an image that is being edited: what was not changed costs nothing, however many there are. */
export class EntryList {
  #pieces: readonly Piece[];
  #count: number;

  constructor(count: number) {
    this.#pieces = count > 0 ? [{ from: 0, to: count }] : [];
    this.#count = count;
  }

  get count(): number {
    return this.#count;
  }

  /** The pieces in order, each with the number its first entry has now. */
  *pieces(): Generator<readonly [first: number, piece: Piece]> {
    let first = 0;
    for (const piece of this.#pieces) {
      yield [first, piece];
      first += lengthOf(piece);
    }
  }

  /** What entry `index` is; an unchanged one is told by its old number. Undefined when there is none. */
  at(index: number): EditedEntry | { readonly old: number } | undefined {
    for (const [first, piece] of this.pieces()) {
      if (index < first || index >= first + lengthOf(piece)) continue;
      return "parts" in piece ? piece : { old: piece.from + index - first };
    }
    return undefined;
  }

  /** Puts `entries` in the place of `count` entries from `index` on. */
  splice(index: number, count: number, ...entries: readonly EditedEntry[]): void {
    const before: Piece[] = [];
    const behind: Piece[] = [];
    for (const [first, piece] of this.pieces()) {
      const end = first + lengthOf(piece);
      if (first < index) before.push(cut(piece, 0, Math.min(end, index) - first));
      if (end > index + count) behind.push(cut(piece, Math.max(0, index + count - first), end - first));
    }
    this.#pieces = [...before, ...entries, ...behind];
    this.#count += entries.length - count;
  }
}

function lengthOf(piece: Piece): number {
  return "parts" in piece ? 1 : piece.to - piece.from;
}

/** Entries `[from, to)` of a piece. */
function cut(piece: Piece, from: number, to: number): Piece {
  return "parts" in piece ? piece : { from: piece.from + from, to: piece.from + to };
}
