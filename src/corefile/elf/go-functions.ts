import { Cursor } from "./cursor.ts";
import { sliceSource } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { nameIn } from "./elf-file.ts";
import type { ElfFile } from "./elf-file.ts";

/** A function of a program that Go's own linker made, where the program stands in it. */
export interface GoFunction {
  readonly name: string;
  /** The linker's. */
  readonly address: bigint;
  readonly size: bigint;
  readonly source: { readonly path: string; readonly line: number; readonly column: number } | undefined;
  /** Bytes from the stack pointer to the return address, at that place; undefined where it is not told. */
  readonly depth: number | undefined;
}

/** Go's table of functions and lines, which its runtime needs and stripping leaves. */
export interface GoFunctions {
  at(address: bigint): Promise<GoFunction | undefined>;
}

/** `.gopclntab` since Go 1.18, and since 1.20 (Go's `debug/gosym/pclntab.go`). Older ones hold addresses in other places. */
const MAGICS: ReadonlySet<number> = new Set([0xffff_fff0, 0xffff_fff1]);
const SECTIONS = [".gopclntab", ".data.rel.ro.gopclntab"];
const HEAD = 72;
const MAX_FUNCTIONS = 4_000_000;
const MAX_NAME = 4096;
/** Bytes of one function's table of lines. */
const MAX_LINES = 262_144;
/** Of `_func`: name, tables of the stack's depth, of files and lines, unit. */
const FUNC = { size: 36, name: 4, depths: 16, files: 20, lines: 24, unit: 32 } as const;

interface Table {
  readonly source: ByteSource;
  readonly littleEndian: boolean;
  readonly quantum: number;
  readonly count: number;
  readonly text: bigint;
  readonly names: number;
  readonly units: number;
  readonly files: number;
  readonly values: number;
  readonly functions: number;
}

export function openGoFunctions(elf: ElfFile): GoFunctions {
  let table: Promise<Table | undefined> | undefined;
  return {
    async at(address) {
      table ??= readTable(elf).catch(() => undefined);
      const found = await table;
      return found && functionAt(found, address).catch(() => undefined);
    },
  };
}

async function readTable(elf: ElfFile): Promise<Table | undefined> {
  const section = elf.sections.find(({ name }) => SECTIONS.includes(name));
  if (section === undefined || section.compressed || elf.source === undefined) return undefined;
  const { littleEndian } = elf.header;
  const source = sliceSource(elf.source, section.offset, section.size);
  const cursor = new Cursor(await source.read(0, HEAD), littleEndian);
  if (!MAGICS.has(cursor.u32())) return undefined;
  cursor.skip(2);
  const quantum = cursor.u8();
  const word = cursor.u8();
  if (word !== 8 && word !== 4) return undefined;
  const next = (): bigint => cursor.unsigned(word);
  const count = Number(next());
  next();
  // A linker that leaves the address out begins at the section of the code.
  const text = next() || (elf.section(".text")?.address ?? 0n);
  const [names = 0, units = 0, files = 0, values = 0, functions = 0] = Array.from({ length: 5 }, () =>
    Number(next()),
  );
  if (count > MAX_FUNCTIONS || quantum === 0) return undefined;
  return { source, littleEndian, quantum, count, text, names, units, files, values, functions };
}

async function functionAt(table: Table, address: bigint): Promise<GoFunction | undefined> {
  const { source, littleEndian, text, count, functions } = table;
  const offset = Number(address - text);
  if (offset < 0) return undefined;
  const rowAt = async (index: number): Promise<Cursor> =>
    new Cursor(await source.read(functions + index * 8, 8), littleEndian);
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((await rowAt(middle)).u32() <= offset) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return undefined;
  const row = await rowAt(low - 1);
  const start = row.u32();
  const at = functions + row.u32();
  // Behind the last row stands where it ends.
  const end = new Cursor(await source.read(functions + low * 8, 4), littleEndian).u32();
  if (offset >= end) return undefined;
  const bytes = await source.read(at, FUNC.size);
  const field = (from: number): number => new Cursor(bytes, littleEndian, from).u32();
  const name = await stringAt(table, table.names + field(FUNC.name));
  const line = await valueAt(table, field(FUNC.lines), offset - start);
  const file = await valueAt(table, field(FUNC.files), offset - start);
  const path = file === undefined ? undefined : await pathOf(table, field(FUNC.unit), file);
  return {
    name,
    address: text + BigInt(start),
    size: BigInt(end - start),
    depth: await valueAt(table, field(FUNC.depths), offset - start),
    source: path === undefined || line === undefined ? undefined : { path, line, column: 0 },
  };
}

const stringAt = async ({ source }: Table, at: number): Promise<string> =>
  nameIn(await source.read(at, MAX_NAME), 0);

async function pathOf(
  { source, littleEndian, units, files }: Table,
  unit: number,
  file: number,
): Promise<string | undefined> {
  const row = await source.read(units + (unit + file) * 4, 4);
  const at = new Cursor(row, littleEndian).u32();
  return at === 0xffff_ffff ? undefined : nameIn(await source.read(files + at, MAX_NAME), 0);
}

/** The value at `offset` bytes of a function: pairs of what it changes by and for how long it holds, from -1 on. */
async function valueAt(table: Table, at: number, offset: number): Promise<number | undefined> {
  if (at === 0) return undefined;
  const cursor = new Cursor(await table.source.read(table.values + at, MAX_LINES), table.littleEndian);
  let value = -1;
  for (let end = 0, first = true; !cursor.atEnd; first = false) {
    const change = cursor.count();
    // 0 ends the table, but the first value may be the one that nothing changes.
    if (change === 0 && !first) return undefined;
    value += change % 2 === 1 ? -((change + 1) / 2) : change / 2;
    end += cursor.count() * table.quantum;
    if (offset < end) return value;
  }
  return undefined;
}
