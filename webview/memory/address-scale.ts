import { lastWith } from "./last-with.ts";

/** Where something of the address space is on the strip: shares of its length, 0 to 1. */
export interface StripPart {
  readonly from: number;
  readonly to: number;
  /** Its place in the list; undefined for a gap. */
  readonly area: number | undefined;
  readonly start: bigint;
  readonly end: bigint;
}

interface Range {
  readonly start: bigint;
  readonly end: bigint;
}

const PAGE = 4096;
/** What isn't mapped is a break of this length, however large it is: most of an address space is that. */
const GAP = 1.5;

/**
 * The address space from end to end at a scale on which a page can be seen beside a heap of gigabytes: each doubling of a
 * mapping's size adds one step to its length, and inside of a mapping the scale is even. Mappings come by address.
 */
export class AddressScale {
  readonly parts: readonly StripPart[];

  constructor(areas: readonly Range[]) {
    const lengths: { readonly length: number; readonly part: Omit<StripPart, "from" | "to"> }[] = [];
    let last: bigint | undefined;
    for (const [area, { start, end }] of areas.entries()) {
      if (last !== undefined && start > last)
        lengths.push({ length: GAP, part: { area: undefined, start: last, end: start } });
      lengths.push({ length: steps(end - start), part: { area, start, end } });
      last = end;
    }
    const total = lengths.reduce((sum, { length }) => sum + length, 0);
    let at = 0;
    this.parts = lengths.map(({ length, part }) => {
      const from = at / total;
      at += length;
      return { ...part, from, to: at / total };
    });
  }

  /** The share at which an address lies: 0 below all mappings, 1 above them. */
  shareOf(address: bigint): number {
    const part =
      this.parts[lastWith(this.parts.length, (index) => (this.parts[index]?.start ?? address) <= address)];
    if (part === undefined) return 0;
    const inside = Number(address - part.start) / Number(part.end - part.start);
    return part.from + Math.min(1, inside) * (part.to - part.from);
  }

  /** The part at a share, and the address there; undefined without any mapping. */
  at(share: number): { readonly part: StripPart; readonly address: bigint } | undefined {
    const index = lastWith(this.parts.length, (each) => (this.parts[each]?.from ?? share) <= share);
    const part = this.parts[Math.max(0, index)];
    if (part === undefined) return undefined;
    const inside = Math.max(0, Math.min(1, (share - part.from) / (part.to - part.from)));
    const size = Number(part.end - part.start);
    const offset = BigInt(Math.floor(inside * size));
    const address = part.start + (offset < part.end - part.start ? offset : part.end - part.start - 1n);
    return { part, address };
  }
}

const steps = (size: bigint): number => 1 + Math.log2(Math.max(1, Number(size) / PAGE));
