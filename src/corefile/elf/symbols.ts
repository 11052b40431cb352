import { setImmediate } from "node:timers/promises";
import { sliceSource } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { Cursor } from "./cursor.ts";
import { nameIn } from "./elf-file.ts";
import type { ElfFile, Section } from "./elf-file.ts";

/** A function or variable of a program. */
export interface ElfSymbol {
  readonly name: string;
  /** As the linker gave it. */
  readonly address: bigint;
  /** Bytes; 0 when the program doesn't say. */
  readonly size: bigint;
}

/** The symbols of one file. They stay in the file: memory does not grow with it. */
export interface Symbols {
  /** The function or variable that `address` is in, or undefined. */
  at(address: bigint): Promise<ElfSymbol | undefined>;
  /** The symbol of that name. */
  named(name: string): Promise<ElfSymbol | undefined>;
  /** Symbols whose names have `part` in them, in any case of its ASCII letters; at most `limit`. */
  like(part: string, limit: number): Promise<readonly ElfSymbol[]>;
}

interface Table {
  readonly entries: ByteSource;
  readonly strings: ByteSource;
}

interface Entry {
  readonly nameAt: number;
  readonly rank: number;
  readonly address: bigint;
  readonly size: bigint;
}

const SHT_SYMTAB = 2;
const SHT_DYNSYM = 11;
/** `STT_NOTYPE`, `STT_OBJECT`, `STT_FUNC`, `STT_GNU_IFUNC`: what addresses can be told by. */
const TYPES: ReadonlySet<number> = new Set([0, 1, 2, 10]);
const STT_NOTYPE = 0;
const STT_FUNC = 2;
const [STB_GLOBAL, STB_WEAK] = [1, 2];
/** Large programs have some million. */
const MAX_TABLE = 256 * 1024 * 1024;
const CHUNK_ENTRIES = 8192;
const STRING_CHUNK = 1024 * 1024;
const MAX_NAME = 4096;
const MAX_SAME = 64;
const MAX_PLACES = 4096;
/** Sections of symbols that are elsewhere, and of those that are numbers. */
const [SHN_UNDEF, SHN_ABS] = [0, 0xfff1];

/** Reads `.symtab`, or where it was stripped `.dynsym`. */
export function openSymbols(elf: ElfFile): Symbols {
  const tables = [SHT_SYMTAB, SHT_DYNSYM].flatMap((type) => tableOf(elf, type) ?? []);
  const known = new Map<bigint, Promise<ElfSymbol | undefined>>();

  async function find(address: bigint): Promise<ElfSymbol | undefined> {
    for (const table of tables) {
      const best = await bestAt(elf, table, address);
      if (best) return { ...best, name: withoutVersion(await nameOf(table, best)) };
    }
    return undefined;
  }

  return {
    at(address) {
      const found = known.get(address) ?? find(address);
      if (known.size > 4096) known.clear();
      known.set(address, found);
      return found;
    },
    async named(name) {
      if (name === "" || name.length > MAX_NAME) return undefined;
      for (const table of tables) {
        const found = await firstNamed(elf, table, name);
        if (found) return found;
      }
      return undefined;
    },
    async like(part, limit) {
      const found = new Map<string, ElfSymbol>();
      if (part === "" || part.length > MAX_NAME) return [];
      for (const table of tables)
        for (const entry of await entriesLike(elf, table, part, limit)) {
          const name = withoutVersion(await nameOf(table, entry));
          if (found.size < limit && !found.has(name)) found.set(name, { ...entry, name });
        }
      return [...found.values()];
    },
  };
}

function tableOf(elf: ElfFile, type: number): Table | undefined {
  const section = elf.sections.find((each) => each.type === type);
  const strings: Section | undefined = section && elf.sections[section.link];
  if (section === undefined || strings === undefined || elf.source === undefined) return undefined;
  if (section.compressed || strings.compressed || section.size > MAX_TABLE) return undefined;
  return {
    entries: sliceSource(elf.source, section.offset, section.size),
    strings: sliceSource(elf.source, strings.offset, strings.size),
  };
}

