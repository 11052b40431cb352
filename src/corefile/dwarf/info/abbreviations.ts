import { Cursor } from "../../elf/cursor.ts";
import { elfErrors } from "../../elf/errors.ts";

/** What entries of one kind look like (DWARF 5, 7.5.3). */
export interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  /** Attribute, form, and the value of an attribute whose form is `DW_FORM_implicit_const`; three numbers each. */
  readonly attributes: readonly number[];
}

export type Abbreviations = ReadonlyMap<number, Abbreviation>;

const DW_FORM_IMPLICIT_CONST = 0x21;
/** Compilers write some hundreds. */
const MAX_ABBREVIATIONS = 65_536;
const MAX_ATTRIBUTES = 256;

/** The table at the start of `bytes`, up to its end or, with `only`, up to that code. Throws `elf.damaged`, `elf.truncated`. */
export function readAbbreviations(bytes: Uint8Array, littleEndian: boolean, only?: number): Abbreviations {
  const cursor = new Cursor(bytes, littleEndian);
  const table = new Map<number, Abbreviation>();
  for (let code = cursor.count(); code !== 0; code = cursor.count()) {
    if (table.size > MAX_ABBREVIATIONS) throw elfErrors.damaged("its abbreviations have no end");
    const tag = cursor.count();
    const hasChildren = cursor.u8() !== 0;
    const attributes: number[] = [];
    for (;;) {
      const attribute = cursor.count();
      const form = cursor.count();
      const value = form === DW_FORM_IMPLICIT_CONST ? Number(cursor.sleb()) : 0;
      if (attribute === 0 && form === 0) break;
      if (attributes.length > MAX_ATTRIBUTES * 3) throw elfErrors.damaged("an abbreviation has no end");
      attributes.push(attribute, form, value);
    }
    table.set(code, { tag, hasChildren, attributes });
    if (code === only) break;
  }
  return table;
}
