import { setImmediate } from "node:timers/promises";
import { Cursor } from "../../elf/cursor.ts";
import { elfErrors } from "../../elf/errors.ts";
import { readAbbreviations } from "./abbreviations.ts";
import type { Abbreviations } from "./abbreviations.ts";
import type { Encoding } from "./forms.ts";
import { rangesOf, unitBases } from "./ranges.ts";
import type { AddressRange } from "./ranges.ts";
import type { DwarfSections } from "./sections.ts";
import { entryAt } from "./unit.ts";
import type { Entry, Unit } from "./unit.ts";

/** A unit as its header has it. */
export interface UnitHead extends Encoding {
  readonly offset: number;
  readonly end: number;
  readonly first: number;
  readonly abbreviationsAt: number;
}

/** A unit that has code. */
export interface IndexedUnit extends UnitHead {
  readonly ranges: readonly AddressRange[];
}

/** The units of one file. */
export interface UnitTable {
  /** The unit whose code `address` (the linker's) is in. */
  at(address: bigint): Promise<Unit | undefined>;
  /** The unit that the entry at `offset` of `.debug_info` is in. */
  containing(offset: number): Promise<Unit | undefined>;
  /** Every unit that has code or variables, in order; each is read when its turn comes. */
  all(): AsyncGenerator<Unit>;
}

const MAX_UNITS = 200_000;
/** Programs that are optimized as a whole have units of tens of megabytes. */
const MAX_UNIT = 64 * 1024 * 1024;
const MAX_ABBREVIATIONS = 4 * 1024 * 1024;
/** Bytes of units that are kept. */
const MAX_KEPT = 96 * 1024 * 1024;
/** Room for the first entry of a unit and for its abbreviation. */
const HEAD = 2048;
const SLICE = 64;
const [DW_UT_COMPILE, DW_UT_PARTIAL] = [1, 3];

/** `onDamage` is told of units that can't be read; they are left out. Units of an alternate file have no code. */
export function unitTable(
  sections: DwarfSections,
  onDamage: (error: unknown) => void,
  isAlternate = false,
): UnitTable {
  let heads: Promise<readonly IndexedUnit[]> | undefined;
  const kept = new Map<number, Promise<Unit>>();
  let bytes = 0;

  const indexed = (): Promise<readonly IndexedUnit[]> =>
    (heads ??= readHeads(sections, onDamage, isAlternate));

  function load(head: UnitHead): Promise<Unit> {
    const known = kept.get(head.offset);
    if (known) {
      // Moved to the end: the first is what was not used for longest.
      kept.delete(head.offset);
      kept.set(head.offset, known);
      return known;
    }
    const loaded = loadUnit(sections, head, isAlternate);
    kept.set(head.offset, loaded);
    bytes += head.end - head.offset;
    for (const [offset, unit] of kept) {
      if (bytes <= MAX_KEPT || offset === head.offset) break;
      kept.delete(offset);
      unit.then(
        (each) => (bytes -= each.end - each.offset),
        () => undefined,
      );
    }
    return loaded;
  }

  return {
    async at(address) {
      const head = (await indexed()).find(({ ranges }) =>
        ranges.some(({ start, end }) => address >= start && address < end),
      );
      return head && load(head);
    },
    async containing(offset) {
      const head = (await indexed()).find((each) => offset >= each.first && offset < each.end);
      return head && load(head);
    },
    async *all() {
      for (const head of await indexed()) {
        const unit = await load(head).catch(onDamage);
        if (unit) yield unit;
      }
    },
  };
}

async function loadUnit(sections: DwarfSections, head: UnitHead, isAlternate: boolean): Promise<Unit> {
  const { offset, end, abbreviationsAt } = head;
  const bytes = await sections.read(".debug_info", offset, end - offset);
  const table = await sections.read(".debug_abbrev", abbreviationsAt, MAX_ABBREVIATIONS);
  const { littleEndian } = sections;
  return { ...head, isAlternate, littleEndian, bytes, abbreviations: readAbbreviations(table, littleEndian) };
}

/** The heads of all units, and where their code is. A unit that is damaged has no code; behind a damaged head nothing is. */
async function readHeads(
  sections: DwarfSections,
  onDamage: (error: unknown) => void,
  isAlternate: boolean,
): Promise<readonly IndexedUnit[]> {
  const size = (await sections.section(".debug_info"))?.size ?? 0;
  const units: IndexedUnit[] = [];
  for (let at = 0; at < size && units.length < MAX_UNITS;) {
    const bytes = await sections.read(".debug_info", at, HEAD);
    const head = readHead(new Cursor(bytes, sections.littleEndian), at);
    if (head === undefined || head.end > size) {
      onDamage(elfErrors.damaged(`the head of a unit at ${at} can't be read`));
      break;
    }
    const ranges =
      head.isCode && !isAlternate ? await codeOf(sections, head, bytes).catch(onDamage) : undefined;
    if (head.isCode) units.push({ ...head, ranges: ranges ?? [] });
    at = head.end;
    if (units.length % SLICE === 0) await setImmediate();
  }
  return units;
}

/** A header (DWARF 5, 7.5.1); undefined when it is none, or of a version that isn't read. */
function readHead(cursor: Cursor, offset: number): (UnitHead & { readonly isCode: boolean }) | undefined {
  try {
    let length = cursor.u32();
    const offsetSize = length === 0xffff_ffff ? 8 : 4;
    if (offsetSize === 8) length = Number(cursor.u64());
    const end = offset + cursor.offset + length;
    const version = cursor.u16();
    if (version < 2 || version > 5 || length > MAX_UNIT || length < 7) return undefined;
    let kind = DW_UT_COMPILE;
    let addressSize = 8;
    if (version === 5) {
      kind = cursor.u8();
      addressSize = cursor.u8();
    }
    const abbreviationsAt = Number(cursor.unsigned(offsetSize));
    if (version < 5) addressSize = cursor.u8();
    if (![4, 8].includes(addressSize)) return undefined;
    const isCode = kind === DW_UT_COMPILE || kind === DW_UT_PARTIAL;
    return {
      version,
      offsetSize,
      addressSize,
      offset,
      end,
      first: offset + cursor.offset,
      abbreviationsAt,
      isCode,
    };
  } catch {
    return undefined;
  }
}

async function codeOf(
  sections: DwarfSections,
  head: UnitHead,
  bytes: Uint8Array,
): Promise<readonly AddressRange[]> {
  const { littleEndian } = sections;
  const code = new Cursor(bytes, littleEndian, head.first - head.offset).count();
  const abbreviations = await firstAbbreviation(sections, head.abbreviationsAt, code);
  const end = Math.min(head.end, head.offset + bytes.length);
  const root = entryAt({ ...head, end, littleEndian, bytes, abbreviations }, head.first);
  if (root === undefined) throw elfErrors.damaged("a unit is empty");
  return rangesOf(sections, root, unitBases(root));
}

async function firstAbbreviation(sections: DwarfSections, at: number, code: number): Promise<Abbreviations> {
  const { littleEndian } = sections;
  const few = await sections.read(".debug_abbrev", at, HEAD);
  try {
    return readAbbreviations(few, littleEndian, code);
  } catch {
    return readAbbreviations(await sections.read(".debug_abbrev", at, MAX_ABBREVIATIONS), littleEndian, code);
  }
}

/** The entry a unit is of. Throws `elf.damaged`. */
export function rootOf(unit: Unit): Entry {
  const root = entryAt(unit, unit.first);
  if (root === undefined) throw elfErrors.damaged("a unit is empty");
  return root;
}
