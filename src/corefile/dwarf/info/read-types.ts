import { Cursor } from "../../elf/cursor.ts";
import type { EntryReader } from "./attributes.ts";
import { DW_AT, DW_ATE, DW_TAG } from "./names.ts";
import { arrayName, pointerName } from "./type-names.ts";
import { VOID } from "./types.ts";
import type { BoundReader, DataType, Member, TypeReference } from "./types.ts";
import { rootOf } from "./unit-table.ts";
import { childrenOf } from "./unit.ts";
import type { Entry } from "./unit.ts";

/** Types that lead to types: deeper than any program's. */
const MAX_DEPTH = 64;
const MAX_MEMBERS = 4096;
const MAX_VALUES = 16_384;
/** Languages by DWARF's numbers (DWARF 5, 7.12): those of Fortran, and all that count from 1. */
const FORTRAN: ReadonlySet<number> = new Set([0x07, 0x08, 0x0e, 0x22, 0x23, 0x2d]);
const FROM_ONE: ReadonlySet<number> = new Set([...FORTRAN, 0x03, 0x05, 0x06, 0x09, 0x0a, 0x0d, 0x0f, 0x2e]);
const UNKNOWN: DataType = { kind: "unknown", name: "?", size: 0 };

/** Reads types. A type that is damaged is `unknown`, a record whose members are has none; nothing is thrown. */
export interface TypeReader {
  /** The type that an entry says it has; `void` where it says none. */
  of(entry: Entry): TypeReference;
  /** The type that an entry is. */
  read(entry: Entry): TypeReference;
}

