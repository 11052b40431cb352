import { Cursor } from "../../elf/cursor.ts";
import type { AttributeValue } from "./forms.ts";
import { DW_AT } from "./names.ts";
import type { DwarfSections } from "./sections.ts";
import type { Entry } from "./unit.ts";

/** `[start, end)`, as the linker placed it. */
export interface AddressRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** Where a unit's own parts of the shared sections begin. */
export interface UnitBases {
  readonly address: number;
  readonly ranges: number;
  readonly locations: number;
  readonly strings: number;
  /** Its `DW_AT_low_pc`: what ranges and locations are counted from. */
  readonly low: AttributeValue | undefined;
}

/** From the entry of the unit itself. */
export function unitBases(root: Entry): UnitBases {
  const { offsetSize, version } = root.unit;
  const at = (attribute: number, without: number): number => {
    const value = root.attributes.get(attribute);
    return value?.kind === "section"
      ? value.value
      : value?.kind === "constant"
        ? Number(value.value)
        : without;
  };
  // Behind the head of the first table, which is where a unit that says nothing has its own.
  const [strings, lists] = version < 5 ? [0, 0] : offsetSize === 8 ? [16, 20] : [8, 12];
  return {
    address: at(DW_AT.addr_base, strings),
    ranges: at(DW_AT.rnglists_base, lists),
    locations: at(DW_AT.loclists_base, lists),
    strings: at(DW_AT.str_offsets_base, strings),
    low: root.attributes.get(DW_AT.low_pc),
  };
}

/** An address that an attribute has, or an index into `.debug_addr` leads to. */
export async function addressOf(
  sections: DwarfSections,
  { unit }: Pick<Entry, "unit">,
  bases: UnitBases,
  value: AttributeValue | undefined,
): Promise<bigint | undefined> {
  if (value?.kind === "address") return value.value;
  if (value?.kind !== "addressIndex") return undefined;
  return addressAt(sections, unit, bases, value.value);
}

export async function addressAt(
  sections: DwarfSections,
  { addressSize }: { readonly addressSize: number },
  bases: UnitBases,
  index: number,
): Promise<bigint | undefined> {
  const bytes = await sections.read(".debug_addr", bases.address + index * addressSize, addressSize);
  return bytes.length < addressSize
    ? undefined
    : new Cursor(bytes, sections.littleEndian).unsigned(addressSize);
}

const MAX_RANGES = 65_536;
/** Bytes of a list that are read at once; nothing a compiler wrote is longer. */
const MAX_LIST = 1024 * 1024;

/** Where the code of an entry is: `DW_AT_low_pc` with `DW_AT_high_pc`, or `DW_AT_ranges` (DWARF 5, 2.17). */
export async function rangesOf(
  sections: DwarfSections,
  entry: Entry,
  bases: UnitBases,
): Promise<readonly AddressRange[]> {
  const list = entry.attributes.get(DW_AT.ranges);
  if (list) return listedRanges(sections, entry, bases, list);
  const start = await addressOf(sections, entry, bases, entry.attributes.get(DW_AT.low_pc));
  const high = entry.attributes.get(DW_AT.high_pc);
  if (start === undefined || high === undefined) return [];
  const end = high.kind === "constant" ? start + high.value : await addressOf(sections, entry, bases, high);
  return end !== undefined && end > start ? [{ start, end }] : [];
}

async function listedRanges(
  sections: DwarfSections,
  entry: Entry,
  bases: UnitBases,
  list: AttributeValue,
): Promise<readonly AddressRange[]> {
  const isNew = entry.unit.version >= 5;
  const name = isNew ? ".debug_rnglists" : ".debug_ranges";
  const at = await listAt(sections, entry, { name, base: bases.ranges }, list);
  if (at === undefined) return [];
  const cursor = new Cursor(await sections.read(name, at, MAX_LIST), sections.littleEndian);
  const ranges: AddressRange[] = [];
  const base = (await addressOf(sections, entry, bases, bases.low)) ?? 0n;
  const read = isNew ? newRanges : oldRanges;
  for await (const range of read({ sections, entry, bases, cursor, base }))
    if (range.end > range.start && ranges.push(range) >= MAX_RANGES) break;
  return ranges;
}

/** Where a list begins that an attribute names by its place or its number. */
export async function listAt(
  sections: DwarfSections,
  { unit }: Entry,
  { name, base }: { readonly name: string; readonly base: number },
  list: AttributeValue,
): Promise<number | undefined> {
  if (list.kind === "section") return list.value;
  // Before version 4 places in sections had the forms of numbers.
  if (list.kind === "constant") return Number(list.value);
  if (list.kind !== "listIndex") return undefined;
  const bytes = await sections.read(name, base + list.value * unit.offsetSize, unit.offsetSize);
  if (bytes.length < unit.offsetSize) return undefined;
  return base + Number(new Cursor(bytes, sections.littleEndian).unsigned(unit.offsetSize));
}

export interface ListReading {
  readonly sections: DwarfSections;
  readonly entry: Entry;
  readonly bases: UnitBases;
  readonly cursor: Cursor;
  readonly base: bigint;
}

/** `.debug_ranges` of versions 2 to 4: pairs of offsets from a base that pairs may change. */

async function* oldRanges({ entry, cursor, base }: ListReading): AsyncGenerator<AddressRange> {
  const { addressSize } = entry.unit;
  const largest = (1n << BigInt(addressSize * 8)) - 1n;
  let from = base;
  for (;;) {
    const start = cursor.unsigned(addressSize);
    const end = cursor.unsigned(addressSize);
    if (start === 0n && end === 0n) return;
    if (start === largest) from = end;
    else yield { start: from + start, end: from + end };
  }
}

/** `.debug_rnglists` of version 5, 7.25. */
async function* newRanges({
  sections,
  entry,
  bases,
  cursor,
  base,
}: ListReading): AsyncGenerator<AddressRange> {
  const { addressSize } = entry.unit;
  const indexed = async (): Promise<bigint> =>
    (await addressAt(sections, entry.unit, bases, cursor.count())) ?? 0n;
  let from = base;
  for (;;) {
    const kind = cursor.u8();
    if (kind === 0) return;
    if (kind === 1) from = await indexed();
    else if (kind === 2) yield { start: await indexed(), end: await indexed() };
    else if (kind === 3) {
      const start = await indexed();
      yield { start, end: start + cursor.uleb() };
    } else if (kind === 4) yield { start: from + cursor.uleb(), end: from + cursor.uleb() };
    else if (kind === 5) from = cursor.unsigned(addressSize);
    else if (kind === 6) yield { start: cursor.unsigned(addressSize), end: cursor.unsigned(addressSize) };
    else if (kind === 7) {
      const start = cursor.unsigned(addressSize);
      yield { start, end: start + cursor.uleb() };
    } else return;
  }
}
