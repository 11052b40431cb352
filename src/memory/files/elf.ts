import { readExactly } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { NT, PT } from "./elf-constants.ts";

/** A program header table or a note segment larger than this is no sound one. */
const MAX_HEADERS = 512;
const MAX_NOTES = 64 * 1024;

/** One program header of an ELF file. */
export interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: bigint;
  readonly fileSize: number;
  readonly memorySize: bigint;
}

export interface ElfHeader {
  readonly is64: boolean;
  readonly littleEndian: boolean;
  /** `ET_EXEC` 2, `ET_DYN` 3. */
  readonly type: number;
  /** `EM_X86_64` 62 … */
  readonly machine: number;
  readonly entry: bigint;
  readonly segments: readonly Segment[];
}

/** The header and program headers at the start of `source`; undefined when it is no sound ELF (System V gABI). */
export async function readElfHeader(source: ByteSource): Promise<ElfHeader | undefined> {
  const head = await source.read(0, 64);
  if (head.length < 52 || Buffer.from(head.subarray(0, 4)).toString("latin1") !== "\x7fELF") return undefined;
  const is64 = head[4] === 2;
  const littleEndian = head[5] === 1;
  if ((!is64 && head[4] !== 1) || (is64 && head.length < 64)) return undefined;
  const view = viewOf(head);
  const word = (at: number): bigint =>
    is64 ? view.getBigUint64(at, littleEndian) : BigInt(view.getUint32(at, littleEndian));
  const tableAt = Number(word(is64 ? 32 : 28));
  const size = view.getUint16(is64 ? 54 : 42, littleEndian);
  const count = view.getUint16(is64 ? 56 : 44, littleEndian);
  if (count > MAX_HEADERS || size < (is64 ? 56 : 32)) return undefined;
  const table = await source.read(tableAt, size * count);
  if (table.length < size * count) return undefined;
  const segments = Array.from({ length: count }, (_, index) =>
    segmentAt(viewOf(table), index * size, is64, littleEndian),
  );
  return {
    is64,
    littleEndian,
    type: view.getUint16(16, littleEndian),
    machine: view.getUint16(18, littleEndian),
    entry: word(24),
    segments,
  };
}

function segmentAt(view: DataView, at: number, is64: boolean, little: boolean): Segment {
  const half = (offset: number): number => view.getUint32(at + offset, little);
  const word = (offset: number): bigint => view.getBigUint64(at + offset, little);
  return is64
    ? {
        type: half(0),
        flags: half(4),
        offset: Number(word(8)),
        address: word(16),
        fileSize: Number(word(32)),
        memorySize: word(40),
      }
    : {
        type: half(0),
        flags: half(24),
        offset: half(4),
        address: BigInt(half(8)),
        fileSize: half(16),
        memorySize: BigInt(half(20)),
      };
}

/**
 * The GNU build id of an ELF file, hexadecimal; undefined when it has none. `locate` says where a note segment is in
 * `source`: its file offset in a file, its address in memory.
 */
export async function readBuildId(
  source: ByteSource,
  header: ElfHeader,
  locate: (segment: Segment) => number = ({ offset }) => offset,
): Promise<string | undefined> {
  for (const segment of header.segments) {
    if (segment.type !== PT.note || segment.fileSize > MAX_NOTES) continue;
    const notes = await readExactly(source, locate(segment), segment.fileSize).catch(() => undefined);
    const found = notes && buildIdIn(notes, header.littleEndian);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The GNU build id among notes, hexadecimal; undefined when there is none. */
export function buildIdIn(notes: Uint8Array, little: boolean): string | undefined {
  const view = viewOf(notes);
  for (let at = 0; at + 12 <= notes.length;) {
    const [nameSize, size, type] = [0, 4, 8].map((offset) => view.getUint32(at + offset, little));
    if (nameSize === undefined || size === undefined) return undefined;
    const nameAt = at + 12;
    const contentAt = nameAt + Math.ceil(nameSize / 4) * 4;
    const content = notes.subarray(contentAt, contentAt + size);
    const name = Buffer.from(notes.subarray(nameAt, nameAt + nameSize)).toString("latin1");
    if (type === NT.gnuBuildId && name === "GNU\0" && size > 0 && size <= 64 && content.length === size)
      return Buffer.from(content).toString("hex");
    at = contentAt + Math.ceil(size / 4) * 4;
  }
  return undefined;
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
