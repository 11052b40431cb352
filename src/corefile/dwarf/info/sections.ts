import { bufferSource, sliceSource } from "../../../bytes/index.ts";
import type { ByteSource } from "../../../bytes/index.ts";
import type { ElfFile } from "../../elf/elf-file.ts";
import { nameIn } from "../../elf/elf-file.ts";

/** Compressed sections are held in memory as a whole. */
const MAX_CONTENT = 128 * 1024 * 1024;
const MAX_STRING = 4096;

/** The sections of DWARF in one file, opened when they are asked for. */
export interface DwarfSections {
  readonly littleEndian: boolean;
  readonly is64: boolean;
  /** The content; undefined when the file has none, or it is broken. */
  section(name: string): Promise<ByteSource | undefined>;
  /** `[at, at + length)` of a section, as many bytes as there are. */
  read(name: string, at: number, length: number): Promise<Uint8Array>;
  /** The string at `at`, cut at 4 KiB. */
  string(name: string, at: number): Promise<string>;
}

export function dwarfSections(elf: ElfFile): DwarfSections {
  const opened = new Map<string, Promise<ByteSource | undefined>>();
  async function open(name: string): Promise<ByteSource | undefined> {
    const section = elf.section(name);
    if (section === undefined || elf.source === undefined) return undefined;
    if (!section.compressed) return sliceSource(elf.source, section.offset, section.size);
    const content = await elf.content(section, MAX_CONTENT).catch(() => undefined);
    return content && bufferSource(content);
  }
  const section = (name: string): Promise<ByteSource | undefined> => {
    const known = opened.get(name) ?? open(name);
    opened.set(name, known);
    return known;
  };
  const read = async (name: string, at: number, length: number): Promise<Uint8Array> => {
    const source = await section(name);
    if (source === undefined || !Number.isSafeInteger(at) || at < 0 || at >= source.size)
      return new Uint8Array(0);
    return source.read(at, Math.min(length, source.size - at));
  };
  return {
    littleEndian: elf.header.littleEndian,
    is64: elf.header.is64,
    section,
    read,
    string: async (name, at) => nameIn(await read(name, at, MAX_STRING), 0),
  };
}
