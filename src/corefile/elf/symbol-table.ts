import { setImmediate } from "node:timers/promises";
import { sliceSource } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { Cursor } from "./cursor.ts";
import { nameIn } from "./elf-file.ts";
import type { ElfFile, Section } from "./elf-file.ts";

/** A symbol as its table has it. */
export interface SymbolEntry {
  readonly nameAt: number;
  /** Of several at one address the least is the name that people use. */
  readonly rank: number;
  readonly address: bigint;
  /** Bytes; 0 when the program doesn't say. */
  readonly size: bigint;
}

/** A table of symbols. It stays in the file. */
export interface SymbolTable {
  /** Entries, those among them that are no functions or variables too. */
  readonly count: number;
  readonly strings: ByteSource;
  /** Every function and variable, in the order of the table, in slices. */
  each(visit: (entry: SymbolEntry, index: number) => void): Promise<void>;
  entry(index: number): Promise<SymbolEntry | undefined>;
  name(entry: SymbolEntry): Promise<string>;
}

/** `STT_NOTYPE`, `STT_OBJECT`, `STT_FUNC`, `STT_GNU_IFUNC`: what addresses can be told by. */
const TYPES: ReadonlySet<number> = new Set([0, 1, 2, 10]);
const STT_NOTYPE = 0;
const STT_FUNC = 2;
const [STB_GLOBAL, STB_WEAK] = [1, 2];
/** Large programs have some million. */
const MAX_TABLE = 256 * 1024 * 1024;
const CHUNK_ENTRIES = 8192;
/** Longer names are cut. */
export const MAX_NAME = 4096;
/** Sections of symbols that are elsewhere, and of those that are numbers. */
const [SHN_UNDEF, SHN_ABS] = [0, 0xfff1];

/** The table in the section of that type; undefined where there is none that can be read. */
export function symbolTable(elf: ElfFile, type: number): SymbolTable | undefined {
  const section = elf.sections.find((each) => each.type === type);
  const strings: Section | undefined = section && elf.sections[section.link];
  if (section === undefined || strings === undefined || elf.source === undefined) return undefined;
  if (section.compressed || strings.compressed || section.size > MAX_TABLE) return undefined;
  const { is64, littleEndian } = elf.header;
  const size = is64 ? 24 : 16;
  const entries = sliceSource(elf.source, section.offset, section.size);
  const names = sliceSource(elf.source, strings.offset, strings.size);
  const count = Math.floor(entries.size / size);
  return {
    count,
    strings: names,
    async each(visit) {
      for (let from = 0; from < count; from += CHUNK_ENTRIES) {
        const chunk = new Cursor(await entries.read(from * size, size * CHUNK_ENTRIES), littleEndian);
        for (let index = from; chunk.offset + size <= chunk.bytes.length; index++) {
          const entry = entryAt(chunk, is64);
          if (entry) visit(entry, index);
        }
        await setImmediate();
      }
    },
    async entry(index) {
      const bytes = await entries.read(index * size, size);
      return bytes.length < size ? undefined : entryAt(new Cursor(bytes, littleEndian), is64);
    },
    name: async ({ nameAt }) => nameIn(await names.read(nameAt, MAX_NAME), 0),
  };
}

function entryAt(cursor: Cursor, is64: boolean): SymbolEntry | undefined {
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

const bindRank = (bind: number): number => (bind === STB_GLOBAL ? 0 : bind === STB_WEAK ? 1 : 2);
