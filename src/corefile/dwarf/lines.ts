import { setImmediate } from "node:timers/promises";
import { bufferSource, sliceSource } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { Cursor } from "../elf/cursor.ts";
import type { ElfFile } from "../elf/elf-file.ts";
import { elfErrors } from "../elf/errors.ts";
import { pathOf, readLineHeader } from "./line-header.ts";
import type { LineHeader, LineStrings } from "./line-header.ts";
import { ruling, runLineProgram } from "./line-program.ts";
import type { LineRow } from "./line-program.ts";
import { runAt, unitLines } from "./unit-lines.ts";
import type { UnitLines } from "./unit-lines.ts";

/** A place in the source. */
export interface SourceLine {
  /** As the compiler wrote it down. */
  readonly path: string;
  /** From 1 on. */
  readonly line: number;
  /** From 1 on; 0 when the compiler didn't say. */
  readonly column: number;
}

/** The source lines of one file. */
export interface Lines {
  /** The line that the instruction at `address` (the linker's) came from; undefined when nothing says. */
  at(address: bigint): Promise<SourceLine | undefined>;
  /** The file of that number, of the line program at `program` in its section. */
  file(program: number, index: number): Promise<string | undefined>;
}

/** A line number program, and the addresses it tells of. */
interface Unit {
  readonly offset: number;
  readonly length: number;
  readonly is64: boolean;
  /** Pairs of start and end of its sequences. */
  readonly ranges: Float64Array;
}

/** Programs that were run last are kept: a disassembly asks for one instruction after the other. */
const MAX_KEPT = 4;

interface Table {
  readonly kept: Map<Unit, Promise<UnitLines | undefined>>;
  readonly elf: ElfFile;
  readonly source: ByteSource;
  readonly strings: LineStrings;
  readonly units: readonly Unit[];
}

/** Of a program of 200 MiB of code, `.debug_line` has some 60 MiB. */
const MAX_SECTION = 256 * 1024 * 1024;
const MAX_UNIT = 32 * 1024 * 1024;
/** Sections that must be in memory as a whole: names, and what is compressed. */
const MAX_CONTENT = 64 * 1024 * 1024;
const MAX_RANGES = 65_536;

/**
 * Finds lines in `.debug_line` (DWARF 2 to 5). The first question runs all its programs and keeps the addresses they
 * tell of; each later one runs the program that has it, unless it was among the last. What is damaged is left out.
 */
export function openLines(elf: ElfFile, onDamage: (error: unknown) => void = () => undefined): Lines {
  let table: Promise<Table | undefined> | undefined;
  const known = new Map<bigint, Promise<SourceLine | undefined>>();

  async function find(address: bigint): Promise<SourceLine | undefined> {
    table ??= indexed(elf, onDamage);
    const found = await table;
    const unit = found?.units.find(({ ranges }) => contains(ranges, Number(address)));
    return found && unit && lineIn(found, unit, Number(address));
  }

  return {
    at(address) {
      const line = known.get(address) ?? find(address);
      if (known.size > 4096) known.clear();
      known.set(address, line);
      return line;
    },
    async file(program, index) {
      table ??= indexed(elf, onDamage);
      const found = await table;
      const unit = found?.units.find(({ offset }) => offset === program + 4 || offset === program + 12);
      return found && unit && pathOf(await headerOf(found, unit), index);
    },
  };
}

function contains(ranges: Float64Array, address: number): boolean {
  for (let at = 0; at < ranges.length; at += 2)
    if (address >= (ranges[at] ?? 0) && address < (ranges[at + 1] ?? 0)) return true;
  return false;
}

