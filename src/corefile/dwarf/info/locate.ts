import { Cursor } from "../../elf/cursor.ts";
import { evaluateExpression, evaluateLocation } from "../expression.ts";
import type { ExpressionContext, Location } from "../expression.ts";
import type { EntryReader } from "./attributes.ts";
import { DW_AT } from "./names.ts";
import { addressAt, addressOf, listAt } from "./ranges.ts";
import type { ListReading } from "./ranges.ts";
import type { Entry } from "./unit.ts";

/** Where a question about a variable is asked from. */
export interface LocationContext {
  /** The linker's address of the instruction. */
  readonly address: bigint;
  readonly bias: bigint;
  readonly cfa: bigint | undefined;
  register(number: number): bigint | undefined;
  memory(address: bigint, size: number): Promise<bigint | undefined>;
  /** What an expression had been at entry; see `ExpressionContext`. */
  atEntry?(bytes: Uint8Array): Promise<bigint | undefined>;
}

const UNKNOWN: Location = { kind: "unknown" };
const MAX_LIST = 1024 * 1024;
const MAX_ENTRIES = 65_536;

/**
 * Where the variable of `entry` is, in the function whose real entry is `of`; `unknown` where the compiler kept nothing
 * of it at this instruction. Throws `elf.damaged`, `elf.truncated`.
 */
export async function locateVariable(
  reader: EntryReader,
  entry: Entry,
  of: Entry | undefined,
  context: LocationContext,
): Promise<Location> {
  const constant = await reader.attribute(entry, DW_AT.const_value);
  if (constant?.kind === "constant") return { kind: "value", value: BigInt.asUintN(64, constant.value) };
  if (constant?.kind === "bytes") return { kind: "bytes", bytes: constant.value };
  if (constant?.kind === "text") return { kind: "bytes", bytes: Buffer.from(`${constant.value}\0`) };
  const expression = await expressionOf(reader, entry, DW_AT.location, context);
  if (expression === undefined || expression.length === 0) return UNKNOWN;
  return evaluateLocation(expression, expressionContext(reader, entry, of, context));
}

/** A number that a type has in a frame: an expression's, or that of the variable which the attribute refers to. */
export async function boundValue(
  reader: EntryReader,
  {
    range,
    attribute,
    of,
  }: { readonly range: Entry; readonly attribute: number; readonly of: Entry | undefined },
  context: LocationContext,
): Promise<bigint | undefined> {
  const variable = await reader.entry(range, attribute);
  if (variable === undefined) {
    const expression = await expressionOf(reader, range, attribute, context);
    return expression && evaluateExpression(expression, expressionContext(reader, range, of, context));
  }
  const location = await locateVariable(reader, variable, of, context);
  if (location.kind === "value") return location.value;
  if (location.kind === "register") return context.register(location.number);
  if (location.kind !== "memory") return undefined;
  const type = await reader.entry(variable, DW_AT.type);
  const size = type && (await reader.number(type, DW_AT.byte_size));
  return context.memory(BigInt.asUintN(64, location.address), size === 4 ? 4 : 8);
}

export function expressionContext(
  reader: EntryReader,
  entry: Entry,
  of: Entry | undefined,
  context: LocationContext,
): ExpressionContext {
  const { sections, bases } = reader;
  const plain: ExpressionContext = {
    littleEndian: sections.littleEndian,
    bias: context.bias,
    register: (number) => context.register(number),
    memory: (address, size) => context.memory(address, size),
    ...(context.cfa !== undefined && { cfa: context.cfa }),
    ...(context.atEntry && { atEntry: (bytes: Uint8Array) => context.atEntry?.(bytes) ?? nothing }),
    addressAt: (index) => addressAt(sections, entry.unit, bases(entry.unit), index),
  };
  return {
    ...plain,
    async frameBase() {
      const bytes = of && (await expressionOf(reader, of, DW_AT.frame_base, context));
      return bytes && evaluateExpression(bytes, plain);
    },
  };
}

const nothing = Promise.resolve(undefined);

/** The expression of an attribute that holds at the address: the only one, or one of a list (DWARF 5, 2.6.2). */
async function expressionOf(
  reader: EntryReader,
  entry: Entry,
  name: number,
  { address }: LocationContext,
): Promise<Uint8Array | undefined> {
  const value = await reader.attribute(entry, name);
  if (value === undefined || value.kind === "bytes") return value?.value;
  const { sections } = reader;
  const bases = reader.bases(entry.unit);
  const isNew = entry.unit.version >= 5;
  const section = isNew ? ".debug_loclists" : ".debug_loc";
  const at = await listAt(sections, entry, { name: section, base: bases.locations }, value);
  if (at === undefined) return undefined;
  const cursor = new Cursor(await sections.read(section, at, MAX_LIST), sections.littleEndian);
  const base = (await addressOf(sections, entry, bases, bases.low)) ?? 0n;
  const find = isNew ? inNewList : inOldList;
  return find({ sections, entry, bases, cursor, base }, address);
}

async function inOldList(
  { entry, cursor, base }: ListReading,
  address: bigint,
): Promise<Uint8Array | undefined> {
  const { addressSize } = entry.unit;
  const largest = (1n << BigInt(addressSize * 8)) - 1n;
  let from = base;
  for (let count = 0; count < MAX_ENTRIES; count++) {
    const start = cursor.unsigned(addressSize);
    const end = cursor.unsigned(addressSize);
    if (start === 0n && end === 0n) return undefined;
    if (start === largest) {
      from = end;
      continue;
    }
    const expression = cursor.take(cursor.u16());
    if (address >= from + start && address < from + end) return expression;
  }
  return undefined;
}

/** Location lists of version 5, 7.7.3. */
async function inNewList(
  { sections, entry, bases, cursor, base }: ListReading,
  address: bigint,
): Promise<Uint8Array | undefined> {
  const { addressSize, unit } = { ...entry.unit, unit: entry.unit };
  const plain = (): bigint => cursor.unsigned(addressSize);
  const indexed = async (): Promise<bigint> => (await addressAt(sections, unit, bases, cursor.count())) ?? 0n;
  let from = base;
  let byDefault: Uint8Array | undefined;
  for (let count = 0; count < MAX_ENTRIES; count++) {
    const kind = cursor.u8();
    let [start, end] = [0n, 0n];
    if (kind === 0) return byDefault;
    if (kind === 1) {
      from = await indexed();
      continue;
    }
    if (kind === 6) {
      from = plain();
      continue;
    }
    if (kind === 9) {
      // DW_LLE_view_pair, an extension of GNU that only says when within a line.
      cursor.uleb();
      cursor.uleb();
      continue;
    }
    if (kind === 2) [start, end] = [await indexed(), await indexed()];
    else if (kind === 3) {
      start = await indexed();
      end = start + cursor.uleb();
    } else if (kind === 4) [start, end] = [from + cursor.uleb(), from + cursor.uleb()];
    else if (kind === 5) byDefault = cursor.take(cursor.count());
    else if (kind === 7) [start, end] = [plain(), plain()];
    else if (kind === 8) {
      start = plain();
      end = start + cursor.uleb();
    } else return undefined;
    if (kind === 5) continue;
    const expression = cursor.take(cursor.count());
    if (address >= start && address < end) return expression;
  }
  return undefined;
}
