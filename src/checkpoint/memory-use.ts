import type { Mapping } from "./memory-map.ts";
import { pacer } from "./pace.ts";
import { ENTRY } from "./pages/entry-flags.ts";
import { readPagemap } from "./pages/pagemap.ts";
import type { Pagemap } from "./pages/pagemap.ts";
import { pathInLayer } from "./layers.ts";
import type { Layer } from "./layers.ts";
import { orReport } from "./problems.ts";
import type { Report } from "./problems.ts";

/** How many pages of a mapping were dumped. The rest is as in the mapped file, or zero. */
export interface MappingUse {
  readonly start: bigint;
  readonly pages: number;
  /** In the newest layer: pages that the process wrote to, in an incremental dump since the layer before. */
  readonly present: number;
  /** Unchanged since a parent layer, which has them. */
  readonly inParent: number;
  /** To be brought over the network when they are touched. */
  readonly lazy: number;
}

/** Counts the pages of each mapping in the pagemap of the process, in the order of the map. */
export async function readMemoryUse(
  layer: Layer,
  pid: number,
  map: readonly Mapping[],
  pageSize: number,
  report: Report,
): Promise<readonly MappingUse[]> {
  const path = pathInLayer(layer, `pagemap-${pid}.img`);
  const pagemap = await orReport(report, path, undefined, () =>
    readPagemap(layer, String(pid), pageSize, report),
  );
  return countPages(map, pagemap, pageSize);
}

async function countPages(
  map: readonly Mapping[],
  pagemap: Pagemap | undefined,
  pageSize: number,
): Promise<readonly MappingUse[]> {
  const pause = pacer();
  const uses: MappingUse[] = [];
  const { count, first, pages, flags } = pagemap ?? NO_PAGES;
  let entry = 0;
  for (const { start, end } of map) {
    await pause();
    // Page numbers are exact in a double: addresses have 57 bits at most, of which 12 are within the page.
    const [from, to] = [Number(start / BigInt(pageSize)), Number(end / BigInt(pageSize))];
    const use = { present: 0, inParent: 0, lazy: 0 };
    while (entry < count && (first[entry] ?? 0) + (pages[entry] ?? 0) <= from) entry++;
    // The last entry may go on in the next mapping: it is looked at again from there.
    for (let index = entry; index < count && (first[index] ?? 0) < to; index++) {
      const entryFrom = first[index] ?? 0;
      const length = Math.min(entryFrom + (pages[index] ?? 0), to) - Math.max(entryFrom, from);
      const bits = flags[index] ?? 0;
      if ((bits & ENTRY.parent) !== 0) use.inParent += length;
      else if ((bits & ENTRY.present) !== 0) use.present += length;
      if ((bits & ENTRY.lazy) !== 0) use.lazy += length;
      entry = index;
    }
    uses.push({ start, pages: to - from, ...use });
  }
  return uses;
}

const NO_PAGES = {
  count: 0,
  first: new Float64Array(0),
  pages: new Float64Array(0),
  flags: new Uint8Array(0),
};
