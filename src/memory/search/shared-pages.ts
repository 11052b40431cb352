import type { AddressSpace } from "../space/address-space.ts";
import type { Area } from "../space/areas.ts";
import { areaAfter, runsOf } from "../space/runs.ts";
import type { Run, Where } from "../space/runs.ts";

/** One place where memory is seen: an address of a process. */
export interface Sighting {
  readonly pid: number;
  readonly address: bigint;
}

interface Mapped {
  readonly pid: number;
  readonly area: Area;
  /** Pages `[first, last)` that the process has of its own: it wrote to a private mapping. By address. */
  readonly own: readonly Pages[];
}

interface Pages {
  readonly first: number;
  readonly last: number;
}

/** Name of what several processes may share the pages of: a memory object or a file. Undefined for private pages. */
function sharedKey(where: Where): string | undefined {
  if (where.kind === "file") return `file ${where.file.from} ${where.file.path}`;
  return where.kind === "pages" && where.object !== undefined ? `object ${where.object}` : undefined;
}

function backingKey({ backing }: Area): string | undefined {
  if (backing.kind === "object") return `object ${backing.id}`;
  if (backing.kind !== "file" || typeof backing.found === "string") return undefined;
  return `file ${backing.found.from} ${backing.found.path}`;
}

/** Keeps shared pages from being searched once for each process that maps them, and knows who does. */
export class SharedPages {
  readonly #mapped = new Map<string, Mapped[]>();
  /** By key: page ranges that were searched, in no order; a few, as mappings of one object are alike. */
  readonly #searched = new Map<string, { first: number; last: number }[]>();

  /** Takes down who maps what. To be called for every process before its memory is searched. */
  note(space: AddressSpace): void {
    for (const area of space.areas) {
      const key = backingKey(area);
      if (key === undefined) continue;
      const known = this.#mapped.get(key);
      const mapped = { pid: space.pid, area, own: ownPages(space, area) };
      if (known) known.push(mapped);
      else this.#mapped.set(key, [mapped]);
    }
  }

  /** The parts of a run that were not searched before, which they are from now on. */
  *unsearched(run: Run, pageSize: number): Generator<Run> {
    const key = sharedKey(run.where);
    if (key === undefined) {
      yield run;
      return;
    }
    const shift = run.first - objectPage(run.where, pageSize);
    let left = [{ first: run.first - shift, last: run.last - shift }];
    const done = this.#searched.get(key) ?? [];
    for (const { first, last } of done)
      left = left.flatMap((part) =>
        [
          { first: part.first, last: Math.min(part.last, first) },
          { first: Math.max(part.first, last), last: part.last },
        ].filter((each) => each.first < each.last),
      );
    this.#searched.set(key, [...done, ...left]);
    for (const { first, last } of left) yield cutRun(run, first + shift, last + shift, pageSize);
  }

  /** Every place where the byte at `address` is seen, the one that was found first. */
  sightings(space: AddressSpace, address: bigint): readonly Sighting[] {
    const here = { pid: space.pid, address };
    const area = space.areaAt(address);
    const [run] = space.runs(address, address + 1n);
    const key = run && sharedKey(run.where);
    if (area === undefined || key === undefined) return [here];
    const inObject = address - area.start + area.offset;
    const others = (this.#mapped.get(key) ?? []).flatMap(({ pid, area: other, own }) => {
      const there = other.start + inObject - other.offset;
      const isHere = pid === here.pid && there === address;
      if (there < other.start || there >= other.end || isHere) return [];
      const page = other.first + Math.floor(Number(there - other.start) / space.pageSize);
      const written = own[areaAfter(own, page)];
      return written !== undefined && written.first <= page ? [] : [{ pid, address: there }];
    });
    return [here, ...others];
  }
}

/** Pages of a mapping that its process wrote to, and no longer shares. */
function ownPages({ layout }: AddressSpace, area: Area): readonly Pages[] {
  const own: Pages[] = [];
  for (const { first, last, where } of runsOf(layout, area.first, area.last))
    if (where.kind === "pages" && where.object === undefined) own.push({ first, last });
  return own;
}

/** Number of a run's first page in the object or file that it is of. */
function objectPage(where: Where, pageSize: number): number {
  if (where.kind === "pages") return where.page;
  return where.kind === "file" ? Math.floor(where.offset / pageSize) : 0;
}

/** The pages `[first, last)` of a run as a run. */
function cutRun(run: Run, first: number, last: number, pageSize: number): Run {
  const by = first - run.first;
  const { where } = run;
  if (where.kind === "pages") return { ...run, first, last, where: { ...where, page: where.page + by } };
  if (where.kind === "file")
    return { ...run, first, last, where: { ...where, offset: where.offset + by * pageSize } };
  return { ...run, first, last };
}
