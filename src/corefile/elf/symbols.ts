import { setImmediate } from "node:timers/promises";
import type { ByteSource } from "../../bytes/index.ts";
import type { ElfFile } from "./elf-file.ts";
import { indexSymbols } from "./symbol-index.ts";
import type { SymbolIndex } from "./symbol-index.ts";
import { MAX_NAME, symbolTable } from "./symbol-table.ts";
import type { SymbolEntry, SymbolTable } from "./symbol-table.ts";

/** A function or variable of a program. */
export interface ElfSymbol {
  readonly name: string;
  /** As the linker gave it. */
  readonly address: bigint;
  /** Bytes; 0 when the program doesn't say. */
  readonly size: bigint;
}

/** The symbols of one file. They stay in the file; of each 24 bytes are kept, to find it by its address. */
export interface Symbols {
  /** The function or variable that `address` is in, or undefined. */
  at(address: bigint): Promise<ElfSymbol | undefined>;
  /** The symbol of that name. */
  named(name: string): Promise<ElfSymbol | undefined>;
  /** Symbols whose names have `part` in them, in any case of its ASCII letters; at most `limit`. */
  like(part: string, limit: number): Promise<readonly ElfSymbol[]>;
}

const SHT_SYMTAB = 2;
const SHT_DYNSYM = 11;
const STRING_CHUNK = 1024 * 1024;
const MAX_SAME = 64;
const MAX_PLACES = 4096;
/** Answers that are kept. */
const MAX_KNOWN = 4096;

/** Reads `.symtab`, or where it was stripped `.dynsym`. Each table is read once for its addresses, when first asked. */
export function openSymbols(elf: ElfFile): Symbols {
  const tables = [SHT_SYMTAB, SHT_DYNSYM].flatMap((type) => symbolTable(elf, type) ?? []);
  const indexes = new Map<SymbolTable, Promise<SymbolIndex>>();
  const known = new Map<bigint, Promise<ElfSymbol | undefined>>();
  const names = new Map<string, Promise<ElfSymbol | undefined>>();

  async function find(address: bigint): Promise<ElfSymbol | undefined> {
    for (const table of tables) {
      const index = indexes.get(table) ?? indexSymbols(table);
      indexes.set(table, index);
      const best = await bestOf(table, await (await index).at(address));
      if (best) return { ...best, name: withoutVersion(await table.name(best)) };
    }
    return undefined;
  }

  async function findNamed(name: string): Promise<ElfSymbol | undefined> {
    for (const table of tables) {
      const found = await firstNamed(table, name);
      if (found) return found;
    }
    return undefined;
  }

  return {
    at: (address) => remembered(known, address, find),
    named: async (name) =>
      name === "" || name.length > MAX_NAME ? undefined : remembered(names, name, findNamed),
    async like(part, limit) {
      const found = new Map<string, ElfSymbol>();
      if (part === "" || part.length > MAX_NAME) return [];
      for (const table of tables)
        for (const entry of await entriesLike(table, part, limit)) {
          const name = withoutVersion(await table.name(entry));
          if (found.size < limit && !found.has(name)) found.set(name, { ...entry, name });
        }
      return [...found.values()];
    },
  };
}

function remembered<K, V>(known: Map<K, Promise<V>>, key: K, find: (key: K) => Promise<V>): Promise<V> {
  const found = known.get(key) ?? find(key);
  if (known.size > MAX_KNOWN) known.clear();
  known.set(key, found);
  return found;
}

/** Of several symbols the name people use: with the fewest underscores before it, global rather than local. */
async function bestOf(table: SymbolTable, entries: readonly SymbolEntry[]): Promise<SymbolEntry | undefined> {
  const ranked: { readonly entry: SymbolEntry; readonly key: string }[] = [];
  for (const entry of entries) {
    const name = await table.name(entry);
    const underscores = /^_{0,9}/.exec(name)?.[0].length ?? 0;
    ranked.push({ entry, key: `${underscores}${entry.rank}${name}` });
  }
  return ranked.toSorted((a, b) => (a.key < b.key ? -1 : 1))[0]?.entry;
}

async function firstNamed(table: SymbolTable, name: string): Promise<ElfSymbol | undefined> {
  const places = await placesOf(table.strings, name);
  const found: SymbolEntry[] = [];
  if (places.size > 0)
    await table.each((entry) => {
      if (found.length < MAX_SAME && places.has(entry.nameAt)) found.push(entry);
    });
  const [first] = found.toSorted((a, b) => a.rank - b.rank);
  return first && { ...first, name };
}

/** Where a name begins in a string table, whose strings may be the ends of others. */
async function placesOf(strings: ByteSource, name: string): Promise<ReadonlySet<number>> {
  const wanted = Buffer.from(`${name}\0`);
  const places = new Set<number>();
  for (let at = 0; at < strings.size; at += STRING_CHUNK) {
    const chunk = Buffer.from(await strings.read(at, STRING_CHUNK + wanted.length - 1));
    for (let found = chunk.indexOf(wanted); found >= 0; found = chunk.indexOf(wanted, found + 1))
      if (places.size < MAX_PLACES) places.add(at + found);
    await setImmediate();
  }
  return places;
}

/** Entries whose names have a part: by where in the string table names with it begin and where the part is last in them. */
async function entriesLike(table: SymbolTable, part: string, limit: number): Promise<readonly SymbolEntry[]> {
  const spans = await spansOf(table.strings, part.toLowerCase());
  const found: SymbolEntry[] = [];
  if (spans.length > 0)
    await table.each((entry) => {
      if (found.length >= limit) return;
      let [low, high] = [0, spans.length];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((spans[middle]?.last ?? 0) < entry.nameAt) low = middle + 1;
        else high = middle;
      }
      if ((spans[low]?.first ?? Infinity) <= entry.nameAt) found.push(entry);
    });
  return found;
}

/** For each string with the part: where it begins, and where in it the part is last. In order, not overlapping. */
async function spansOf(
  strings: ByteSource,
  part: string,
): Promise<readonly { readonly first: number; readonly last: number }[]> {
  const spans: { first: number; last: number }[] = [];
  for (let at = 0; at < strings.size && spans.length < MAX_PLACES; at += STRING_CHUNK) {
    // With a name's length before and behind it, for names that lie across.
    const from = Math.max(0, at - MAX_NAME);
    const bytes = await strings.read(from, STRING_CHUNK + 2 * MAX_NAME);
    const text = Buffer.from(bytes).toString("latin1").toLowerCase();
    for (let hit = text.indexOf(part, at - from); hit >= 0; hit = text.indexOf(part, hit + 1)) {
      if (from + hit >= at + STRING_CHUNK || spans.length >= MAX_PLACES) break;
      const first = from + text.lastIndexOf("\0", hit) + 1;
      const known = spans.at(-1);
      if (known?.first === first) known.last = from + hit;
      else spans.push({ first, last: from + hit });
    }
    await setImmediate();
  }
  return spans;
}

/** `.symtab` has the version of a library's functions in their names: `qsort@@GLIBC_2.2.5`. */
const withoutVersion = (name: string): string => name.replace(/(?<=.)@.*$/s, "");
