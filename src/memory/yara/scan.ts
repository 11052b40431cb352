import type { CheckpointMemory } from "../checkpoint-memory.ts";
import type { MemoryFilter } from "../search/filter.ts";
import { SharedPages } from "../search/shared-pages.ts";
import type { Sighting } from "../search/shared-pages.ts";
import { searchedBytes } from "../search/jobs.ts";
import type { AddressSpace } from "../space/address-space.ts";
import { MAX_PLACES, openYara } from "./engine.ts";
import type { YaraOptions } from "./engine.ts";
import type { MatchedRule, RuleFile } from "./messages.ts";
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

/** Where a pattern of a rule is. */
export interface YaraPlace {
  /** `$a`; empty for a rule that has no pattern there, whose place is the region's begin. */
  readonly pattern: string;
  readonly address: bigint;
  readonly length: number;
  /** Everywhere the same bytes are mapped, this place first. */
  readonly sightings: readonly Sighting[];
  /** The bytes (4 KiB at most) with their context. */
  readonly before: Uint8Array;
  readonly bytes: Uint8Array;
  readonly after: Uint8Array;
}

/** A rule that a region of memory matches. */
export interface YaraHit {
  readonly memory: CheckpointMemory;
  readonly pid: number;
  readonly space: AddressSpace;
  readonly region: ScanRegion;
  readonly rule: Omit<MatchedRule, "patterns">;
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
  /** How many stretches of memory so far were longer than a region: of a rule's condition, each part is asked alone. */
  readonly cut: number;
}

const MAX_SENT = 4096;
const MIN_REGION = 1024 * 1024;

/**
 * Scans the memory of all processes of checkpoints with YARA rules. Each region (`ScanRegion`) is a file of its own to
 * the rules: offsets, `filesize`, `at` and modules mean the region, as in Volatility's `vmayarascan`. Throws what
 * `openYara` throws, `memory.noProcess`, and the signal's reason.
 */
export async function* scanWithYara(
  memories: readonly CheckpointMemory[],
  rules: readonly RuleFile[],
  { filter = {}, context = 0, signal, regionSize = DEFAULT_REGION, ...options }: YaraScanOptions = {},
): AsyncGenerator<YaraStep> {
  const engine = await openYara(rules, options);
  let { warnings } = engine;
  const longest = Math.floor(Math.max(MIN_REGION, Math.min(regionSize, MAX_REGION)) / OVERLAP) * OVERLAP;
  let cut = 0;
  try {
    for (const memory of memories) {
      const shared = new SharedPages();
      const pids = memory.pids.filter((pid) => filter.pids?.has(pid) ?? true);
      // A pid that isn't there is a mistake, not an empty answer.
      for (const pid of filter.pids ?? []) if (!pids.includes(pid)) await memory.space(pid);
      let total = 0;
      for (const pid of memory.pids) {
        const space = await memory.space(pid);
        shared.note(space);
        if (pids.includes(pid)) total += searchedBytes(space);
      }
      let searched = 0;
      // One buffer goes to and fro: a new one a region would wait for the garbage collector.
      let buffer = new ArrayBuffer(Math.min(longest, DEFAULT_REGION));
      for (const pid of pids) {
        const space = await memory.space(pid);
        const store = memory.store(space.pageSize);
        let told = new Set<string>();
        let lastArea: ScanRegion["area"] | undefined;
        for await (const region of scanRegions(space, filter, shared, longest)) {
          signal?.throwIfAborted();
          if (region.length > buffer.byteLength) buffer = new ArrayBuffer(region.length);
          if (region.part === 0) cut++;
          const { rules: found, bytes } = await engine.scan(await regionBytes(space, store, region, buffer));
          buffer = bytes.buffer;
          searched += region.length;
          if (region.area !== lastArea) told = new Set();
          lastArea = region.area;
          const hits: YaraHit[] = [];
          for (const { patterns, ...rule } of found) {
            const places = await placesOf(space, region, patterns, shared, context);
            const fresh = places.filter((place) => isFresh(told, rule.identifier, place));
            if (fresh.length > 0)
              hits.push({
                memory,
                pid,
                space,
                region,
                rule,
                places: fresh,
                hasMore: patterns.some((pattern) => pattern.places.length >= MAX_PLACES),
              });
          }
          yield { memory, hits, warnings, searched, total, cut };
          warnings = [];
        }
        store.unpin();
      }
    }
  } finally {
    await engine.close();
  }
}

/** Two parts of one stretch overlap: what lies in both is told once. */
function isFresh(told: Set<string>, rule: string, { pattern, address, length }: YaraPlace): boolean {
  const key = `${rule} ${pattern} ${address} ${length}`;
  if (told.has(key)) return false;
  told.add(key);
  return true;
}

async function placesOf(
  space: AddressSpace,
  region: ScanRegion,
  patterns: MatchedRule["patterns"],
  shared: SharedPages,
  context: number,
): Promise<readonly YaraPlace[]> {
  const rows = patterns.flatMap(({ identifier, places }) =>
    places.map(([offset, length]) => ({ identifier, address: region.address + BigInt(offset), length })),
  );
  if (rows.length === 0) rows.push({ identifier: "", address: region.address, length: 1 });
  rows.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  const found: YaraPlace[] = [];
  for (const { identifier, address, length } of rows) {
    const lead = context > 0 && address > BigInt(context) ? context : 0;
    const sent = Math.min(length, MAX_SENT);
    const around =
      context > 0 ? await aroundOf(space, address - BigInt(lead), lead + sent + context) : NOTHING;
    found.push({
      pattern: identifier,
      address,
      length,
      sightings: shared.sightings(space, address),
      before: around.subarray(0, lead),
      bytes: around.subarray(lead, lead + sent),
      after: around.subarray(lead + sent),
    });
  }
  return found;
}

const NOTHING = new Uint8Array(0);

/** Bytes with zeros where there are none: the place stays where it is. */
async function aroundOf(space: AddressSpace, address: bigint, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (const piece of await space.read(address, length))
    if (piece.bytes) bytes.set(piece.bytes, Number(piece.address - address));
  return bytes;
}