async function indexed(elf: ElfFile, onDamage: (error: unknown) => void): Promise<Table | undefined> {
  const source = await sectionSource(elf, ".debug_line");
  if (source === undefined || source.size > MAX_SECTION) return undefined;
  const strings = {
    lineStr: await stringsOf(elf, ".debug_line_str"),
    str: await stringsOf(elf, ".debug_str"),
  };
  const units: Unit[] = [];
  const table = { kept: new Map(), elf, source, strings, units };
  for (let at = 0; at + 12 <= source.size;) {
    const head = new Cursor(await source.read(at, 12), elf.header.littleEndian);
    let length = head.u32();
    const is64 = length === 0xffff_ffff;
    if (is64) length = Number(head.u64());
    if (length === 0) break;
    if (length > MAX_UNIT || at + head.offset + length > source.size) {
      onDamage(elfErrors.damaged(`a line table has the length ${length}`));
      break;
    }
    const place = { offset: at + head.offset, length, is64 };
    const ranges = await rangesOf(table, place).catch((error: unknown) => {
      onDamage(error);
    });
    if (ranges) units.push({ ...place, ranges });
    at += head.offset + length;
    await setImmediate();
  }
  return table;
}

/** A section as a source, decompressed where it must be; undefined when there is none, or it is broken. */
async function sectionSource(elf: ElfFile, name: string): Promise<ByteSource | undefined> {
  const section = elf.section(name);
  if (section === undefined || elf.source === undefined) return undefined;
  if (!section.compressed) return sliceSource(elf.source, section.offset, section.size);
  const content = await elf.content(section, MAX_CONTENT).catch(() => undefined);
  return content && bufferSource(content);
}

async function stringsOf(elf: ElfFile, name: string): Promise<Uint8Array> {
  const section = elf.section(name);
  const content = section && (await elf.content(section, MAX_CONTENT).catch(() => undefined));
  return content ?? new Uint8Array(0);
}

type UnitPlace = Omit<Unit, "ranges">;

async function headerOf({ elf, source, strings }: Table, unit: UnitPlace): Promise<LineHeader> {
  const { littleEndian, is64 } = elf.header;
  const cursor = new Cursor(await source.read(unit.offset, unit.length), littleEndian);
  return readLineHeader(cursor, { is64: unit.is64, strings, addressSize: is64 ? 8 : 4 });
}

async function rangesOf(table: Table, unit: UnitPlace): Promise<Float64Array> {
  const ranges: number[] = [];
  let start: number | undefined;
  await runLineProgram(await headerOf(table, unit), ({ address }, endsSequence) => {
    start ??= address;
    if (!endsSequence) return;
    // Code that the linker threw away was left at address 0.
    if (start > 0 && address > start && ranges.length < MAX_RANGES) ranges.push(start, address);
    start = undefined;
  });
  return Float64Array.from(ranges);
}

async function lineIn(table: Table, unit: Unit, address: number): Promise<SourceLine | undefined> {
  const told = await linesOf(table, unit);
  const run = told ? runAt(told, address) : -1;
  if (told)
    return run < 0 ? undefined : placeOf(told.header, told.files[run], told.lines[run], told.columns[run]);
  const header = await headerOf(table, unit);
  let last: LineRow | undefined;
  let found: LineRow | undefined;
  await runLineProgram(header, (row, endsSequence) => {
    if (last && last.address > 0 && last.address <= address && address < row.address) found ??= last;
    last = endsSequence ? undefined : ruling(last, row);
  });
  return found && placeOf(header, found.file, found.line, Math.max(found.column, 0));
}

/** What a unit's program tells, where that is little enough to be kept. */
function linesOf(table: Table, unit: Unit): Promise<UnitLines | undefined> {
  const { kept } = table;
  const told = kept.get(unit) ?? headerOf(table, unit).then(unitLines);
  // Moved to the end: the first is what was not used for longest.
  kept.delete(unit);
  kept.set(unit, told);
  told.catch(() => kept.delete(unit));
  const [oldest] = kept.keys();
  if (kept.size > MAX_KEPT && oldest) kept.delete(oldest);
  return told;
}

function placeOf(header: LineHeader, file = 0, line = 0, column = 0): SourceLine | undefined {
  const path = pathOf(header, file);
  return path !== undefined && line > 0 ? { path, line, column } : undefined;
}
