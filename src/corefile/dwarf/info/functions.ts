import type { EntryReader } from "./attributes.ts";
import { DW_AT, DW_TAG } from "./names.ts";
import { rangesOf } from "./ranges.ts";
import type { AddressRange } from "./ranges.ts";
import type { TypeReader } from "./read-types.ts";
import type { DataType, Variable } from "./types.ts";
import { childrenOf, MAX_ENTRIES } from "./unit.ts";
import type { Budget, Entry, Unit } from "./unit.ts";
import { rootOf } from "./unit-table.ts";

/** Entries that functions may be in. */
/** What has others in it by their names. */
export const CONTAINERS: ReadonlySet<number> = new Set([
  ...[DW_TAG.namespace, DW_TAG.structure_type, DW_TAG.class_type, DW_TAG.union_type, DW_TAG.enumeration_type],
  // Of Fortran and D.
  DW_TAG.module,
]);
/** Entries that may have classes of their own. */
const FUNCTIONS: ReadonlySet<number> = new Set([DW_TAG.subprogram, DW_TAG.lexical_block]);
/** Entries that names of types lead to. */
/** Types that people ask for by name. */
export const NAMED: ReadonlySet<number> = new Set([...CONTAINERS, DW_TAG.typedef, DW_TAG.base_type]);
const MAX_DEPTH = 64;
const MAX_FUNCTIONS = 500_000;
const MAX_VARIABLES = 4096;

/** A function with code, or a call whose code the compiler put in place. */
export interface Scope {
  readonly entry: Entry;
  readonly isInlined: boolean;
  /** It and the blocks in it that the address is in, outermost first. */
  readonly blocks: readonly Entry[];
}

/** Finds functions and what they declare. Throws `elf.damaged`, `elf.truncated`. */
export interface FunctionReader {
  /** The functions that the code at `address` is of, in `unit`: the innermost first, the real one last. */
  at(unit: Unit, address: bigint): Promise<readonly Scope[]>;
  /** `ns::Widget::poke`. */
  qualifiedName(entry: Entry): Promise<string | undefined>;
  variables(
    scope: Scope,
  ): Promise<{ readonly arguments: readonly Variable[]; readonly locals: readonly Variable[] }>;
  /** A type that no function has, by its name; the last namespaces of its own are enough. */
  type(unit: Unit, name: string): Promise<DataType | undefined>;
  /** Variables that no function has, of a unit. */
  statics(unit: Unit): Promise<readonly Variable[]>;
}

interface Function {
  readonly entry: Entry;
  readonly ranges: readonly AddressRange[];
}

/** What has others in it and is no type itself. */
export const isSpace = ({ tag }: Entry): boolean => tag === DW_TAG.namespace || tag === DW_TAG.module;

/** A variable that is somewhere, not only declared. */
export const isPlacedVariable = ({ tag, attributes }: Entry): boolean =>
  tag === DW_TAG.variable && (attributes.has(DW_AT.location) || attributes.has(DW_AT.const_value));

const has = (ranges: readonly AddressRange[], address: bigint): boolean =>
  ranges.some(({ start, end }) => address >= start && address < end);