/**
 * The symbol that `address` is in. One that says its size wins over a mere label. Of several at one address it is the
 * name people use: with the fewest underscores before it, global rather than local.
 */
async function bestAt(elf: ElfFile, table: Table, address: bigint): Promise<Entry | undefined> {
  let nearest = -1n;
  const sized: Entry[] = [];
  const labels: Entry[] = [];
  await eachEntry(elf, table, (entry) => {
    if (entry.address > address) return;
    if (entry.address > nearest) nearest = entry.address;
    if (entry.size > 0n && address >= entry.address + entry.size) return;
    keepNearest(entry.size > 0n ? sized : labels, entry);
  });
  // A label's code ends where the next symbol begins.
  const found = sized.length > 0 ? sized : labels.filter((entry) => entry.address === nearest);
  const ranked: { readonly entry: Entry; readonly key: string }[] = [];
  for (const entry of found) {
    const name = await nameOf(table, entry);
    const underscores = /^_{0,9}/.exec(name)?.[0].length ?? 0;
    ranked.push({ entry, key: `${underscores}${entry.rank}${name}` });
  }
  return ranked.toSorted((a, b) => (a.key < b.key ? -1 : 1))[0]?.entry;
}

function keepNearest(entries: Entry[], entry: Entry): void {
  const known = entries[0]?.address ?? -1n;
  if (entry.address < known) return;
  if (entry.address > known) entries.length = 0;
  if (entries.length < MAX_SAME) entries.push(entry);
}

async function firstNamed(elf: ElfFile, table: Table, name: string): Promise<ElfSymbol | undefined> {
  const places = await placesOf(table.strings, name);
  const found: Entry[] = [];
  if (places.size > 0)
    await eachEntry(elf, table, (entry) => {
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
async function entriesLike(
  elf: ElfFile,
  table: Table,
  part: string,
  limit: number,
): Promise<readonly Entry[]> {
  const spans = await spansOf(table.strings, part.toLowerCase());
  const found: Entry[] = [];
  if (spans.length > 0)
    await eachEntry(elf, table, (entry) => {
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

async function eachEntry(
  { header: { is64, littleEndian } }: ElfFile,
  { entries }: Table,
  visit: (entry: Entry) => void,
): Promise<void> {
  const size = is64 ? 24 : 16;
  for (let at = 0; at + size <= entries.size; at += size * CHUNK_ENTRIES) {
    const chunk = new Cursor(await entries.read(at, size * CHUNK_ENTRIES), littleEndian);
    while (chunk.offset + size <= chunk.bytes.length) {
      const entry = entryAt(chunk, is64);
      if (entry) visit(entry);
    }
    await setImmediate();
  }
}

function entryAt(cursor: Cursor, is64: boolean): Entry | undefined {
  const nameAt = cursor.u32();
  let address = is64 ? 0n : cursor.unsigned(4);
  let size = is64 ? 0n : cursor.unsigned(4);
  const info = cursor.u8();
  cursor.skip(1);
  const section = cursor.u16();
  if (is64) {
    address = cursor.u64();
    size = cursor.u64();
  }
  const type = info & 0xf;
  if (section === SHN_UNDEF || section === SHN_ABS || nameAt === 0 || !TYPES.has(type)) return undefined;
  const rank = (type === STT_NOTYPE ? 4 : type === STT_FUNC ? 0 : 1) + bindRank(info >> 4);
  return { nameAt, rank, address, size };
}

/** `.symtab` has the version of a library's functions in their names: `qsort@@GLIBC_2.2.5`. */
const withoutVersion = (name: string): string => name.replace(/(?<=.)@.*$/s, "");

const bindRank = (bind: number): number => (bind === STB_GLOBAL ? 0 : bind === STB_WEAK ? 1 : 2);

async function nameOf({ strings }: Table, { nameAt }: Entry): Promise<string> {
  return nameIn(await strings.read(nameAt, MAX_NAME), 0);
}
