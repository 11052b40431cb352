import { lastWith } from "./last-with.ts";

/** A VMA as the rows know it. */
export interface RowArea {
  readonly start: bigint;
  readonly end: bigint;
}

/** One line of the editor. */
export type MemoryLine =
  /** Where nothing is mapped: `[from, to)`. */
  | { readonly kind: "gap"; readonly from: bigint; readonly to: bigint }
  | { readonly kind: "head"; readonly area: number }
  | { readonly kind: "bytes"; readonly area: number; readonly address: bigint; readonly length: number };

const ADDRESS_END = 1n << 64n;

/**
 * The lines of an address space: for each gap one, for each area a head and its bytes, `columns` in a line. Row numbers
 * are exact up to 2^53, which is more lines than 64-bit machines have addresses for.
 */
export class RowMap {
  readonly columns: number;
  readonly count: number;
  readonly #areas: readonly RowArea[];
  /** For each area the first of its lines: the gap before it, or its head. */
  readonly #first: Float64Array;
  readonly #hasGap: Uint8Array;

  constructor(areas: readonly RowArea[], columns: number) {
    this.columns = columns;
    this.#areas = areas;
    this.#first = new Float64Array(areas.length);
    this.#hasGap = new Uint8Array(areas.length);
    let row = 0;
    let end = 0n;
    for (const [index, area] of areas.entries()) {
      this.#first[index] = row;
      this.#hasGap[index] = area.start > end ? 1 : 0;
      row += (area.start > end ? 1 : 0) + 1 + this.#byteRows(area);
      end = area.end;
    }
    this.count = row + (end < ADDRESS_END && areas.length > 0 ? 1 : 0);
  }

  line(row: number): MemoryLine | undefined {
    if (row < 0 || row >= this.count) return undefined;
    const index = lastWith(this.#areas.length, (area) => (this.#first[area] ?? Infinity) <= row);
    const area = this.#areas[index];
    if (area === undefined) return undefined;
    let inside = row - (this.#first[index] ?? 0);
    if (this.#hasGap[index] === 1) {
      if (inside === 0) return { kind: "gap", from: this.#areas[index - 1]?.end ?? 0n, to: area.start };
      inside--;
    }
    if (inside === 0) return { kind: "head", area: index };
    if (inside > this.#byteRows(area)) return { kind: "gap", from: area.end, to: ADDRESS_END };
    const address = area.start + BigInt(inside - 1) * BigInt(this.columns);
    const left = area.end - address;
    const length = left < BigInt(this.columns) ? Number(left) : this.columns;
    return { kind: "bytes", area: index, address, length };
  }

  /** The line of an address; that of the gap where nothing is mapped. */
  rowOf(address: bigint): number {
    const index = lastWith(
      this.#areas.length,
      (each) => (this.#areas[each]?.start ?? ADDRESS_END) <= address,
    );
    const area = this.#areas[index];
    if (area === undefined) return 0;
    if (address >= area.end) return Math.min(this.count - 1, this.#first[index + 1] ?? this.count - 1);
    const inside = Number((address - area.start) / BigInt(this.columns));
    return this.headRow(index) + 1 + inside;
  }

  headRow(area: number): number {
    return (this.#first[area] ?? 0) + (this.#hasGap[area] ?? 0);
  }

  /** Index of the area that has the address. */
  areaOf(address: bigint): number | undefined {
    const index = lastWith(
      this.#areas.length,
      (each) => (this.#areas[each]?.start ?? ADDRESS_END) <= address,
    );
    const area = this.#areas[index];
    return area !== undefined && address < area.end ? index : undefined;
  }

  #byteRows({ start, end }: RowArea): number {
    return Math.ceil(Number(end - start) / this.columns);
  }
}

/** Where the cursor goes for a key; undefined when the key doesn't move it. It skips what isn't mapped. */
export function moveCursor(
  key: string,
  whole: boolean,
  cursor: bigint,
  rows: RowMap,
  areas: readonly RowArea[],
  pageRows: number,
): bigint | undefined {
  const columns = BigInt(rows.columns);
  const index = rows.areaOf(cursor);
  const area = index === undefined ? undefined : areas[index];
  const first = areas[0]?.start ?? 0n;
  const last = (areas.at(-1)?.end ?? 1n) - 1n;
  const column = area ? (cursor - area.start) % columns : 0n;
  const by = (step: bigint): bigint => skipGaps(cursor, cursor + step, areas, rows);
  const moves: Readonly<Record<string, () => bigint>> = {
    ArrowLeft: () => by(-1n),
    ArrowRight: () => by(1n),
    ArrowUp: () => by(-columns),
    ArrowDown: () => by(columns),
    PageUp: () => by(-columns * BigInt(pageRows)),
    PageDown: () => by(columns * BigInt(pageRows)),
    Home: () => (whole ? first : cursor - column),
    End: () => (whole ? last : cursor - column + columns - 1n),
  };
  const target = moves[key]?.();
  if (target === undefined) return undefined;
  return target < first ? first : target > last ? last : target;
}

/** `to`, or the nearest mapped byte in the direction from `from`. */
function skipGaps(from: bigint, to: bigint, areas: readonly RowArea[], rows: RowMap): bigint {
  if (rows.areaOf(to) !== undefined) return to;
  if (to > from) return areas.find(({ start }) => start > to)?.start ?? from;
  return (areas.findLast(({ end }) => end <= to)?.end ?? from + 1n) - 1n;
}
