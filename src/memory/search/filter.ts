import type { MappingKind } from "../../checkpoint/index.ts";
import type { PageOrigin } from "../origin.ts";
import type { Area } from "../space/areas.ts";

/** Which memory is searched; everything when empty. */
export interface MemoryFilter {
  readonly pids?: ReadonlySet<number> | undefined;
  /** Addresses `[start, end)`. */
  readonly range?: { readonly start: bigint; readonly end: bigint } | undefined;
  /** `rw`: those that have these; `r-x`: exactly so, with `?` for either; a fourth place is `p` or `s`. */
  readonly protection?: string | undefined;
  readonly kinds?: ReadonlySet<MappingKind> | undefined;
  /** Only pages that the newest layer wrote: changed since the parent layer, or since they came from their file. */
  readonly dirty?: boolean | undefined;
}

/** The pages of an area that a filter lets through; undefined for none. */
export function pagesWithin(
  area: Area,
  filter: MemoryFilter,
  pageSize: number,
): { readonly first: number; readonly last: number } | undefined {
  const { range, protection, kinds } = filter;
  if (kinds !== undefined && !kinds.has(area.kind)) return undefined;
  if (protection !== undefined && !hasProtection(area.permissions, protection)) return undefined;
  if (range === undefined) return area;
  const page = BigInt(pageSize);
  const first = Math.max(area.first, Number(range.start / page));
  const last = Math.min(area.last, Number((range.end + page - 1n) / page));
  return first < last ? { first, last } : undefined;
}

/** Whether `r-xp` is what `wanted` asks for, see `MemoryFilter.protection`. */
function hasProtection(permissions: string, wanted: string): boolean {
  const isExact = wanted.length >= 3 && /^[r?-][w?-][x?-][ps?]?$/.test(wanted);
  return isExact
    ? Array.from(wanted).every((letter, index) => letter === "?" || letter === permissions[index])
    : Array.from(wanted).every((letter) => permissions.includes(letter));
}

/** Whether `text` is a protection that can be asked for. */
export const isProtection = (text: string): boolean =>
  /^[r?-][w?-][x?-][ps?]?$/.test(text) || /^[rwxps]{1,4}$/.test(text);

/** Pages without content of their own are not searched. */
export function isSearched(origin: PageOrigin, { dirty = false }: MemoryFilter): boolean {
  if (dirty) return origin.kind === "dumped";
  return origin.kind === "dumped" || origin.kind === "layer" || origin.kind === "file";
}
