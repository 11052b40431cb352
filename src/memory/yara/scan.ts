import type { CheckpointMemory } from "../checkpoint-memory.ts";
import { pagesWithin } from "../search/filter.ts";
import type { MemoryFilter } from "../search/filter.ts";
import { SharedPages } from "../search/shared-pages.ts";
import { searchedBytes } from "../search/jobs.ts";
import type { AddressSpace } from "../space/address-space.ts";
import { MAX_PLACES, openYara } from "./engine.ts";
import type { YaraOptions } from "./engine.ts";
import { PLACE_COLUMNS } from "./messages.ts";
import type { ConcludedRule, FoundPlaces, MatchedRule, Places, RuleFacts, RuleFile } from "./messages.ts";
import { byAddress, placesIn } from "./places.ts";
import type { PlaceRow, YaraPlace } from "./places.ts";
import { ProcessFinds } from "./process-finds.ts";
import { regionBytes } from "./region-bytes.ts";
import { DEFAULT_REGION, MAX_REGION, OVERLAP, scanRegions } from "./regions.ts";
import type { ScanRegion } from "./regions.ts";

export interface YaraScanOptions extends YaraOptions {
  readonly filter?: MemoryFilter;
  /** Bytes before and behind a place that come with it. */
  readonly context?: number;
  /**
   * Bytes of the longest region, which is in memory twice: 8 MiB when not given, 1 MiB to 1 GiB. A stretch of memory
   * that is longer is asked in parts.
   */
  readonly regionSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A rule that a process matches, or a region of its memory. */
export interface YaraHit {
  readonly memory: CheckpointMemory;
  readonly pid: number;
  readonly space: AddressSpace;
  /** Undefined for a rule that was asked of the whole process. */
  readonly region: ScanRegion | undefined;
  readonly rule: RuleFacts;
  /** By address. A rule that was asked of a process may match without any. */
  readonly places: readonly YaraPlace[];
  /** A pattern has more places than are told. */
  readonly hasMore: boolean;
}

export interface YaraStep {
  readonly memory: CheckpointMemory;
  readonly hits: readonly YaraHit[];
  /** What the compiler thinks of the rules; in the first step. */
  readonly warnings: readonly string[];
  readonly searched: number;
  readonly total: number;
  /**
   * How many stretches of memory so far were longer than a region: of the condition of a rule that is asked of regions,
   * each part is asked alone. 0 where all rules are asked of whole processes.
   */
  readonly cut: number;
  /** Rules that can only be asked of each region alone, since their conditions ask for places or bytes: `namespace:rule`. */
  readonly regional: readonly string[];
}

const MIN_REGION = 1024 * 1024;

/**
 * Scans the memory of all processes of checkpoints with YARA rules. A rule whose condition asks which patterns there are,
 * and how many, is asked once of each process, over all its mappings. To others each region (`ScanRegion`) is a file of its
 * own: offsets, `filesize`, `at` and modules mean the region, as in Volatility's `vmayarascan`. Throws what `openYara`
 * throws, `memory.noProcess`, and the signal's reason.
 */
export async function* scanWithYara(
  memories: readonly CheckpointMemory[],
  rules: readonly RuleFile[],
  { filter = {}, context = 0, signal, regionSize = DEFAULT_REGION, ...options }: YaraScanOptions = {},
): AsyncGenerator<YaraStep> {
  const engine = await openYara(rules, options);
  const { regional } = engine;
  let { warnings } = engine;
  const longest = Math.floor(Math.max(MIN_REGION, Math.min(regionSize, MAX_REGION)) / OVERLAP) * OVERLAP;
  const cutMatters = regional.length > 0 || engine.patterns.length === 0;
  let cut = 0;
  try {
    for (const memory of memories) {
      const shared = new SharedPages();
      const pids = memory.pids.filter((pid) => filter.pids?.has(pid) ?? true);
      // A pid that isn't there is a mistake, not an empty answer.
      for (const pid of filter.pids ?? []) if (!pids.includes(pid)) await memory.space(pid);
      const finds = new Map<number, ProcessFinds>();
      let total = 0;
      for (const pid of memory.pids) {
        const space = await memory.space(pid);
        shared.note(space);
        if (!pids.includes(pid)) continue;
        total += searchedBytes(space);
        finds.set(pid, new ProcessFinds(engine.patterns));
      }
      let searched = 0;
      // One buffer goes to and fro: a new one a region would wait for the garbage collector.
      let buffer = new ArrayBuffer(Math.min(longest, DEFAULT_REGION));
      for (const pid of pids) {
        const space = await memory.space(pid);
        const place = placesIn(space, shared, context);
        const store = memory.store(space.pageSize);
        let told = new Set<string>();
        let lastArea: ScanRegion["area"] | undefined;
        for await (const region of scanRegions(space, filter, shared, longest)) {
          signal?.throwIfAborted();
          if (region.length > buffer.byteLength) buffer = new ArrayBuffer(region.length);
          if (region.part === 0 && cutMatters) cut++;
          const scanned = await engine.scan(await regionBytes(space, store, region, buffer));
          buffer = scanned.bytes.buffer;
          searched += region.length;
          if (region.area !== lastArea) told = new Set();
          lastArea = region.area;
          await takeFinds(memory, space, region, scanned.finds, { finds, shared, filter });
          const hits: YaraHit[] = [];
          for (const { patterns, ...rule } of scanned.rules) {
            const places = await place(rowsOf(region, patterns));
            const fresh = places.filter((each) => isFresh(told, rule.identifier, each));
            const hasMore = patterns.some((pattern) => isFull(pattern.places));
            if (fresh.length > 0) hits.push({ memory, pid, space, region, rule, places: fresh, hasMore });
          }
          yield { memory, hits, warnings, searched, total, cut, regional };
          warnings = [];
        }
        store.unpin();
        // What other processes share with this one was found with the first of them.
        const own = finds.get(pid);
        finds.delete(pid);
        if (own === undefined || engine.patterns.length === 0) continue;
        const hits: YaraHit[] = [];
        for (const { number, patterns, ...rule } of await engine.conclude(own.counts)) {
          const { rows, hasMore } = foundRows(own, number, patterns);
          hits.push({ memory, pid, space, region: undefined, rule, places: await place(rows), hasMore });
        }
        yield { memory, hits, warnings, searched, total, cut, regional };
        warnings = [];
      }
    }
  } finally {
    await engine.close();
  }
}

/** Takes down where a region has patterns, for its own process and for those that share it. */
async function takeFinds(
  memory: CheckpointMemory,
  space: AddressSpace,
  region: ScanRegion,
  found: readonly FoundPlaces[],
  {
    finds,
    shared,
    filter,
  }: {
    readonly finds: ReadonlyMap<number, ProcessFinds>;
    readonly shared: SharedPages;
    readonly filter: MemoryFilter;
  },
): Promise<void> {
  const mayBeShared = region.area.backing.kind === "object" || region.area.backing.kind === "file";
  for (const { rule, patterns } of found)
    for (const { number: pattern, places } of patterns)
      for (const [offset, length] of rowsIn(places)) {
        const here = region.address + BigInt(offset);
        const seen = mayBeShared ? shared.sightings(space, here) : [{ pid: space.pid, address: here }];
        for (const { pid, address } of seen) {
          const own = finds.get(pid);
          const isHere = pid === space.pid && address === here;
          if (own === undefined || !(isHere || lets(await memory.space(pid), address, filter))) continue;
          own.add(rule, pattern, address, length);
          if (isFull(places)) own.cut(rule, pattern);
        }
      }
}

function lets(space: AddressSpace, address: bigint, filter: MemoryFilter): boolean {
  const area = space.areaAt(address);
  const pages = area && pagesWithin(area, filter, space.pageSize);
  const page = Number(address / BigInt(space.pageSize));
  return pages !== undefined && pages.first <= page && page < pages.last;
}

/** At most so many places of a pattern are told as of one that a region has. */
function foundRows(
  finds: ProcessFinds,
  number: number,
  patterns: ConcludedRule["patterns"],
): { readonly rows: readonly PlaceRow[]; readonly hasMore: boolean } {
  const rows: PlaceRow[] = [];
  let hasMore = false;
  for (const [index, pattern] of patterns.entries()) {
    const found = finds.of(number, index);
    if (pattern === undefined || found === undefined) continue;
    const all = Array.from(found.places, ([address, length]) => ({ pattern, address, length }));
    rows.push(...all.toSorted(byAddress).slice(0, MAX_PLACES));
    hasMore ||= found.hasMore || all.length > MAX_PLACES;
  }
  return { rows, hasMore };
}

function* rowsIn(places: Places): Generator<readonly [offset: number, length: number]> {
  for (let at = 0; at < places.length; at += PLACE_COLUMNS) yield [places[at] ?? 0, places[at + 1] ?? 0];
}

/** As many as are told: there may be more. */
const isFull = (places: Places): boolean => places.length >= MAX_PLACES * PLACE_COLUMNS;

function rowsOf(region: ScanRegion, patterns: MatchedRule["patterns"]): readonly PlaceRow[] {
  const rows = patterns.flatMap(({ identifier: pattern, places }) =>
    Array.from(rowsIn(places), ([offset, length]) => ({
      pattern,
      address: region.address + BigInt(offset),
      length,
    })),
  );
  return rows.length > 0 ? rows : [{ pattern: "", address: region.address, length: 1 }];
}

/** Two parts of one stretch overlap: what lies in both is told once. */
function isFresh(told: Set<string>, rule: string, { pattern, address, length }: YaraPlace): boolean {
  const key = `${rule} ${pattern} ${address} ${length}`;
  if (told.has(key)) return false;
  told.add(key);
  return true;
}
