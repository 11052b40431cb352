import { ELF_SIZES, ET_CORE, PN_XNUM, PT } from "../memory/index.ts";
import { BytesWriter } from "./bytes-writer.ts";
import type { Machine } from "./machines/index.ts";
import type { Segment } from "./segments.ts";

const RIGHTS: readonly (readonly [letter: string, bit: number])[] = [
  ["r", 4],
  ["w", 2],
  ["x", 1],
];

/** The beginning of a core file, and where what follows lies in it. */
export interface CoreHead {
  /** File header, program headers, notes. */
  readonly bytes: Uint8Array;
  /** Byte in the file of each segment, in their order. */
  readonly offsets: readonly number[];
  /** Bytes of the whole file. */
  readonly size: number;
}

/** Lays a core file out: header, program headers, notes, then the stored bytes of each segment on page borders. */
export function coreHead(
  machine: Machine,
  notes: Uint8Array,
  segments: readonly Segment[],
  pageSize: number,
): CoreHead {
  const { word } = machine;
  const sizes = ELF_SIZES[word];
  const count = segments.length + 1;
  const isMany = count >= PN_XNUM;
  const sectionAt = sizes.file + count * sizes.program;
  const notesAt = align(sectionAt + (isMany ? sizes.section : 0), 4);
  let at = align(notesAt + notes.length, pageSize);
  const offsets = segments.map(({ start, stored }) => {
    const offset = at;
    at = align(at + Number(stored - start), pageSize);
    return offset;
  });
  const writer = new BytesWriter(word);
  writer
    .bytes(Buffer.from("\x7fELF"))
    .u8(word === 8 ? 2 : 1)
    .u8(1)
    .u8(1)
    .padTo(16);
  writer.u16(ET_CORE).u16(machine.elfMachine).u32(1);
  // Entry point, place of the program headers, place of the section headers.
  writer
    .long(0n)
    .long(BigInt(sizes.file))
    .long(isMany ? BigInt(sectionAt) : 0n);
  writer
    .u32(0)
    .u16(sizes.file)
    .u16(sizes.program)
    .u16(isMany ? PN_XNUM : count);
  writer
    .u16(isMany ? sizes.section : 0)
    .u16(isMany ? 1 : 0)
    .u16(0);
  const header = { word, writer };
  programHeader(header, {
    type: PT.note,
    flags: 0,
    offset: notesAt,
    start: 0n,
    stored: notes.length,
    size: 0n,
    align: 4,
  });
  segments.forEach(({ start, stored, end, permissions }, index) => {
    const flags = RIGHTS.reduce(
      (bits, [letter, bit]) => (permissions.includes(letter) ? bits | bit : bits),
      0,
    );
    const offset = offsets[index] ?? 0;
    const size = end - start;
    programHeader(header, {
      type: PT.load,
      flags,
      offset,
      start,
      stored: Number(stored - start),
      size,
      align: pageSize,
    });
  });
  if (isMany) sectionZero(writer, count, word);
  return { bytes: writer.padTo(notesAt).bytes(notes).done(), offsets, size: at };
}

interface ProgramHeader {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly start: bigint;
  readonly stored: number;
  readonly size: bigint;
  readonly align: number;
}

/** The flags come second in 64 bits, last but one in 32. */
function programHeader(
  { word, writer }: { readonly word: 4 | 8; readonly writer: BytesWriter },
  { type, flags, offset, start, stored, size, align }: ProgramHeader,
): void {
  writer.u32(type);
  if (word === 8) writer.u32(flags);
  writer.long(BigInt(offset)).long(start).long(0n).long(BigInt(stored)).long(size);
  if (word === 4) writer.u32(flags);
  writer.long(BigInt(align));
}

/** Section 0 of files with many program headers: empty but for their number. */
function sectionZero(writer: BytesWriter, count: number, word: 4 | 8): void {
  const { section } = ELF_SIZES[word];
  const start = writer.length;
  // sh_name, sh_type; sh_flags, sh_addr, sh_offset; sh_size; sh_link; then sh_info.
  writer.u32(0).u32(0).long(0n).long(0n).long(0n).long(1n).u32(0).u32(count);
  writer.padTo(start + section);
}

const align = (value: number, unit: number): number => Math.ceil(value / unit) * unit;
