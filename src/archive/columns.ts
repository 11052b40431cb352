// Tables of a million rows without an object for each: numbers in typed arrays that grow in pieces, so that nothing is copied.
const BITS = 12;
const PIECE = 1 << BITS;
const MASK = PIECE - 1;

/** Rows of an archive's names, some thousands of them. */
export interface RowPiece {
  readonly parent: Int32Array;
  readonly firstChild: Int32Array;
  readonly nextSibling: Int32Array;
  readonly nameAt: Uint32Array;
  readonly nameLength: Uint16Array;
  readonly kind: Uint8Array;
  readonly mode: Uint16Array;
  readonly mtime: Float64Array;
  readonly size: Float64Array;
  readonly body: Float64Array;
}

const newPiece = (): RowPiece => ({
  parent: new Int32Array(PIECE),
  firstChild: new Int32Array(PIECE),
  nextSibling: new Int32Array(PIECE),
  nameAt: new Uint32Array(PIECE),
  nameLength: new Uint16Array(PIECE),
  kind: new Uint8Array(PIECE),
  mode: new Uint16Array(PIECE),
  mtime: new Float64Array(PIECE),
  size: new Float64Array(PIECE),
  body: new Float64Array(PIECE),
});

/** The piece that a row is in, and where in it: `at(row)`. Pieces are made as rows are first asked for, in order. */
export interface Rows {
  piece(row: number): RowPiece;
  at(row: number): number;
}

export function rows(): Rows {
  const first = newPiece();
  const pieces = [first];
  return {
    piece(row) {
      const index = row >>> BITS;
      while (index >= pieces.length) pieces.push(newPiece());
      return pieces[index] ?? first;
    },
    at: (row) => row & MASK,
  };
}
