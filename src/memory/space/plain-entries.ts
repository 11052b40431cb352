import { entryAfter, isPlainEntry } from "../../checkpoint/index.ts";
import type { Pagemap } from "../../checkpoint/index.ts";
import { DUMPED } from "../origin.ts";
import type { Area } from "./areas.ts";
import type { Layout, Run } from "./runs.ts";

/**
 * Steps over pages of an area that the newest layer has, each as it lies in the pages file. `runsOf` gives the same, with
 * some objects for each run, which for a hundred thousand of them is most of what a search costs.
 */
class PlainEntries {
  readonly #map: Pagemap;
  readonly #last: number;
  readonly #run: Draft;
  #reached: number;
  #othersEnd = 0;
  #entry: number;

  constructor(map: Pagemap, area: Area, first: number, last: number) {
    this.#map = map;
    this.#last = last;
    this.#reached = first;
    this.gapIsZero = area.backing.kind === "zero";
    this.#entry = entryAfter(map, first);
    const stored = { kind: "stored", layer: 0, map, entry: 0 } as const;
    this.#run = {
      first,
      last,
      area,
      origin: DUMPED,
      where: { kind: "pages", stored, page: first, object: undefined },
    };
  }

  /** The run that was stepped to. The same object after each step, to be used before the next. */
  get run(): Run {
    return this.#run;
  }

  /** Pages without content of their own that surely follow the run, in its area; 0 when there may be none. */
  get gap(): number {
    const next = Math.min(this.#last, this.#map.first[this.#entry] ?? Infinity);
    return Math.max(0, next - this.#run.last);
  }

  /** Whether such pages read as zero; else they can't be had. */
  readonly gapIsZero: boolean;

  /** After `next` was false: the pages of another kind, of which `runsOf` knows; none at the end. */
  get others(): { readonly first: number; readonly last: number } {
    return { first: this.#reached, last: this.#othersEnd };
  }

  /** To the next run; false at the end, and where the pages are of another kind. */
  next(): boolean {
    const { count, first, pages } = this.#map;
    for (; this.#entry < count; this.#entry++) {
      const start = first[this.#entry] ?? Infinity;
      const from = Math.max(start, this.#reached);
      if (from >= this.#last) break;
      const end = Math.min(this.#last, start + (pages[this.#entry] ?? 0));
      if (end <= from) continue;
      if (!isPlainEntry(this.#map, this.#entry)) {
        this.#reached = from;
        this.#othersEnd = end;
        return false;
      }
      this.#step(from, end);
      return true;
    }
    this.#reached = this.#last;
    this.#othersEnd = this.#last;
    return false;
  }

  /** Goes on behind `others`. */
  skipOthers(): void {
    this.#reached = this.#othersEnd;
  }

  #step(first: number, last: number): void {
    const run = this.#run;
    run.first = first;
    run.last = last;
    run.where.page = first;
    run.where.stored.entry = this.#entry;
    this.#reached = last;
    this.#entry++;
  }
}

/** A `Run` that is filled again for each step. */
interface Draft extends Run {
  first: number;
  last: number;
  readonly where: {
    readonly kind: "pages";
    readonly stored: { readonly kind: "stored"; readonly layer: 0; readonly map: Pagemap; entry: number };
    page: number;
    readonly object: undefined;
  };
}

/**
 * For an area in which nothing but what the newest layer has is searched: the other pages are zero, or can't be had.
 * undefined for all others, and where guards end a mapping's pages.
 */
export function plainEntries(
  layout: Layout,
  area: Area,
  first: number,
  last: number,
): PlainEntries | undefined {
  const [map] = layout.own;
  const { kind } = area.backing;
  const isEmpty =
    kind === "zero" || kind === "kernel" || (kind === "file" && typeof area.backing.found === "string");
  if (map === undefined || !isEmpty || layout.guards.length > 0) return undefined;
  return new PlainEntries(map, area, first, last);
}
