import { Cursor } from "../../elf/cursor.ts";
import type { EntryReader } from "./attributes.ts";
import { DW_AT, DW_ATE, DW_TAG } from "./names.ts";
import { VOID } from "./types.ts";
import type { DataType, Member, TypeReference } from "./types.ts";
import { childrenOf } from "./unit.ts";
import type { Entry } from "./unit.ts";

/** Types that lead to types: deeper than any program's. */
const MAX_DEPTH = 64;
const MAX_MEMBERS = 4096;
const MAX_VALUES = 16_384;
const UNKNOWN: DataType = { kind: "unknown", name: "?", size: 0 };

/** Reads types. A type that is damaged is `unknown`; nothing is thrown. */
export interface TypeReader {
  /** The type that an entry says it has; `void` where it says none. */
  of(entry: Entry): TypeReference;
  /** The type that an entry is. */
  read(entry: Entry): TypeReference;
}

export function typeReader(reader: EntryReader): TypeReader {
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
      name: pointerName((await typeOf(entry, depth)).name, mark),
      size: (await sizeOf(entry)) || entry.unit.addressSize,
      isReference,
      to: of(entry, depth),
    });

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
      members: () => membersOf(entry, depth),
    });

  async function membersOf(entry: Entry, depth: number): Promise<readonly Member[]> {
    const members: Member[] = [];
    const budget = { left: MAX_MEMBERS * 16 };
    for (const child of childrenOf(entry, budget)) {
      if (members.length >= MAX_MEMBERS) break;
      const isBase = child.tag === DW_TAG.inheritance;
      if ((!isBase && child.tag !== DW_TAG.member) || child.attributes.has(DW_AT.external)) continue;
      if (child.attributes.has(DW_AT.declaration)) continue;
      const place = await placeOf(child);
      if (place) members.push({ name: await nameOf(child), isBase, ...place, type: of(child, depth) });
    }
    return members;
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

  async function array(entry: Entry, depth: number): Promise<DataType> {
    const counts: (number | undefined)[] = [];
    for (const child of childrenOf(entry, { left: MAX_MEMBERS }))
      if (child.tag === DW_TAG.subrange_type) counts.push(await countOf(child));
    if (counts.length > MAX_DEPTH) return UNKNOWN;
    let type = await typeOf(entry, depth);
    let suffix = "";
    const bare = type.name;
    for (const count of (counts.length > 0 ? counts : [undefined]).toReversed()) {
      const element = type;
      suffix = `[${count ?? ""}]${suffix}`;
      const size = (count ?? 0) * element.size;
      type = {
        kind: "array",
        name: arrayName(bare, suffix),
        size,
        element: () => Promise.resolve(element),
        count,
      };
    }
    return type;
  }

  async function countOf(range: Entry): Promise<number | undefined> {
    const count = await number(range, DW_AT.count);
    const upper = await attribute(range, DW_AT.upper_bound);
    const last = upper?.kind === "constant" ? Number(BigInt.asIntN(32, upper.value)) : undefined;
    const found = count ?? (last === undefined ? undefined : last + 1);
    return found !== undefined && found >= 0 ? found : undefined;
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
    [DW_TAG.array_type, array],
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

/** `char *`, `int (*)(void)`, `int (*)[4]`, `char **`. */
function pointerName(name: string, mark: string): string {
  const of = /^(.*?) ?(\(.*\)|(?:\[\d*\])+)$/.exec(name);
  if (of) {
    const [, before = "", behind = ""] = of;
    return `${before} (${mark})${behind}`;
  }
  return name.endsWith("*") || name.endsWith("&") ? `${name}${mark}` : `${name} ${mark}`;
}

/** `int [4]`; a pointer to a function has its brackets inside. */
function arrayName(name: string, suffix: string): string {
  return name.includes("(*)") ? name.replace("(*)", `(*${suffix})`) : `${name} ${suffix}`;
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