export function functionReader(reader: EntryReader, types: TypeReader): FunctionReader {
  const functions = new WeakMap<Unit, Promise<readonly Function[]>>();
  const nested = new WeakMap<Unit, Promise<readonly Function[]>>();
  const { sections, bases } = reader;
  const codeOf = (entry: Entry): Promise<readonly AddressRange[]> =>
    rangesOf(sections, entry, bases(entry.unit));
  const hasCode = ({ attributes }: Entry): boolean =>
    attributes.has(DW_AT.low_pc) || attributes.has(DW_AT.ranges);

  /** With `deeply`, those that are within functions too: of classes that a function declares. */
  async function functionsOf(unit: Unit, deeply: boolean): Promise<readonly Function[]> {
    const found: Function[] = [];
    const budget: Budget = { left: MAX_ENTRIES };
    const collect = async (parent: Entry, depth: number): Promise<void> => {
      for (const child of childrenOf(parent, budget)) {
        if (found.length >= MAX_FUNCTIONS) return;
        if (child.tag === DW_TAG.subprogram && hasCode(child))
          found.push({ entry: child, ranges: await codeOf(child) });
        const isContainer = CONTAINERS.has(child.tag) || (deeply && FUNCTIONS.has(child.tag));
        if (isContainer && depth < MAX_DEPTH) await collect(child, depth + 1);
      }
    };
    await collect(rootOf(unit), 0);
    return found;
  }

  function known(of: typeof functions, unit: Unit, deeply: boolean): Promise<readonly Function[]> {
    const found = of.get(unit) ?? functionsOf(unit, deeply);
    of.set(unit, found);
    return found;
  }

  async function at(unit: Unit, address: bigint): Promise<readonly Scope[]> {
    const found =
      (await known(functions, unit, false)).find(({ ranges }) => has(ranges, address)) ??
      (await known(nested, unit, true)).find(({ ranges }) => has(ranges, address));
    if (found === undefined) return [];
    const scopes: { entry: Entry; isInlined: boolean; blocks: Entry[] }[] = [
      { entry: found.entry, isInlined: false, blocks: [found.entry] },
    ];
    const budget: Budget = { left: MAX_ENTRIES };
    for (let block: Entry | undefined = found.entry, depth = 0; block && depth < MAX_DEPTH; depth++) {
      block = await blockIn(block, address, budget);
      if (block?.tag === DW_TAG.inlined_subroutine)
        scopes.push({ entry: block, isInlined: true, blocks: [block] });
      else if (block) scopes.at(-1)?.blocks.push(block);
    }
    return scopes.toReversed();
  }

  /** The block or inlined call directly below `parent` that has the address. */
  async function blockIn(parent: Entry, address: bigint, budget: Budget): Promise<Entry | undefined> {
    for (const child of childrenOf(parent, budget)) {
      const isBlock = child.tag === DW_TAG.lexical_block || child.tag === DW_TAG.inlined_subroutine;
      if (!isBlock) continue;
      if (hasCode(child)) {
        if (has(await codeOf(child), address)) return child;
      } else if (child.tag === DW_TAG.lexical_block) {
        // A block that doesn't say where it is stands for no scope; what it holds may still be here.
        const inner = await blockIn(child, address, budget);
        if (inner) return inner;
      }
    }
    return undefined;
  }

  async function variables(scope: Scope): ReturnType<FunctionReader["variables"]> {
    const found = { arguments: [] as Variable[], locals: [] as Variable[] };
    const blocks = scope.blocks.toReversed();
    for (const block of blocks) {
      const isFunction = block === scope.entry;
      const told = new Set<string>();
      await declared(block, isFunction, told, found);
      // What was optimized away entirely is told by the function as it was written only.
      const origin = await reader.entry(block, DW_AT.abstract_origin);
      if (origin) await declared(origin, isFunction, told, found);
    }
    return found;
  }

  async function declared(
    block: Entry,
    isFunction: boolean,
    told: Set<string>,
    found: { readonly arguments: Variable[]; readonly locals: Variable[] },
  ): Promise<void> {
    const budget: Budget = { left: MAX_ENTRIES };
    for (const child of childrenOf(block, budget)) {
      if (found.arguments.length + found.locals.length > MAX_VARIABLES) return;
      const isArgument = child.tag === DW_TAG.formal_parameter;
      const isTransparent = child.tag === DW_TAG.lexical_block && !hasCode(child);
      if (isTransparent && block.attributes.has(DW_AT.abstract_origin))
        await declared(child, false, told, found);
      if (!isArgument && child.tag !== DW_TAG.variable) continue;
      const origin = await reader.entry(child, DW_AT.abstract_origin);
      const key = keyOf(origin ?? child);
      if (told.has(key)) continue;
      told.add(key);
      const variable = await variableOf(child);
      if (variable === undefined) continue;
      if (isArgument && isFunction) found.arguments.push(variable);
      else found.locals.push(variable);
    }
  }

  async function variableOf(entry: Entry): Promise<Variable | undefined> {
    const name = await reader.text(entry, DW_AT.name);
    if (name === undefined) return undefined;
    // `extern` in a function: it is declared there, and is elsewhere.
    if (entry.attributes.has(DW_AT.declaration)) return undefined;
    const line = (await reader.number(entry, DW_AT.decl_line)) ?? 0;
    return {
      name,
      line,
      entry,
      type: types.of(entry),
      isArtificial: await reader.flag(entry, DW_AT.artificial),
    };
  }

  async function statics(unit: Unit): Promise<readonly Variable[]> {
    const found: Variable[] = [];
    const budget: Budget = { left: MAX_ENTRIES };
    const collect = async (parent: Entry, prefix: string, depth: number): Promise<void> => {
      for (const child of childrenOf(parent, budget)) {
        if (found.length >= MAX_VARIABLES) return;
        if (isSpace(child) && depth < MAX_DEPTH) {
          const name = (await reader.text(child, DW_AT.name)) ?? "(anonymous namespace)";
          await collect(child, `${prefix}${name}::`, depth + 1);
        }
        if (!isPlacedVariable(child)) continue;
        const variable = await variableOf(child);
        if (variable) found.push({ ...variable, name: `${prefix}${variable.name}` });
      }
    };
    await collect(rootOf(unit), "", 0);
    return found;
  }

  async function type(unit: Unit, name: string): Promise<DataType | undefined> {
    const budget: Budget = { left: MAX_ENTRIES };
    const find = async (parent: Entry, prefix: string, depth: number): Promise<Entry | undefined> => {
      for (const child of childrenOf(parent, budget)) {
        if (!NAMED.has(child.tag) || child.attributes.has(DW_AT.declaration)) continue;
        const own = await reader.text(child, DW_AT.name);
        const full = `${prefix}${own ?? "(anonymous namespace)"}`;
        if (!isSpace(child) && (full === name || full.endsWith(`::${name}`))) return child;
        const inner = CONTAINERS.has(child.tag) && depth < MAX_DEPTH;
        const found = inner ? await find(child, `${full}::`, depth + 1) : undefined;
        if (found) return found;
      }
      return undefined;
    };
    const found = await find(rootOf(unit), "", 0);
    return found && types.read(found)();
  }

  async function qualifiedName(entry: Entry): Promise<string | undefined> {
    const name = await reader.text(entry, DW_AT.name);
    if (name === undefined) return undefined;
    let declaration = entry;
    for (const link of [DW_AT.abstract_origin, DW_AT.specification])
      declaration = (await reader.entry(declaration, link)) ?? declaration;
    const names = await containersOf(declaration);
    return [...names, name].join("::");
  }

  /** Names of the namespaces and classes that an entry is in. */
  async function containersOf(entry: Entry): Promise<readonly string[]> {
    const names: string[] = [];
    let at: Entry | undefined = rootOf(entry.unit);
    const budget: Budget = { left: MAX_ENTRIES };
    for (let depth = 0; at && depth < MAX_DEPTH; depth++) {
      let inside: Entry | undefined;
      for (const child of childrenOf(at, budget)) {
        if (child.offset > entry.offset) break;
        inside = child;
      }
      if (inside === undefined || inside.offset >= entry.offset || !CONTAINERS.has(inside.tag)) break;
      const without = inside.tag === DW_TAG.namespace ? "(anonymous namespace)" : "(anonymous)";
      names.push((await reader.text(inside, DW_AT.name)) ?? without);
      at = inside;
    }
    return names;
  }

  return { at, qualifiedName, variables, type, statics };
}

const keyOf = ({ unit, offset }: Entry): string => `${unit.isAlternate === true}:${offset}`;
