/** How a row of bytes is laid out. Widths are in characters of the monospace font, as in style/hex.css. */
export interface HexLayout {
  /** Bytes in a row. */
  readonly columns: 8 | 16 | 32;
  /** Hex digits of an offset. */
  readonly digits: number;
}

const WIDTHS = [32, 16, 8] as const;
/** A byte in hex with the space around it, and the gap between groups of eight. */
const CELL = 2.6;
const GAP = 1;
/** Space around the offset, between hex and text, and at the end. */
const MARGINS = 6;

/** The widest row that fits `characters`; 8 bytes when none does, and the pane scrolls sideways. */
export function hexLayout(size: number, characters: number): HexLayout {
  const digits = Math.max(8, Math.max(0, size - 1).toString(16).length);
  const fits = WIDTHS.find((columns) => rowWidth(columns, digits) <= characters);
  return { columns: fits ?? 8, digits };
}

function rowWidth(columns: number, digits: number): number {
  return digits + MARGINS + columns * CELL + (columns / 8 - 1) * GAP + columns;
}

/** Where the cursor goes for a key, or undefined when the key doesn't move it. */
export function moveCursor(
  key: string,
  whole: boolean,
  cursor: number,
  { columns, pageRows, size }: { columns: number; pageRows: number; size: number },
): number | undefined {
  const column = cursor % columns;
  const targets: Readonly<Record<string, number>> = {
    ArrowLeft: cursor - 1,
    ArrowRight: cursor + 1,
    ArrowUp: cursor - columns >= 0 ? cursor - columns : cursor,
    ArrowDown: cursor + columns < size ? cursor + columns : cursor,
    PageUp: Math.max(column, cursor - pageRows * columns),
    PageDown: cursor + pageRows * columns,
    Home: whole ? 0 : cursor - column,
    End: whole ? size - 1 : cursor - column + columns - 1,
  };
  const target = targets[key];
  return target === undefined ? undefined : Math.max(0, Math.min(target, size - 1));
}
