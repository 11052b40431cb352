import type { ElfFile } from "../../elf/elf-file.ts";
import type { Location } from "../expression.ts";
import type { Lines, SourceLine } from "../lines.ts";
import { entryReader } from "./attributes.ts";
import type { Store } from "./attributes.ts";
import { entryValue } from "./entry-values.ts";
import { functionReader } from "./functions.ts";
import type { Scope } from "./functions.ts";
import { boundValue, locateVariable } from "./locate.ts";
import type { LocationContext } from "./locate.ts";
import { nameIndex } from "./name-index.ts";
import { DW_AT } from "./names.ts";
import { typeReader } from "./read-types.ts";
import { dwarfSections } from "./sections.ts";
import type { DwarfSections } from "./sections.ts";
import type { DataType, Variable } from "./types.ts";
import type { Entry } from "./unit.ts";
import { rootOf, unitTable } from "./unit-table.ts";

/** A function that the code at an address is of. */
export interface FunctionAt {
  /** With its namespaces and classes; undefined where it has none. */
  readonly name: string | undefined;
  readonly isInlined: boolean;
  /** Where it was called from, of an inlined one. */
  readonly calledFrom: SourceLine | undefined;
  readonly scope: Scope;
}

/** What a file's debug information (DWARF 2 to 5) tells beside lines. What is damaged is as if it weren't there. */
export interface DebugInfo {
  /** The functions of the code at `address` (the linker's): inlined ones first, the innermost at the front. */
  functionsAt(address: bigint): Promise<readonly FunctionAt[]>;
  /** Arguments and locals of a function, those of the innermost block first. */
  variables(
    scope: Scope,
  ): Promise<{ readonly arguments: readonly Variable[]; readonly locals: readonly Variable[] }>;
  /** Variables of no function, of the unit that has the code at `address`. */
  statics(address: bigint): Promise<readonly Variable[]>;
  /** A variable of no function, in any unit. */
  named(name: string): Promise<Variable | undefined>;
  /** A type by its name, of the unit that has the code at `address`, else of any. */
  type(name: string, address: bigint): Promise<DataType | undefined>;
  /**
   * The value that a register had when `callee` was entered from the call in `caller` that returns to `address`, as the
   * caller tells it; undefined where it doesn't.
   */
  entryValue(
    caller: Scope,
    call: { readonly callee: Scope; readonly register: number },
    context: LocationContext,
  ): Promise<bigint | undefined>;
  /** What a bound of an array's range is, that is computed or another variable's value. `real` as for `locate`. */
  bound(
    range: Entry,
    attribute: number,
    real: Scope | undefined,
    context: LocationContext,
  ): Promise<bigint | undefined>;
  /** Where a variable is. `real` is the function, inlined or not, of which `scope` is a part. */
  locate(variable: Variable, real: Scope | undefined, context: LocationContext): Promise<Location>;
}

const MAX_KNOWN = 1024;

const storeOf = (sections: DwarfSections, onDamage: (error: unknown) => void): Store => ({
  sections,
  units: unitTable(sections, onDamage, true),
});

/**
 * `onDamage` is told what reading throws; what it would have told is left out. `alternate` is the file that dwz has moved
 * a part of it to.
 */
export function openDebugInfo(
  elf: ElfFile,
  lines: Lines,
  onDamage: (error: unknown) => void = () => undefined,
  alternate?: ElfFile,
): DebugInfo {
  const sections = dwarfSections(elf);
  const units = unitTable(sections, onDamage);
  const shared = alternate && storeOf(dwarfSections(alternate), onDamage);
  const reader = entryReader({ sections, units }, shared);
  const functions = functionReader(reader, typeReader(reader, onDamage));
  const names = nameIndex(units, reader);
  const sharedNames = shared && nameIndex(shared.units, reader);
  const known = new Map<bigint, Promise<readonly FunctionAt[]>>();
  /** For `catch`: tells, and gives what stands for what can't be read. */
  const instead =
    <T>(value: T) =>
    (error: unknown): T => {
      onDamage(error);
      return value;
    };

  async function find(address: bigint): Promise<readonly FunctionAt[]> {
    const unit = await units.at(address);
    const scopes = unit ? await functions.at(unit, address) : [];
    return Promise.all(
      scopes.map(async (scope) => ({
        name: await functions.qualifiedName(scope.entry),
        isInlined: scope.isInlined,
        calledFrom: scope.isInlined ? await callOf(scope) : undefined,
        scope,
      })),
    );
  }

  async function callOf({ entry }: Scope): Promise<SourceLine | undefined> {
    const program = rootOf(entry.unit).attributes.get(DW_AT.stmt_list);
    const file = await reader.number(entry, DW_AT.call_file);
    const line = await reader.number(entry, DW_AT.call_line);
    // Before version 4 places in sections had the forms of numbers.
    const isPlace = program?.kind === "section" || program?.kind === "constant";
    if (!isPlace || file === undefined || line === undefined) return undefined;
    const path = await lines.file(Number(program.value), file);
    return path === undefined
      ? undefined
      : { path, line, column: (await reader.number(entry, DW_AT.call_column)) ?? 0 };
  }

  return {
    functionsAt(address) {
      const found = known.get(address) ?? find(address).catch(instead([]));
      if (known.size > MAX_KNOWN) known.clear();
      known.set(address, found);
      return found;
    },
    variables: (scope) => functions.variables(scope).catch(instead({ arguments: [], locals: [] })),
    async statics(address) {
      const unit = await units.at(address).catch(instead(undefined));
      return unit ? functions.statics(unit).catch(instead([])) : [];
    },
    async named(name) {
      for await (const unit of names.units(name)) {
        const found = (await functions.statics(unit).catch(() => [])).find((each) => each.name === name);
        if (found) return found;
      }
      return undefined;
    },
    async type(name, address) {
      const own = await units.at(address).catch(() => undefined);
      const here = own && (await functions.type(own, name).catch(() => undefined));
      if (here) return here;
      for (const each of [names, sharedNames])
        for await (const unit of each?.units(name) ?? []) {
          const found = await functions.type(unit, name).catch(() => undefined);
          if (found) return found;
        }
      return undefined;
    },
    entryValue: (caller, call, context) =>
      entryValue(reader, caller.entry, { ...call, callee: call.callee.entry }, context).catch(
        () => undefined,
      ),
    bound: (range, attribute, real, context) =>
      boundValue(reader, { range, attribute, of: real?.entry }, context).catch(() => undefined),
    locate: (variable, real, context) =>
      locateVariable(reader, variable.entry, real?.entry, context).catch(() => ({ kind: "unknown" })),
  };
}
