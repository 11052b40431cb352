import type { AddressSpace } from "../../memory/index.ts";
import type { Choice } from "../dwarf/info/types.ts";
import { partOf, pointedTo, valueNumber } from "./value.ts";
import type { DataValue } from "./value.ts";

/** A value within another. */
export interface Child {
  /** Of a member its name, of an element `[4]`, of what a pointer leads to `*`; a base class has its type's. */
  readonly name: string;
  readonly kind: "member" | "base" | "element" | "target";
  readonly value: DataValue;
}

/** Members of records that have no name, within each other. */
const MAX_NESTED = 16;

/** How many children a value has; undefined where that is only known when they are read. */
export function childCount({ type, missing }: DataValue): number | undefined {
  if (missing) return 0;
  if (type.kind === "array") return type.count ?? 0;
  if (type.kind === "record") return type.isIncomplete ? 0 : undefined;
  if (type.kind === "pointer") return undefined;
  return 0;
}

/** The members of a record, the elements `[start, start + count)` of an array, or what a pointer leads to. */
export async function childrenOfValue(
  space: AddressSpace,
  value: DataValue,
  start = 0,
  count = Infinity,
): Promise<readonly Child[]> {
  const { type } = value;
  if (value.missing) return [];
  if (type.kind === "record") return membersOf(space, value, 0);
  if (type.kind === "array") {
    const element = await type.element();
    const length = Math.max(0, Math.min(count, (type.count ?? 0) - start));
    return Array.from({ length }, (_, index) => ({
      name: `[${(type.lower ?? 0) + start + index}]`,
      kind: "element" as const,
      value: partOf(value, element, (start + index) * element.size),
    }));
  }
  const target = await pointedTo(space, value);
  return target === undefined || target.type.kind === "void" || target.type.kind === "function"
    ? []
    : [{ name: "*", kind: "target", value: target }];
}

/** The members of what has no name count as the record's own. */
async function membersOf(space: AddressSpace, value: DataValue, depth: number): Promise<readonly Child[]> {
  if (value.type.kind !== "record" || depth > MAX_NESTED) return [];
  const children: Child[] = [];
  for (const { name, offset, bits, type: reference, isBase, only } of await value.type.members()) {
    if (only && !(await holds(space, value, only))) continue;
    const type = await reference();
    const part = { ...partOf(value, type, offset), bits };
    if (name === "" && !isBase && type.kind === "record")
      children.push(...(await membersOf(space, part, depth + 1)));
    else if (isBase) children.push({ name: type.name, kind: "base", value: part });
    else if (name !== "") children.push({ name, kind: "member", value: part });
  }
  return children;
}

/** Whether a variant is the one that the record's discriminant chooses. */
async function holds(
  space: AddressSpace,
  record: DataValue,
  { by, value, others }: Choice,
): Promise<boolean> {
  const type = await by.type();
  const told = await valueNumber(space, { ...partOf(record, type, by.offset), bits: by.bits });
  if (told === undefined) return false;
  // Constants of any sign fill as many bits as the discriminant has.
  const width = by.bits?.size ?? type.size * 8;
  const same = (other: bigint): boolean => BigInt.asUintN(width, other - told) === 0n;
  return value === undefined ? !others.some(same) : same(value);
}

/** The member called `name`, of the record or of what it is derived from; undefined where there is none. */
export async function memberOf(
  space: AddressSpace,
  value: DataValue,
  name: string,
  depth = 0,
): Promise<DataValue | undefined> {
  const members = await membersOf(space, value, 0);
  const found = members.find((each) => each.kind === "member" && each.name === name);
  if (found || depth > MAX_NESTED) return found?.value;
  for (const base of members.filter(({ kind }) => kind === "base")) {
    const inherited = await memberOf(space, base.value, name, depth + 1);
    if (inherited) return inherited;
  }
  return undefined;
}
