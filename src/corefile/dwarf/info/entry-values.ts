import { Cursor } from "../../elf/cursor.ts";
import { evaluateExpression } from "../expression.ts";
import type { EntryReader } from "./attributes.ts";
import { expressionContext } from "./locate.ts";
import type { LocationContext } from "./locate.ts";
import { DW_AT, DW_TAG } from "./names.ts";
import { addressOf } from "./ranges.ts";
import { childrenOf, MAX_ENTRIES } from "./unit.ts";
import type { Budget, Entry } from "./unit.ts";

const SITES: ReadonlySet<number> = new Set([DW_TAG.call_site, DW_TAG.GNU_call_site]);
const INNER: ReadonlySet<number> = new Set([DW_TAG.lexical_block, DW_TAG.inlined_subroutine]);
const MAX_DEPTH = 64;
const [DW_OP_REG0, DW_OP_REGX] = [0x50, 0x90];
/** Each as version 5 has it, and as GNU's extension of the ones before: `DW_OP_const_type`, `DW_OP_regval_type`. */
const [CONST_TYPE, REGVAL_TYPE] = [new Set<number | undefined>([0xa4, 0xf4]), new Set([0xa5, 0xf5])] as const;

/** The register whose value at entry an expression is about (`DW_OP_entry_value`); undefined where it is about more. */
export function entryRegister(bytes: Uint8Array, littleEndian: boolean): number | undefined {
  const cursor = new Cursor(bytes, littleEndian);
  const op = bytes.length > 0 ? cursor.u8() : 0;
  if (op >= DW_OP_REG0 && op < DW_OP_REG0 + 32 && cursor.atEnd) return op - DW_OP_REG0;
  return op === DW_OP_REGX || REGVAL_TYPE.has(op) ? cursor.count() : undefined;
}

/**
 * What a caller tells of a register when it calls `callee` (DWARF 5, 3.4): only where the call is surely to that function,
 * as what a function that was left by a jump called is told of elsewhere. Throws `elf.damaged`, `elf.truncated`.
 */
export async function entryValue(
  reader: EntryReader,
  caller: Entry,
  { callee, register }: { readonly callee: Entry; readonly register: number },
  context: LocationContext,
): Promise<bigint | undefined> {
  const site = await siteIn(reader, caller, context.address, { left: MAX_ENTRIES }, 0);
  if (site === undefined) return undefined;
  const called =
    (await reader.entry(site, DW_AT.call_origin)) ??
    (site.tag === DW_TAG.GNU_call_site ? await reader.entry(site, DW_AT.abstract_origin) : undefined);
  if (called === undefined || !(await isSame(reader, called, callee))) return undefined;
  const { littleEndian } = reader.sections;
  for (const parameter of childrenOf(site, { left: MAX_ENTRIES })) {
    const place = parameter.attributes.get(DW_AT.location);
    if (place?.kind !== "bytes" || entryRegister(place.value, littleEndian) !== register) continue;
    const value =
      parameter.attributes.get(DW_AT.call_value) ?? parameter.attributes.get(DW_AT.GNU_call_site_value);
    if (value?.kind !== "bytes") return undefined;
    if (CONST_TYPE.has(value.value[0])) return typedConstant(new Cursor(value.value, littleEndian, 1));
    return evaluateExpression(value.value, expressionContext(reader, parameter, caller, context));
  }
  return undefined;
}

/** The bits of a constant that has a type. */
function typedConstant(cursor: Cursor): bigint | undefined {
  cursor.count();
  const bytes = cursor.take(cursor.u8());
  if (!cursor.atEnd || bytes.length === 0 || bytes.length > 8) return undefined;
  const ordered = cursor.littleEndian ? bytes.toReversed() : bytes;
  return BigInt(`0x${Buffer.from(ordered).toString("hex")}`);
}

async function siteIn(
  reader: EntryReader,
  parent: Entry,
  returns: bigint,
  budget: Budget,
  depth: number,
): Promise<Entry | undefined> {
  for (const child of childrenOf(parent, budget)) {
    if (SITES.has(child.tag)) {
      const place = child.attributes.get(DW_AT.call_return_pc) ?? child.attributes.get(DW_AT.low_pc);
      const at = await addressOf(reader.sections, child, reader.bases(child.unit), place);
      if (at === returns) return child;
    } else if (INNER.has(child.tag) && depth < MAX_DEPTH) {
      const found = await siteIn(reader, child, returns, budget, depth + 1);
      if (found) return found;
    }
  }
  return undefined;
}

/** Whether two entries are of one function, wherever it is told of. */
async function isSame(reader: EntryReader, a: Entry, b: Entry): Promise<boolean> {
  const name = async (entry: Entry): Promise<string | undefined> =>
    (await reader.text(entry, DW_AT.linkage_name)) ?? reader.text(entry, DW_AT.name);
  const [one, other] = [await name(a), await name(b)];
  return one !== undefined && one === other;
}
