import { promisify } from "node:util";
import { inflate } from "node:zlib";
import { inflateBytes } from "../../archive/index.ts";
import { bufferSource, cachedSource } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { PT, readElfHeader } from "../../memory/index.ts";
import type { ElfHeader } from "../../memory/index.ts";
import { Cursor } from "./cursor.ts";
import { elfErrors } from "./errors.ts";

/** A section as its header has it. */
export interface Section {
  readonly name: string;
  /** `SHT_SYMTAB` 2 … */
  readonly type: number;
  /** As the linker placed it; 0 for what is not loaded. */
  readonly address: bigint;
  readonly offset: number;
  readonly size: number;
  /** Index of the section it belongs with: of a symbol table the strings. */
  readonly link: number;
  readonly compressed: boolean;
}

/** A program or library. Addresses are those the linker gave, before it was moved to where it was loaded. */
export interface ElfFile {
  readonly header: ElfHeader;
  readonly sections: readonly Section[];
  /** Bytes of a file; undefined when only memory has it. */
  readonly source: ByteSource | undefined;
  /** Bytes at a loaded address, as many as there are. */
  readAt(address: bigint, length: number): Promise<Uint8Array>;
  section(name: string): Section | undefined;
  /** The whole content, decompressed. Throws `elf.damaged` when it is larger than `limit` bytes, `elf.unknownPacking`. */
  content(section: Section, limit: number): Promise<Uint8Array>;
}

const SHT_NOBITS = 8;
const SHF_COMPRESSED = 0x800;
/** Compilers that give every function a section reach some ten thousand. */
const MAX_SECTIONS = 65_535;
const MAX_NAMES = 16 * 1024 * 1024;
const unzip = promisify(inflate);

type Unpack = (packed: Uint8Array, size: number, name: string) => Promise<Uint8Array>;

/** By `ch_type` (System V gABI, "Section compression"): ELFCOMPRESS_ZLIB and ELFCOMPRESS_ZSTD. */
const PACKINGS: Readonly<Record<number, Unpack>> = {
  1: (packed, size) => unzip(packed, { maxOutputLength: size }),
  2: (packed, size, name) => inflateBytes(bufferSource(packed), "zstd", name, size),
};

/** Opens an ELF file (System V gABI); undefined when it is none. A broken section table counts as none. */
export async function openElfFile(source: ByteSource): Promise<ElfFile | undefined> {
  const cached = cachedSource(source);
  const header = await readElfHeader(cached);
  if (header === undefined) return undefined;
  const sections = await readSections(cached, header).catch(() => []);
  return {
    header,
    sections,
    source: cached,
    async readAt(address, length) {
      const segment = header.segments.find(
        (each) =>
          each.type === PT.load && address >= each.address && address < each.address + BigInt(each.fileSize),
      );
      if (segment === undefined) return new Uint8Array(0);
      const from = Number(address - segment.address);
      return cached.read(segment.offset + from, Math.min(length, segment.fileSize - from));
    },
    section: (name) => sections.find((section) => section.name === name),
    content: (section, limit) => contentOf(cached, header, section, limit),
  };
}

/** The same of what is in memory alone: `readAt` reads there, and there are no sections. */
export function elfInMemory(header: ElfHeader, readAt: ElfFile["readAt"]): ElfFile {
  return {
    header,
    sections: [],
    source: undefined,
    readAt,
    section: () => undefined,
    content: () => Promise.reject(elfErrors.damaged("it has no sections in memory")),
  };
}

async function readSections(source: ByteSource, header: ElfHeader): Promise<readonly Section[]> {
  const { is64, littleEndian } = header;
  const head = new Cursor(await source.read(0, 64), littleEndian, is64 ? 40 : 32);
  const tableAt = Number(head.unsigned(is64 ? 8 : 4));
  head.offset = is64 ? 58 : 46;
  const size = head.u16();
  const count = head.u16();
  const namesIndex = head.u16();
  if (count === 0 || count > MAX_SECTIONS || size < (is64 ? 64 : 40)) return [];
  const table = await source.read(tableAt, size * count);
  const unnamed = Array.from({ length: count }, (_, index) =>
    sectionAt(new Cursor(table, littleEndian, index * size), is64),
  );
  const strings = unnamed[namesIndex];
  if (strings === undefined || strings.size > MAX_NAMES) return [];
  const names = await source.read(strings.offset, strings.size);
  return unnamed.map(({ nameAt, ...section }) => ({ ...section, name: nameIn(names, nameAt) }));
}

function sectionAt(cursor: Cursor, is64: boolean): Omit<Section, "name"> & { readonly nameAt: number } {
  const word = is64 ? 8 : 4;
  const nameAt = cursor.u32();
  const type = cursor.u32();
  const flags = Number(cursor.unsigned(word));
  const address = cursor.unsigned(word);
  const offset = Number(cursor.unsigned(word));
  const size = type === SHT_NOBITS ? 0 : Number(cursor.unsigned(word));
  if (type === SHT_NOBITS) cursor.skip(word);
  const link = cursor.u32();
  return { nameAt, type, address, offset, size, link, compressed: (flags & SHF_COMPRESSED) !== 0 };
}

/** The string at `at` of a string table; "" behind its end. */
export function nameIn(table: Uint8Array, at: number): string {
  const end = table.indexOf(0, at);
  return Buffer.from(table.subarray(at, end < 0 ? undefined : end)).toString("utf8");
}

async function contentOf(
  source: ByteSource,
  { is64, littleEndian }: ElfHeader,
  section: Section,
  limit: number,
): Promise<Uint8Array> {
  if (section.size > limit) throw elfErrors.damaged(`${section.name} has ${section.size} bytes`);
  const bytes = await source.read(section.offset, section.size);
  if (!section.compressed) return bytes;
  const cursor = new Cursor(bytes, littleEndian);
  const type = cursor.u32();
  if (is64) cursor.skip(4);
  const size = Number(cursor.unsigned(is64 ? 8 : 4));
  cursor.skip(is64 ? 8 : 4);
  const unpack = PACKINGS[type];
  if (unpack === undefined) throw elfErrors.unknownPacking(section.name, type);
  if (size > limit) throw elfErrors.damaged(`${section.name} has ${size} bytes`);
  return unpack(bytes.subarray(cursor.offset), size, section.name);
}