/** `onDamage` is told why members can't be read. */
export function typeReader(reader: EntryReader, onDamage: (error: unknown) => void): TypeReader {
  const { attribute, entry: referred, flag, number, text } = reader;

  const of =
    (entry: Entry, depth = 0): TypeReference =>
    () =>
      typeOf(entry, depth).catch(() => UNKNOWN);

  async function typeOf(entry: Entry, depth: number): Promise<DataType> {
    if (depth > MAX_DEPTH) return UNKNOWN;
    if ((await attribute(entry, DW_AT.type)) === undefined) return VOID;
    const type = await referred(entry, DW_AT.type);
    return type ? read(type, depth + 1) : UNKNOWN;
  }

  async function read(entry: Entry, depth: number): Promise<DataType> {
    const make = READERS.get(entry.tag);
    return make ? make(entry, depth) : UNKNOWN;
  }

  const nameOf = async (entry: Entry, without = ""): Promise<string> =>
    (await text(entry, DW_AT.name)) ?? without;
  const sizeOf = async (entry: Entry): Promise<number> => (await number(entry, DW_AT.byte_size)) ?? 0;

  const pointer =
    (mark: string, isReference: boolean) =>
    async (entry: Entry, depth: number): Promise<DataType> => ({
      kind: "pointer",
      // Rust has names for them.
      name: (await text(entry, DW_AT.name)) ?? pointerName((await typeOf(entry, depth)).name, mark),
      size: (await sizeOf(entry)) || entry.unit.addressSize,
      isReference,
      to: of(entry, depth),
    });

  /** Of C++: where in an object the member is. To a function, two words: its address, and what to add to `this`. */
  async function memberPointer(entry: Entry, depth: number): Promise<DataType> {
    const type = await typeOf(entry, depth);
    const owner = await referred(entry, DW_AT.containing_type);
    const name = pointerName(type.name, `${owner ? await nameOf(owner) : ""}::*`);
    const size = entry.unit.addressSize;
    const word: DataType = { kind: "base", name: "long", size, encoding: DW_ATE.signed };
    if (type.kind !== "function") return { ...word, name };
    const member = (called: string, offset: number, of: DataType): Member => ({
      ...{ name: called, offset, bits: undefined, isBase: false, type: () => Promise.resolve(of) },
    });
    const function_ = { kind: "pointer", name: "void *", size, isReference: false } as const;
    const code: DataType = { ...function_, to: () => Promise.resolve(VOID) };
    return {
      ...{ kind: "record", word: "struct", name, size: 2 * size, isIncomplete: false },
      members: () => Promise.resolve([member("__pfn", 0, code), member("__delta", size, word)]),
    };
  }

  const qualified =
    (word: string) =>
    async (entry: Entry, depth: number): Promise<DataType> => {
      const type = await typeOf(entry, depth);
      // Behind a pointer the word belongs to the pointer itself.
      const name = /[*&]$/.test(type.name) ? `${type.name} ${word}` : `${word} ${type.name}`;
      return { ...type, name };
    };

  async function typedef(entry: Entry, depth: number): Promise<DataType> {
    return { ...(await typeOf(entry, depth)), name: await nameOf(entry) };
  }

  async function base(entry: Entry): Promise<DataType> {
    const encoding = (await number(entry, DW_AT.encoding)) ?? DW_ATE.unsigned;
    return { kind: "base", name: await nameOf(entry, "?"), size: await sizeOf(entry), encoding };
  }

  const record =
    (word: "struct" | "class" | "union") =>
    async (entry: Entry, depth: number): Promise<DataType> => ({
      ...{ kind: "record", word, name: await nameOf(entry, `${word} {…}`), size: await sizeOf(entry) },
      isIncomplete: await flag(entry, DW_AT.declaration),
      members: () =>
        membersOf(entry, depth).catch((error: unknown) => {
          onDamage(error);
          return [];
        }),
    });

  async function membersOf(entry: Entry, depth: number): Promise<readonly Member[]> {
    const members: Member[] = [];
    const budget = { left: MAX_MEMBERS * 16 };
    for (const child of childrenOf(entry, budget)) {
      if (members.length >= MAX_MEMBERS) break;
      if (child.tag === DW_TAG.variant_part) members.push(...(await variantsOf(child, depth)));
      const isBase = child.tag === DW_TAG.inheritance;
      if ((!isBase && child.tag !== DW_TAG.member) || child.attributes.has(DW_AT.external)) continue;
      if (child.attributes.has(DW_AT.declaration)) continue;
      const place = await placeOf(child);
      if (place) members.push({ name: await nameOf(child), isBase, ...place, type: of(child, depth) });
    }
    return members;
  }

  /** Members of which only those hold that a discriminant chooses (DWARF 5, 5.7.10). */
  async function variantsOf(part: Entry, depth: number): Promise<readonly Member[]> {
    const budget = { left: MAX_MEMBERS * 16 };
    const discriminant = await referred(part, DW_AT.discr);
    const place = discriminant && (await placeOf(discriminant));
    const by = discriminant && place && { ...place, type: of(discriminant, depth) };
    const found: { readonly member: Member; readonly value: bigint | undefined }[] = [];
    for (const variant of childrenOf(part, budget)) {
      if (variant.tag !== DW_TAG.variant) continue;
      const chosen = variant.attributes.get(DW_AT.discr_value);
      const value = chosen?.kind === "constant" ? chosen.value : undefined;
      for (const child of childrenOf(variant, budget)) {
        if (child.tag !== DW_TAG.member || found.length >= MAX_MEMBERS) continue;
        const at = await placeOf(child);
        const member = at && { name: await nameOf(child), isBase: false, ...at, type: of(child, depth) };
        if (member) found.push({ member, value });
      }
    }
    // One variant alone needs nothing to tell it.
    if (by === undefined) return found.length === 1 ? found.map(({ member }) => member) : [];
    const values = found.flatMap(({ value }) => value ?? []);
    return found.map(({ member, value }) => ({ ...member, only: { by, value, others: values } }));
  }

  /** Undefined for a virtual base, whose place the object itself tells. */
  async function placeOf(member: Entry): Promise<Pick<Member, "offset" | "bits"> | undefined> {
    const location = member.attributes.get(DW_AT.data_member_location);
    const offset =
      location?.kind === "bytes" ? plainOffset(location.value) : location ? Number(valueOf(location)) : 0;
    if (offset === undefined || !Number.isSafeInteger(offset)) return undefined;
    const size = await number(member, DW_AT.bit_size);
    if (size === undefined) return { offset, bits: undefined };
    const from = await number(member, DW_AT.data_bit_offset);
    // Counted from the start of the record; the number that has it begins at that byte.
    if (from !== undefined) return { offset: offset + (from >> 3), bits: { offset: from & 7, size } };
    const fromTop = (await number(member, DW_AT.bit_offset)) ?? 0;
    const unit = (await number(member, DW_AT.byte_size)) ?? (await typeOf(member, 0)).size;
    return { offset, bits: { offset: Math.max(0, unit * 8 - fromTop - size), size } };
  }

  /** A string of Fortran, of a length that is told. */
  async function string(entry: Entry): Promise<DataType> {
    const size = await sizeOf(entry);
    const character: DataType = { kind: "base", name: "character", size: 1, encoding: DW_ATE.unsigned_char };
    const name = await nameOf(entry, `character*${size || "*"}`);
    if (size === 0) return { kind: "unknown", name, size };
    return { kind: "array", name, size, element: () => Promise.resolve(character), count: size };
  }

  async function array(entry: Entry, depth: number, bound?: BoundReader): Promise<DataType> {
    // Its elements are elsewhere: what the variable is at tells where.
    if (entry.attributes.has(DW_AT.data_location))
      return { kind: "unknown", name: arrayName((await typeOf(entry, depth)).name, "[]"), size: 0 };
    const language = (await number(rootOf(entry.unit), DW_AT.language)) ?? 0;
    const ranges: Bounds[] = [];
    for (const child of childrenOf(entry, { left: MAX_MEMBERS }))
      if (child.tag === DW_TAG.subrange_type) ranges.push(await boundsOf(child, language, bound));
    if (ranges.length > MAX_DEPTH) return UNKNOWN;
    // Fortran lays the first index's elements next to each other, others the last's.
    if (!FORTRAN.has(language)) ranges.reverse();
    let type = await typeOf(entry, depth);
    let suffix = "";
    const bare = type.name;
    for (const { count, lower } of ranges.length > 0 ? ranges : [{ count: undefined, lower: 0 }]) {
      const element = type;
      suffix = `[${count ?? ""}]${suffix}`;
      type = {
        ...{ kind: "array", name: arrayName(bare, suffix), size: (count ?? 0) * element.size, lower },
        ...{ element: () => Promise.resolve(element), count },
      };
    }
    const isComputed = bound === undefined && ranges.some((range) => range.isComputed);
    return isComputed && type.kind === "array"
      ? { ...type, sized: (read) => array(entry, depth, read).catch(() => UNKNOWN) }
      : type;
  }

  interface Bounds {
    readonly count: number | undefined;
    readonly lower: number;
    readonly isComputed: boolean;
  }

  async function boundsOf(range: Entry, language: number, bound: BoundReader | undefined): Promise<Bounds> {
    let isComputed = false;
    const read = async (name: number): Promise<number | undefined> => {
      const value = await attribute(range, name);
      if (value === undefined) return undefined;
      if (value.kind === "constant") return Number(BigInt.asIntN(32, value.value));
      isComputed = true;
      const computed = await bound?.(range, name);
      return computed === undefined ? undefined : Number(BigInt.asIntN(64, computed));
    };
    const lower = (await read(DW_AT.lower_bound)) ?? (FROM_ONE.has(language) ? 1 : 0);
    const last = await read(DW_AT.upper_bound);
    const count = (await read(DW_AT.count)) ?? (last === undefined ? undefined : last - lower + 1);
    const isSound = count !== undefined && count >= 0 && Number.isSafeInteger(count);
    return { count: isSound ? count : undefined, lower, isComputed };
  }

  async function enumeration(entry: Entry, depth: number): Promise<DataType> {
    const values: { name: string; value: bigint }[] = [];
    for (const child of childrenOf(entry, { left: MAX_VALUES })) {
      const value = child.attributes.get(DW_AT.const_value);
      if (child.tag === DW_TAG.enumerator && value)
        values.push({ name: await nameOf(child), value: valueOf(value) });
    }
    const under = await typeOf(entry, depth);
    const size = (await sizeOf(entry)) || under.size;
    const isSigned =
      values.some(({ value }) => value < 0n) || (under.kind === "base" && under.encoding === DW_ATE.signed);
    return { kind: "enum", name: await nameOf(entry, "enum {…}"), size, isSigned, values };
  }

  async function subroutine(entry: Entry, depth: number): Promise<DataType> {
    const names: string[] = [];
    for (const child of childrenOf(entry, { left: MAX_MEMBERS })) {
      if (child.tag === DW_TAG.unspecified_parameters) names.push("...");
      else if (child.tag === DW_TAG.formal_parameter) names.push((await typeOf(child, depth)).name);
      if (names.length > MAX_DEPTH) break;
    }
    const result = (await typeOf(entry, depth)).name;
    return { kind: "function", name: `${result} (${names.join(", ")})`, size: 0 };
  }

  async function unspecified(entry: Entry): Promise<DataType> {
    return { ...VOID, name: await nameOf(entry, "void") };
  }

  const READERS: ReadonlyMap<number, (entry: Entry, depth: number) => Promise<DataType>> = new Map([
    [DW_TAG.base_type, base],
    [DW_TAG.pointer_type, pointer("*", false)],
    [DW_TAG.reference_type, pointer("&", true)],
    [DW_TAG.rvalue_reference_type, pointer("&&", true)],
    [DW_TAG.structure_type, record("struct")],
    [DW_TAG.class_type, record("class")],
    [DW_TAG.union_type, record("union")],
    [DW_TAG.string_type, string],
    [DW_TAG.array_type, (entry: Entry, depth: number) => array(entry, depth)],
    [DW_TAG.ptr_to_member_type, memberPointer],
    [DW_TAG.enumeration_type, enumeration],
    [DW_TAG.typedef, typedef],
    [DW_TAG.const_type, qualified("const")],
    [DW_TAG.volatile_type, qualified("volatile")],
    [DW_TAG.restrict_type, qualified("restrict")],
    [DW_TAG.atomic_type, qualified("_Atomic")],
    [DW_TAG.subroutine_type, subroutine],
    [DW_TAG.unspecified_type, unspecified],
  ] as const);

  return { of: (entry) => of(entry), read: (entry) => () => read(entry, 0).catch(() => UNKNOWN) };
}

/** The number of an attribute; bytes are none. */
const valueOf = (value: { readonly kind: string; readonly value?: unknown }): bigint =>
  typeof value.value === "bigint" ? value.value : typeof value.value === "number" ? BigInt(value.value) : 0n;

/** `DW_OP_plus_uconst`, as version 2 told offsets; undefined for what must be computed. */
function plainOffset(expression: Uint8Array): number | undefined {
  if (expression[0] !== 0x23) return undefined;
  try {
    return new Cursor(expression, true, 1).count();
  } catch {
    return undefined;
  }
}
