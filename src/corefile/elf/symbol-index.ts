import type { SymbolEntry, SymbolTable } from "./symbol-table.ts";

/** The symbols of a table by their addresses. */
export interface SymbolIndex {
  /**
   * The symbols that `address` may be in, all with one start: the nearest that say so by their size, else the labels that
   * stand nearest before it, with no other symbol between.
   */
  at(address: bigint): Promise<readonly SymbolEntry[]>;
}

/** Symbols that are sorted at once, which takes a few milliseconds. */
const PIECE = 65_536;
/** What is left of a word beside the number of a symbol in its piece: addresses are kept in so many bits. */
const SLOT_BITS = 16n;
const ADDRESS_BITS = 48n;
/** Symbols that are looked at before the nearest for one that is around them: only a hostile program has more. */
const MAX_AROUND = 16_384;
const MAX_SAME = 64;
const NONE: readonly SymbolEntry[] = [];

/** Sizes are kept in four bytes; a larger one is as large as that. */
const MAX_SIZE = 0xffff_ffff;

/** Some of a table's symbols in the order of their addresses: 24 bytes each. */
interface Piece {
  /** The address, and behind it in the lowest bits the number of the symbol in the piece. */
  readonly keys: BigUint64Array;
  /** By their numbers in the piece: where in the table they are. */
  readonly places: Uint32Array;
  /** By their numbers in the piece. */
  readonly sizes: Uint32Array;
  /** In the order of the keys: how far the symbols up to each reach. */
  readonly reach: Float64Array;
}

/** Reads a table once and remembers where each symbol is; the symbols stay in the file. */
export async function indexSymbols(table: SymbolTable): Promise<SymbolIndex> {
  const pieces: Piece[] = [];
  let filling = newPiece();
  await table.each(({ address, size }, index) => {
    // No program of the user's is linked so high.
    if (address >> ADDRESS_BITS !== 0n) return;
    if (filling.length === PIECE) {
      pieces.push(sorted(filling));
      filling = newPiece();
    }
    const { length: slot } = filling;
    filling.keys[slot] = (address << SLOT_BITS) | BigInt(slot);
    filling.places[slot] = index;
    filling.sizes[slot] = size > MAX_SIZE ? MAX_SIZE : Number(size);
    filling.length++;
  });
  if (filling.length > 0) pieces.push(sorted(filling));
  return {
    async at(address) {
      if (address < 0n || address >> ADDRESS_BITS !== 0n) return NONE;
      let [nearest, start] = [-1n, -1n];
      let labels: SymbolEntry[] = [];
      let sized: SymbolEntry[] = [];
      for (const piece of pieces) {
        const last = lastUpTo(piece.keys, address);
        for (let at = last; at >= 0 && last - at < MAX_AROUND; at--) {
          const of = (piece.keys[at] ?? 0n) >> SLOT_BITS;
          const isNearest = of >= nearest;
          // Behind this one no symbol before it reaches as far as the address, or one that is nearer is known.
          if (!isNearest && ((piece.reach[at] ?? 0) <= Number(address) || of < start)) break;
          if (of > nearest) [nearest, labels] = [of, []];
          const slot = Number((piece.keys[at] ?? 0n) & 0xffffn);
          const size = piece.sizes[slot] ?? 0;
          if (size === 0 ? !isNearest : Number(of) + size <= Number(address)) continue;
          const entry = await table.entry(piece.places[slot] ?? 0);
          if (entry === undefined) continue;
          if (entry.size === 0n) {
            if (labels.length < MAX_SAME) labels.push(entry);
          } else if (address < entry.address + entry.size && of >= start) {
            if (of > start) [start, sized] = [of, []];
            if (sized.length < MAX_SAME) sized.push(entry);
          }
        }
      }
      return sized.length > 0 ? sized : labels;
    },
  };
}

interface Filling {
  readonly keys: BigUint64Array;
  readonly places: Uint32Array;
  readonly sizes: Uint32Array;
  length: number;
}

const newPiece = (): Filling => ({
  keys: new BigUint64Array(PIECE),
  places: new Uint32Array(PIECE),
  sizes: new Uint32Array(PIECE),
  length: 0,
});

function sorted({ keys, places, sizes, length }: Filling): Piece {
  const inOrder = keys.slice(0, length).sort();
  const reach = new Float64Array(length);
  let furthest = 0;
  for (const [at, key] of inOrder.entries()) {
    furthest = Math.max(furthest, Number(key >> SLOT_BITS) + (sizes[Number(key & 0xffffn)] ?? 0));
    reach[at] = furthest;
  }
  return { keys: inOrder, places: places.slice(0, length), sizes: sizes.slice(0, length), reach };
}

/** Index of the last key whose address is at most `address`, or -1. */
function lastUpTo(keys: BigUint64Array, address: bigint): number {
  const wanted = (address << SLOT_BITS) | 0xffffn;
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? 0n) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
