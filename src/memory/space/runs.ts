import { pageRuns } from "../../checkpoint/index.ts";
import type { Pagemap, PageRun, StoredPages } from "../../checkpoint/index.ts";
import type { FoundFile } from "../files/backing.ts";
import { DUMPED } from "../origin.ts";
import type { PageOrigin, Unavailable } from "../origin.ts";
import type { Area, Guard } from "./areas.ts";

/** Where the bytes of a run are. */
export type Where =
  /** `page` is the first page, numbered as in the pagemap: by address, or in a shared object by offset. */
  | {
      readonly kind: "pages";
      readonly stored: StoredPages;
      readonly page: number;
      readonly object: string | undefined;
    }
  | { readonly kind: "file"; readonly file: FoundFile; readonly offset: number }
  | { readonly kind: "none" };

/** Pages `[first, last)` of an address space that come from one place. */
export interface Run {
  readonly first: number;
  readonly last: number;
  /** Undefined for pages that were dumped where nothing is mapped, and for gaps. */
  readonly area: Area | undefined;
  readonly origin: PageOrigin;
  readonly where: Where;
}

/** All that says where the pages of a process are. */
export interface Layout {
  readonly pageSize: number;
  readonly areas: readonly Area[];
  readonly guards: readonly Guard[];
  /** The process's own pagemaps, the newest first. */
  readonly own: readonly (Pagemap | undefined)[];
  /** Those of the shared memory objects, by id. */
  readonly objects: ReadonlyMap<string, readonly (Pagemap | undefined)[]>;
}

const NOWHERE: Where = { kind: "none" };

/** The pages `[first, last)` as runs: in order, without gap. O(log n) to the first. */
export function* runsOf(layout: Layout, first: number, last: number): Generator<Run> {
  const { areas } = layout;
  let at = first;
  for (let index = areaAfter(areas, first); at < last; index++) {
    const area = areas[index];
    const from = Math.min(area?.first ?? last, last);
    if (from > at) yield* unmapped(layout, at, from);
    if (area === undefined || area.first >= last) return;
    at = Math.max(at, area.first);
    const to = Math.min(area.last, last);
    yield* withGuards(layout, area, at, to);
    at = to;
  }
}

/** Index of the first area that ends after `page`. */
export function areaAfter(areas: readonly { readonly last: number }[], page: number): number {
  let low = 0;
  let high = areas.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((areas[middle]?.last ?? 0) > page) high = middle;
    else low = middle + 1;
  }
  return low;
}

const unavailable = (why: Unavailable): PageOrigin => ({ kind: "unavailable", why });
const ZERO: PageOrigin = { kind: "zero" };
const KERNEL = unavailable("kernel");
const UNMAPPED = unavailable("unmapped");

/** Pages outside of any area: a sound dump has none, a hostile or broken one may, and they can be read all the same. */
function* unmapped({ own }: Layout, first: number, last: number): Generator<Run> {
  for (const run of pageRuns(own, first, last))
    yield run.kind === "absent"
      ? { first: run.first, last: run.end, area: undefined, origin: UNMAPPED, where: NOWHERE }
      : fromPagemap(run, run.first, undefined, undefined);
}

function* withGuards(layout: Layout, area: Area, first: number, last: number): Generator<Run> {
  const { guards } = layout;
  let at = first;
  for (let index = guards.length === 0 ? 0 : areaAfter(guards, first); index < guards.length; index++) {
    const guard = guards[index];
    if (guard === undefined || guard.first >= last) break;
    if (guard.first > at) yield* inArea(layout, area, at, guard.first);
    at = Math.max(at, guard.first);
    const to = Math.min(guard.last, last);
    if (to <= at) continue;
    yield { first: at, last: to, area, origin: unavailable("guard"), where: NOWHERE };
    at = to;
  }
  if (at < last) yield* inArea(layout, area, at, last);
}

function* inArea(layout: Layout, area: Area, first: number, last: number): Generator<Run> {
  for (const run of pageRuns(layout.own, first, last))
    if (run.kind === "absent") yield* backed(layout, area, run.first, run.end);
    else yield fromPagemap(run, run.first, area, undefined);
}

/** Pages that the process's own pagemap doesn't have. */
function* backed(layout: Layout, area: Area, first: number, last: number): Generator<Run> {
  const { backing } = area;
  // Written out, not spread: there can be a million.
  if (backing.kind === "zero") yield { first, last, area, origin: ZERO, where: NOWHERE };
  else if (backing.kind === "kernel") yield { first, last, area, origin: KERNEL, where: NOWHERE };
  else if (backing.kind === "file") yield* inFile(layout.pageSize, area, backing.found, first, last);
  else yield* inObject(layout, area, backing.id, first, last);
}

function* inFile(
  pageSize: number,
  area: Area,
  found: FoundFile | "noFile" | "otherFile",
  first: number,
  last: number,
): Generator<Run> {
  if (typeof found === "string") {
    yield { first, last, area, origin: unavailable(found), where: NOWHERE };
    return;
  }
  const offset = Number(area.offset) + (first - area.first) * pageSize;
  const left = Math.max(0, Math.ceil((found.source.size - offset) / pageSize));
  const middle = Math.min(last, first + left);
  const origin: PageOrigin = { kind: "file", path: found.path, from: found.from };
  if (middle > first)
    yield { first, last: middle, area, origin, where: { kind: "file", file: found, offset } };
  if (middle < last) yield { first: middle, last, area, origin: unavailable("pastFile"), where: NOWHERE };
}

function* inObject(layout: Layout, area: Area, id: string, first: number, last: number): Generator<Run> {
  const maps = layout.objects.get(id) ?? [];
  if (maps.length === 0) {
    yield { first, last, area, origin: unavailable("noObject"), where: NOWHERE };
    return;
  }
  const shift = area.first - Math.floor(Number(area.offset) / layout.pageSize);
  for (const run of pageRuns(maps, first - shift, last - shift)) {
    const pages = { first: run.first + shift, last: run.end + shift, area };
    if (run.kind === "absent") yield { ...pages, origin: { kind: "zero" }, where: NOWHERE };
    else yield { ...fromPagemap(run, run.first, area, id), ...pages };
  }
}

function fromPagemap(
  run: Exclude<PageRun, { kind: "absent" }>,
  page: number,
  area: Area | undefined,
  object: string | undefined,
): Run {
  const { first, end: last } = run;
  if (run.kind === "lost") return { first, last, area, origin: unavailable(run.why), where: NOWHERE };
  const origin: PageOrigin = run.layer === 0 ? DUMPED : { kind: "layer", layer: run.layer };
  return { first, last, area, origin, where: { kind: "pages", stored: run, page, object } };
}
