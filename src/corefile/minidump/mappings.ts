// The mappings of a process as a minidump tells them: by /proc/PID/maps, by its list of regions, or by what it has.
import { PF } from "../../memory/index.ts";
import type { CoreMapping } from "../reader/core-file.ts";
import type { Minidump } from "./minidump-file.ts";
import type { StoredRun } from "./stored-pages.ts";

/** A mapping, and what is mapped. */
export interface MinidumpMapping extends CoreMapping {
  /** Byte of the file that `start` is; 0 without a path. */
  readonly offset: bigint;
  readonly path: string | undefined;
}

const MAX_MAPPINGS = 1_048_576;
const MAPS_LINE =
  /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([r-])([w-])([x-])([ps]) ([0-9a-f]{1,16}) \S+ \d+ *(.*)$/;
const KINDS: Readonly<Record<string, NonNullable<CoreMapping["kind"]>>> = {
  "[heap]": "heap",
  "[stack]": "stack",
  "[vdso]": "vdso",
  "[vvar]": "vvar",
  "[vvar_vclock]": "vvar",
  "[vsyscall]": "vsyscall",
};
/** Memory that the kernel gives a name of a file that nobody has. */
const NO_FILE = /^\/(memfd:|SYSV|dev\/zero|anon_hugepage)/;
/** PAGE_NOACCESS 1, PAGE_READONLY 2 … of `winnt.h`, as bits of PF. */
const PROTECTIONS: Readonly<Record<number, number>> = {
  0x02: PF.r,
  0x04: PF.r | PF.w,
  0x08: PF.r | PF.w,
  0x10: PF.x,
  0x20: PF.r | PF.x,
  0x40: PF.r | PF.w | PF.x,
  0x80: PF.r | PF.w | PF.x,
};

/** The mappings by address; they don't overlap, and begin and end with pages. */
export function mappingsOf(
  minidump: Minidump,
  runs: readonly StoredRun[],
  page: bigint,
): readonly MinidumpMapping[] {
  const told = minidump.maps === "" ? regionMappings(minidump) : mapsLines(minidump.maps);
  const modules = minidump.maps === "" ? moduleHeads(minidump, page) : [];
  const stored = runs.map(({ start, end }) => anonymous(start, end, PF.r | PF.w));
  return withoutOverlaps([modules, told, stored], page);
}

function* mapsLines(maps: string): Generator<MinidumpMapping> {
  let left = MAX_MAPPINGS;
  for (const line of maps.split("\n")) {
    const parts = MAPS_LINE.exec(line);
    if (parts === null || left-- === 0) continue;
    const [, start = "", end = "", r, w, x, shared, offset = "", name = ""] = parts;
    const isFile = name.startsWith("/") && !NO_FILE.test(name);
    yield {
      start: BigInt(`0x${start}`),
      end: BigInt(`0x${end}`),
      flags: (r === "r" ? PF.r : 0) | (w === "w" ? PF.w : 0) | (x === "x" ? PF.x : 0),
      kind: KINDS[name],
      shared: shared === "s",
      offset: isFile ? BigInt(`0x${offset}`) : 0n,
      path: isFile ? name : undefined,
    };
  }
}

const anonymous = (start: bigint, end: bigint, flags: number): MinidumpMapping => ({
  start,
  end,
  flags,
  kind: undefined,
  shared: false,
  offset: 0n,
  path: undefined,
});

function* regionMappings({ regions }: Minidump): Generator<MinidumpMapping> {
  for (const { start, end, protection } of regions.slice(0, MAX_MAPPINGS))
    yield anonymous(start, end, PROTECTIONS[protection & 0xff] ?? 0);
}

/** Of a module nothing but its size is known: that its first page is that of its file, and no more. */
function* moduleHeads({ modules }: Minidump, page: bigint): Generator<MinidumpMapping> {
  for (const { start, end, path } of modules.slice(0, MAX_MAPPINGS))
    if (path.startsWith("/") && end > start) yield { ...anonymous(start, start + page, PF.r), path };
}

/** In order of address. Earlier lists go before later ones, and of one list the mapping that begins first. */
function withoutOverlaps(
  lists: readonly Iterable<MinidumpMapping>[],
  page: bigint,
): readonly MinidumpMapping[] {
  let kept: readonly MinidumpMapping[] = [];
  for (const list of lists) kept = [...kept, ...without(inOrder(list, page), kept)].sort(byStart);
  return kept;
}

const byStart = (a: MinidumpMapping, b: MinidumpMapping): number =>
  a.start < b.start ? -1 : a.start > b.start ? 1 : 0;

function inOrder(list: Iterable<MinidumpMapping>, page: bigint): readonly MinidumpMapping[] {
  const sorted = [...list]
    .filter(({ start, end }) => end > start && start % page === 0n && end % page === 0n)
    .sort(byStart);
  const kept: MinidumpMapping[] = [];
  for (const each of sorted) if (each.start >= (kept.at(-1)?.end ?? 0n)) kept.push(each);
  return kept;
}

/** What others leave of mappings; both in order. */
function* without(
  list: readonly MinidumpMapping[],
  others: readonly MinidumpMapping[],
): Generator<MinidumpMapping> {
  let next = 0;
  for (const each of list) {
    let at = each.start;
    while ((others[next]?.end ?? each.end) <= at) next++;
    for (let index = next; at < each.end; index++) {
      const other = others[index];
      const until = other && other.start < each.end ? other.start : each.end;
      if (until > at) yield { ...each, start: at, end: until, offset: each.offset + (at - each.start) };
      if (other === undefined || until === each.end) break;
      at = other.end;
    }
  }
}
