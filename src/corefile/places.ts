import type { LoadedModule, LoadedModules } from "./unwind/loaded-modules.ts";

/** A symbol where a process has it. */
export interface SymbolPlace {
  readonly name: string;
  /** Path of its program or library in the process's root. */
  readonly module: string;
  readonly address: bigint;
  /** Bytes; 0 when the program doesn't say. */
  readonly size: bigint;
}

/** `libc.so.6!malloc+0x10`: a symbol as people and debuggers write it. */
const SYMBOL =
  /^\s*(?:([^!\s]+)!)?([A-Za-z_.$~][^\s+!]*?)\s*(?:([+-])\s*(0x[0-9a-f]{1,16}|[0-9]{1,19}))?\s*$/i;

interface Asked {
  readonly module: string | undefined;
  readonly name: string;
  readonly offset: bigint;
}

function parse(text: string): Asked | undefined {
  const [, module, name, sign, offset] = SYMBOL.exec(text) ?? [];
  if (name === undefined) return undefined;
  const by = BigInt(offset ?? "0");
  return { module, name, offset: sign === "-" ? -by : by };
}

const place = (
  { name: module, bias }: LoadedModule,
  name: string,
  address: bigint,
  size: bigint,
): SymbolPlace => ({
  name,
  module,
  address: BigInt.asUintN(64, address + bias),
  size,
});

/** Whether people mean the module when they write `wanted`: its name, with or without its folder, `.so` and version. */
function isCalled({ name }: LoadedModule, wanted: string): boolean {
  const base = name.slice(name.lastIndexOf("/") + 1);
  return [name, base, base.replace(/\.so(\.\d+)*$/, "")].includes(wanted);
}

/**
 * Where the process has the symbol of exactly that name, with the offset that `text` may have: `main`, `symbol+0x10`,
 * `libc.so.6!malloc`. The first module by address that has it wins. Undefined when none does.
 */
export async function findSymbol(modules: LoadedModules, text: string): Promise<SymbolPlace | undefined> {
  const asked = parse(text);
  if (asked === undefined) return undefined;
  for (const module of await modules.all()) {
    if (asked.module !== undefined && !isCalled(module, asked.module)) continue;
    const found = await module.symbols.named(asked.name);
    if (found) return place(module, asked.name, found.address + asked.offset, found.size);
  }
  return undefined;
}

/** Symbols whose names have `text` in them, in any case: at most `limit`, those that begin with it first. */
export async function suggestSymbols(
  modules: LoadedModules,
  text: string,
  limit: number,
): Promise<readonly SymbolPlace[]> {
  const asked = parse(text);
  if (asked === undefined) return [];
  const found: SymbolPlace[] = [];
  for (const module of await modules.all()) {
    if (asked.module !== undefined && !isCalled(module, asked.module)) continue;
    for (const { name, address, size } of await module.symbols.like(asked.name, limit))
      found.push(place(module, name, address + asked.offset, size));
  }
  const wanted = asked.name.toLowerCase();
  const rank = ({ name }: SymbolPlace): number => {
    const lower = name.toLowerCase();
    return lower === wanted ? 0 : lower.startsWith(wanted) ? 1 : 2;
  };
  return found.toSorted((a, b) => rank(a) - rank(b) || a.name.length - b.name.length).slice(0, limit);
}
