import { setImmediate } from "node:timers/promises";
import type { EntryReader } from "./attributes.ts";
import { CONTAINERS, isPlacedVariable, isSpace, NAMED } from "./functions.ts";
import { DW_AT } from "./names.ts";
import { rootOf } from "./unit-table.ts";
import type { UnitTable } from "./unit-table.ts";
import { childrenOf, MAX_ENTRIES } from "./unit.ts";
import type { Budget, Entry, Unit } from "./unit.ts";

/** In which units a file's names are, those of namespaces and classes too, but none that functions declare. */
export interface NameIndex {
  /**
   * The units that may have a variable or type of that name, in order. `name` may have the names that it is in before
   * it. Reads every unit the first time, none later.
   */
  units(name: string): AsyncGenerator<Unit>;
}

const MAX_DEPTH = 64;
/** Names of a large program; those of units behind so many are looked for anew each time. */
const MAX_NAMES = 1_000_000;
/** A name in more units is looked for in all: it is in each header's. */
const MAX_UNITS = 8;

interface Index {
  /** Where in the file the units begin. */
  readonly places: ReadonlyMap<string, readonly number[]>;
  /** The units that are not in it begin here. */
  readonly end: number;
}

export function nameIndex(units: UnitTable, reader: EntryReader): NameIndex {
  let index: Promise<Index> | undefined;
  return {
    async *units(name) {
      const { places, end } = await (index ??= build(units, reader));
      const known = places.get(ownName(name)) ?? [];
      for (const offset of known) {
        const unit = await units.containing(offset).catch(() => undefined);
        if (unit) yield unit;
      }
      if (known.length >= MAX_UNITS) {
        for await (const unit of units.all()) if (!known.includes(unit.first)) yield unit;
      } else if (end < Infinity) {
        for await (const unit of units.all()) if (unit.first >= end) yield unit;
      }
    },
  };
}

async function build(units: UnitTable, reader: EntryReader): Promise<Index> {
  const places = new Map<string, number[]>();
  for await (const unit of units.all()) {
    if (places.size >= MAX_NAMES) return { places, end: unit.first };
    const names = new Set<string>();
    // What is damaged has the names that come before.
    await collect(reader, () => rootOf(unit), names, { left: MAX_ENTRIES }, 0).catch(() => undefined);
    for (const name of names) {
      const known = places.get(name);
      if (known === undefined) places.set(name, [unit.first]);
      else if (known.length < MAX_UNITS) known.push(unit.first);
    }
    await setImmediate();
  }
  return { places, end: Infinity };
}

async function collect(
  reader: EntryReader,
  parent: () => Entry,
  names: Set<string>,
  budget: Budget,
  depth: number,
): Promise<void> {
  for (const child of childrenOf(parent(), budget)) {
    const isType = NAMED.has(child.tag) && !child.attributes.has(DW_AT.declaration);
    if (!isType && !isPlacedVariable(child)) continue;
    const name = isSpace(child) ? undefined : await reader.text(child, DW_AT.name);
    if (name !== undefined) names.add(name);
    if (CONTAINERS.has(child.tag) && depth < MAX_DEPTH)
      await collect(reader, () => child, names, budget, depth + 1);
  }
}

/** `Square<a::b>` of `shapes::Square<a::b>`: what is behind the last `::` that is in no brackets. */
export function ownName(name: string): string {
  let depth = 0;
  for (let at = name.length - 1; at > 0; at--) {
    if (name[at] === ">") depth++;
    else if (name[at] === "<") depth--;
    else if (depth === 0 && name[at] === ":" && name[at - 1] === ":") return name.slice(at + 1);
  }
  return name;
}
