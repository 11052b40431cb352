import { Cursor } from "../../elf/cursor.ts";
import { elfErrors } from "../../elf/errors.ts";
import type { Abbreviation, Abbreviations } from "./abbreviations.ts";
import { readForm } from "./forms.ts";
import type { AttributeValue, Encoding } from "./forms.ts";
import { DW_AT } from "./names.ts";

/** An entry of `.debug_info` (DIE). */
export interface Entry {
  readonly unit: Unit;
  /** Where in `.debug_info` it begins. */
  readonly offset: number;
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly attributes: ReadonlyMap<number, AttributeValue>;
  /** Where what is behind its attributes begins: its children, or the next entry. */
  readonly end: number;
}

/** A unit of compilation, whose bytes are in memory. */
export interface Unit extends Encoding {
  /** Where in `.debug_info` it begins and ends. */
  readonly offset: number;
  readonly end: number;
  /** Where its first entry begins. */
  readonly first: number;
  /** Of the file that dwz has put in what several share. */
  readonly isAlternate?: boolean;
  readonly littleEndian: boolean;
  readonly bytes: Uint8Array;
  readonly abbreviations: Abbreviations;
}

/** Entries deeper than any source is nested. */
const MAX_DEPTH = 256;
/** Entries that are read for one question. */
export const MAX_ENTRIES = 4_000_000;

const cursorAt = ({ bytes, littleEndian, offset }: Unit, at: number): Cursor =>
  new Cursor(bytes, littleEndian, at - offset);

/** The code of the entry at `at`; undefined for the null entry that ends a list of children. */
function abbreviationAt(unit: Unit, cursor: Cursor): Abbreviation | undefined {
  const code = cursor.count();
  if (code === 0) return undefined;
  const abbreviation = unit.abbreviations.get(code);
  if (abbreviation === undefined) throw elfErrors.damaged(`an entry has the unknown abbreviation ${code}`);
  return abbreviation;
}

/** The entry at `at`, undefined at the end of a list. Throws `elf.damaged`, `elf.truncated`. */
export function entryAt(unit: Unit, at: number): Entry | undefined {
  if (at < unit.first || at >= unit.end) throw elfErrors.damaged("an entry lies outside of its unit");
  const cursor = cursorAt(unit, at);
  const abbreviation = abbreviationAt(unit, cursor);
  if (abbreviation === undefined) return undefined;
  const attributes = new Map<number, AttributeValue>();
  const { attributes: list, tag, hasChildren } = abbreviation;
  for (let index = 0; index < list.length; index += 3)
    attributes.set(list[index] ?? 0, readForm(cursor, list[index + 1] ?? 0, list[index + 2] ?? 0, unit));
  return { unit, offset: at, tag, hasChildren, attributes, end: cursor.offset + unit.offset };
}

/** Counts entries, so that a question about a huge or hostile unit comes to an end. */
export interface Budget {
  left: number;
}

function spend(budget: Budget): void {
  if (--budget.left < 0) throw elfErrors.damaged("it has more entries than are read at once");
}

/** The children of an entry, in order, each with its attributes; what is below them is stepped over. */
export function* childrenOf(entry: Entry, budget: Budget): Generator<Entry> {
  if (!entry.hasChildren) return;
  const { unit } = entry;
  for (let at = entry.end; at < unit.end;) {
    spend(budget);
    const child = entryAt(unit, at);
    if (child === undefined) return;
    yield child;
    at = nextAfter(child, budget);
  }
}

/** Where the entry behind `entry` and all that is below it begins. */
function nextAfter(entry: Entry, budget: Budget): number {
  if (!entry.hasChildren) return entry.end;
  const sibling = entry.attributes.get(DW_AT.sibling);
  const { unit } = entry;
  if (sibling?.kind === "entry" && sibling.inUnit) {
    const next = unit.offset + sibling.value;
    // It leads forward, or the list would have no end.
    if (next > entry.end && next <= unit.end) return next;
  }
  const cursor = cursorAt(unit, entry.end);
  for (let depth = 1; depth > 0;) {
    if (cursor.atEnd) return unit.end;
    spend(budget);
    const abbreviation = abbreviationAt(unit, cursor);
    if (abbreviation === undefined) {
      depth--;
      continue;
    }
    const { attributes, hasChildren } = abbreviation;
    for (let index = 0; index < attributes.length; index += 3)
      readForm(cursor, attributes[index + 1] ?? 0, attributes[index + 2] ?? 0, unit);
    if (hasChildren && ++depth > MAX_DEPTH) throw elfErrors.damaged("its entries are nested too deeply");
  }
  return cursor.offset + unit.offset;
}
