import { Cursor } from "../../elf/cursor.ts";
import type { AttributeValue } from "./forms.ts";
import { DW_AT } from "./names.ts";
import { unitBases } from "./ranges.ts";
import type { UnitBases } from "./ranges.ts";
import type { DwarfSections } from "./sections.ts";
import { entryAt } from "./unit.ts";
import type { Entry, Unit } from "./unit.ts";
import { rootOf } from "./unit-table.ts";
import type { UnitTable } from "./unit-table.ts";

/** What attributes mean, of whatever unit they are. */
export interface EntryReader {
  readonly sections: DwarfSections;
  readonly units: UnitTable;
  /** What an attribute is, in the entry itself or in the one that it stands for. */
  attribute(entry: Entry, name: number): Promise<AttributeValue | undefined>;
  text(entry: Entry, name: number): Promise<string | undefined>;
  number(entry: Entry, name: number): Promise<number | undefined>;
  flag(entry: Entry, name: number): Promise<boolean>;
  /** The entry that an attribute refers to. */
  entry(entry: Entry, name: number): Promise<Entry | undefined>;
  bases(unit: Unit): UnitBases;
}

/** Entries that stand for each other, one after the other. */
const MAX_STEPS = 8;
const STANDS_FOR = [DW_AT.abstract_origin, DW_AT.specification];

/** What one file has. */
export interface Store {
  readonly sections: DwarfSections;
  readonly units: UnitTable;
}

/** `alternate` has what dwz has moved out of the file. */
export function entryReader({ sections, units }: Store, alternate?: Store): EntryReader {
  const known = new WeakMap<Unit, UnitBases>();
  const bases = (unit: Unit): UnitBases => {
    const found = known.get(unit) ?? unitBases(rootOf(unit));
    known.set(unit, found);
    return found;
  };

  async function referred(entry: Entry, value: AttributeValue | undefined): Promise<Entry | undefined> {
    if (value?.kind !== "entry") return undefined;
    if (value.inUnit) return entryAt(entry.unit, entry.unit.offset + value.value);
    const isAlternate = entry.unit.isAlternate === true;
    // An alternate file has none itself.
    if (isAlternate && value.inAlternate) return undefined;
    const there = isAlternate || value.inAlternate ? alternate?.units : units;
    const unit = await there?.containing(value.value);
    return unit && entryAt(unit, value.value);
  }

  async function find(
    entry: Entry,
    name: number,
  ): Promise<{ readonly value: AttributeValue; readonly entry: Entry } | undefined> {
    let at: Entry | undefined = entry;
    for (let step = 0; at && step < MAX_STEPS; step++) {
      const value = at.attributes.get(name);
      if (value) return { value, entry: at };
      let next: Entry | undefined;
      for (const link of STANDS_FOR) next ??= await referred(at, at.attributes.get(link));
      at = next;
    }
    return undefined;
  }

  async function stringOf({ unit }: Entry, value: AttributeValue): Promise<string | undefined> {
    if (value.kind === "text") return value.value;
    if (value.kind === "textAt") {
      const there = unit.isAlternate || value.inAlternate ? alternate?.sections : sections;
      return there?.string(value.section, value.value);
    }
    // An alternate file's strings are not counted.
    if (value.kind !== "textIndex" || unit.isAlternate) return undefined;
    const at = bases(unit).strings + value.value * unit.offsetSize;
    const bytes = await sections.read(".debug_str_offsets", at, unit.offsetSize);
    if (bytes.length < unit.offsetSize) return undefined;
    const place = new Cursor(bytes, sections.littleEndian).unsigned(unit.offsetSize);
    return sections.string(".debug_str", Number(place));
  }

  return {
    ...{ sections, units, bases },
    attribute: async (entry, name) => (await find(entry, name))?.value,
    async text(entry, name) {
      const found = await find(entry, name);
      return found && stringOf(found.entry, found.value);
    },
    async number(entry, name) {
      const value = (await find(entry, name))?.value;
      return value?.kind === "constant" ? Number(value.value) : undefined;
    },
    async flag(entry, name) {
      const value = (await find(entry, name))?.value;
      return value?.kind === "flag" && value.value;
    },
    async entry(entry, name) {
      const found = await find(entry, name);
      return found && referred(found.entry, found.value);
    },
  };
}
