import { Cursor } from "../elf/cursor.ts";
import { elfErrors } from "../elf/errors.ts";

/** `.eh_frame` or `.debug_frame`: where it is loaded, and its bytes. */
export interface FrameSection {
  readonly kind: "eh_frame" | "debug_frame";
  /** Address of its first byte, as the linker gave it. */
  readonly address: bigint;
  readonly littleEndian: boolean;
  /** 4 or 8: bytes of an address. */
  readonly addressSize: number;
  /** Bytes of the section, as many as there are. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** What functions share (Common Information Entry). */
export interface CommonEntry {
  readonly codeAlign: bigint;
  readonly dataAlign: bigint;
  readonly returnAddress: number;
  /** `DW_EH_PE_` encoding of addresses in its functions' entries. */
  readonly encoding: number;
  readonly hasAugmentation: boolean;
  /** The kernel pushed this frame: its address is that of the next instruction, not behind a call. */
  readonly isSignalFrame: boolean;
  readonly instructions: Uint8Array;
}

/** How to unwind out of one function (Frame Description Entry). Addresses are the linker's. */
export interface FunctionEntry {
  readonly common: CommonEntry;
  readonly start: bigint;
  readonly end: bigint;
  readonly instructions: Uint8Array;
}

/** An entry's place and head, before it is read further. */
export interface EntryHead {
  readonly offset: number;
  /** Offset behind the entry. */
  readonly end: number;
  /** Offset of the entry this belongs to; undefined for a common one. */
  readonly common: number | undefined;
  /** What follows the head. */
  readonly cursor: Cursor;
}

/** A function's entry has some hundred bytes; the largest that were seen have a few thousand. */
const MAX_ENTRY = 1024 * 1024;
const HEAD = 256;

const DW_EH_PE = { pcrel: 0x10, datarel: 0x30, indirect: 0x80, omit: 0xff } as const;

/** Formats of an encoded address: bytes, and whether it has a sign; 0 bytes is that of an address. */
const FORMATS: Readonly<Record<number, readonly [size: number, signed: boolean]>> = {
  0x0: [0, false],
  0x2: [2, false],
  0x3: [4, false],
  0x4: [8, false],
  0xa: [2, true],
  0xb: [4, true],
  0xc: [8, true],
};

/** An address as `encoding` says (LSB, 10.5.1). Throws `elf.damaged` for what loaders don't write. */
export function encodedAddress(
  cursor: Cursor,
  encoding: number,
  { at, data, addressSize }: { readonly at: bigint; readonly data?: bigint; readonly addressSize: number },
): bigint {
  const format = FORMATS[encoding & 0xf];
  if (format === undefined || (encoding & DW_EH_PE.indirect) !== 0)
    throw elfErrors.damaged(`an address has the unknown encoding 0x${encoding.toString(16)}`);
  const [size, signed] = format;
  const value = signed ? cursor.signed(size) : cursor.unsigned(size === 0 ? addressSize : size);
  const base = (encoding & 0x70) === DW_EH_PE.pcrel ? at : (encoding & 0x70) === DW_EH_PE.datarel ? data : 0n;
  if (base === undefined) throw elfErrors.damaged("an address counts from a base that isn't known");
  return BigInt.asUintN(64, base + value);
}

/** The head of the entry at `offset`; undefined at the end of the section. Throws `elf.damaged`, `elf.truncated`. */
export async function entryAt(section: FrameSection, offset: number): Promise<EntryHead | undefined> {
  let bytes = await section.read(offset, HEAD);
  if (bytes.length < 4) return undefined;
  const cursor = new Cursor(bytes, section.littleEndian);
  let length = cursor.u32();
  if (length === 0) return undefined;
  const is64 = length === 0xffff_ffff;
  if (is64) length = Number(cursor.u64());
  if (length > MAX_ENTRY) throw elfErrors.damaged(`an entry of ${section.kind} has ${length} bytes`);
  const idAt = cursor.offset;
  const end = idAt + length;
  if (end > bytes.length) bytes = await section.read(offset, end);
  const rest = new Cursor(bytes.subarray(0, end), section.littleEndian, idAt);
  // In .eh_frame the id has 4 bytes whatever the length is, and counts back from itself.
  const wide = is64 && section.kind === "debug_frame";
  const id = Number(rest.unsigned(wide ? 8 : 4));
  const isCommon =
    section.kind === "eh_frame" ? id === 0 : wide ? id >= Number.MAX_SAFE_INTEGER : id === 0xffff_ffff;
  const common = section.kind === "eh_frame" ? offset + idAt - id : id;
  return { offset, end: offset + end, common: isCommon ? undefined : common, cursor: rest };
}

/** Reads a common entry behind its head. */
export function commonEntry(section: FrameSection, { cursor }: EntryHead): CommonEntry {
  const version = cursor.u8();
  if (![1, 3, 4].includes(version)) throw elfErrors.damaged(`${section.kind} has version ${version}`);
  const augmentation = cursor.string();
  if (augmentation.startsWith("eh")) throw elfErrors.damaged("its frames are those of a very old compiler");
  if (version === 4 && section.kind === "debug_frame") cursor.skip(2);
  const codeAlign = cursor.uleb();
  const dataAlign = cursor.sleb();
  const returnAddress = version === 1 ? cursor.u8() : cursor.count();
  const hasAugmentation = augmentation.startsWith("z");
  let encoding = 0;
  if (hasAugmentation) {
    const length = cursor.count();
    const data = new Cursor(cursor.take(length), section.littleEndian);
    for (const letter of augmentation.slice(1)) {
      if (letter === "R") encoding = data.u8();
      else if (letter === "L") data.skip(1);
      else if (letter === "P") skipEncoded(data, data.u8(), section.addressSize);
      else if (letter !== "S" && letter !== "B" && letter !== "G") break;
    }
  }
  return {
    ...{ codeAlign, dataAlign, returnAddress, encoding, hasAugmentation },
    isSignalFrame: hasAugmentation && augmentation.includes("S"),
    instructions: cursor.take(cursor.bytes.length - cursor.offset),
  };
}

function skipEncoded(cursor: Cursor, encoding: number, addressSize: number): void {
  if (encoding === DW_EH_PE.omit) return;
  const size = FORMATS[encoding & 0xf]?.[0];
  if (size === undefined) throw elfErrors.damaged(`an address has the encoding 0x${encoding.toString(16)}`);
  cursor.skip(size === 0 ? addressSize : size);
}

/** The addresses a function's entry is for; its cursor is left behind them. */
export function rangeOf(
  section: FrameSection,
  { offset, cursor }: EntryHead,
  { encoding }: CommonEntry,
): { readonly start: bigint; readonly end: bigint } {
  const { addressSize } = section;
  const at = section.address + BigInt(offset + cursor.offset);
  const start = encodedAddress(cursor, encoding, { at, addressSize });
  const length = encodedAddress(cursor, encoding & 0xf, { at: 0n, addressSize });
  return { start, end: start + BigInt.asUintN(64, length) };
}

/** Reads a function's entry behind its head. */
export function functionEntry(section: FrameSection, head: EntryHead, common: CommonEntry): FunctionEntry {
  const { start, end } = rangeOf(section, head, common);
  const { cursor } = head;
  if (common.hasAugmentation) cursor.skip(cursor.count());
  return { common, start, end, instructions: cursor.take(cursor.bytes.length - cursor.offset) };
}
