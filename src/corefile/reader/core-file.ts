import { readExactly } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { ELF_SIZES, ET_CORE, PN_XNUM, PT } from "../../memory/index.ts";
import { Cursor } from "../elf/cursor.ts";
import { corefileErrors } from "../errors.ts";

/** A PT_LOAD of a core file: `[start, end)`, of which the first `stored` bytes are in the file, at `offset`. */
export interface CoreSegment {
  readonly start: bigint;
  readonly end: bigint;
  readonly offset: number;
  readonly stored: number;
  /** Bits of PF_X 1, PF_W 2, PF_R 4. */
  readonly flags: number;
  /** Whether what isn't in the core is as in the mapped file. Undefined: yes, if a file is mapped. */
  readonly isFile?: boolean | undefined;
}

/** A mapping as the kernel lists it. */
export interface CoreMapping {
  readonly start: bigint;
  readonly end: bigint;
  /** Bits of PF_X 1, PF_W 2, PF_R 4. */
  readonly flags: number;
  readonly kind: "heap" | "stack" | "vdso" | "vvar" | "vsyscall" | undefined;
  readonly shared: boolean;
}

export interface CoreNote {
  readonly type: number;
  readonly content: Uint8Array;
}

/** An ELF core (`fs/binfmt_elf.c: elf_core_dump`) as far as its headers tell. */
export interface CoreFile {
  /** `EM_X86_64` 62 … */
  readonly machine: number;
  /** Bytes of a word. */
  readonly word: 4 | 8;
  /** By address; they don't overlap. */
  readonly segments: readonly CoreSegment[];
  /** In the order written: what is of one thread follows its NT_PRSTATUS. */
  readonly notes: readonly CoreNote[];
  /** By address, not overlapping, where something told them; in a core each segment is a mapping. */
  readonly mappings?: readonly CoreMapping[] | undefined;
}

const HEAD = 64;
/** Mappings of one process that are believed; the kernel's own limit is 65530 unless someone raised it. */
export const MAX_SEGMENTS = 1_048_576;
/** 100,000 threads with all their registers have more; nobody has seen them. */
const MAX_NOTES = 256 * 1024 * 1024;
/** Addresses have 64 bits. */
const MAX_ADDRESS = 1n << 64n;

/** Whether a file begins as an ELF core does. */
export async function isCoreFile(source: ByteSource): Promise<boolean> {
  const head = Buffer.from(await source.read(0, 18));
  if (head.length < 18 || head.toString("latin1", 0, 4) !== "\x7fELF") return false;
  return (head[5] === 2 ? head.readUInt16BE(16) : head.readUInt16LE(16)) === ET_CORE;
}

/** Reads the headers and notes of an ELF core. Throws `corefile.unreadable`, `corefile.bigEndian` and `bytes.truncated`. */
export async function readCoreFile(source: ByteSource): Promise<CoreFile> {
  const head = await source.read(0, HEAD);
  const word = head[4] === 2 ? 8 : 4;
  if (head.length < HEAD) throw corefileErrors.unreadable("its header is cut off");
  if (head[5] !== 1) throw corefileErrors.bigEndian();
  const cursor = new Cursor(head, true, 18);
  const machine = cursor.u16();
  cursor.skip(4 + word);
  const tableAt = Number(cursor.unsigned(word));
  const sectionsAt = Number(cursor.unsigned(word));
  cursor.skip(6);
  const size = cursor.u16();
  const told = cursor.u16();
  const count = told === PN_XNUM ? await countInSections(source, sectionsAt, word) : told;
  if (count > MAX_SEGMENTS || size < ELF_SIZES[word].program || size > 256)
    throw corefileErrors.unreadable(`its table of ${count} program headers makes no sense`);
  const table = await readExactly(source, tableAt, count * size);
  const headers = Array.from({ length: count }, (_, index) =>
    programHeader(new Cursor(table, true, index * size), word),
  );
  const notes: CoreNote[] = [];
  let left = MAX_NOTES;
  for (const { type, offset, stored } of headers) {
    if (type !== PT.note) continue;
    left -= stored;
    if (left < 0) throw corefileErrors.unreadable(`its notes have more than ${MAX_NOTES} bytes`);
    notes.push(...notesIn(await source.read(offset, stored)));
  }
  return { machine, word, notes, segments: inOrder(headers) };
}

/** `sh_info` of section 0. */
async function countInSections(source: ByteSource, at: number, word: 4 | 8): Promise<number> {
  const place = at + (word === 8 ? 44 : 28);
  return new Cursor(await readExactly(source, place, 4), true).u32();
}

interface ProgramHeader extends CoreSegment {
  readonly type: number;
}

/** The flags come second in 64 bits, last but one in 32. */
function programHeader(cursor: Cursor, word: 4 | 8): ProgramHeader {
  const type = cursor.u32();
  const first = word === 8 ? cursor.u32() : 0;
  const offset = Number(cursor.unsigned(word));
  const start = cursor.unsigned(word);
  cursor.skip(word);
  const stored = Number(cursor.unsigned(word));
  const size = cursor.unsigned(word);
  const flags = word === 8 ? first : cursor.u32();
  return { type, flags, offset, start, end: start + size, stored: Math.min(stored, Number(size) || stored) };
}

/** The segments by address. Of two that overlap, which no process can have, the later one is left out. */
function inOrder(headers: readonly ProgramHeader[]): readonly CoreSegment[] {
  const sorted = headers
    .filter(({ type, start, end }) => type === PT.load && end > start && end <= MAX_ADDRESS)
    .toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  const kept: CoreSegment[] = [];
  for (const segment of sorted) if (segment.start >= (kept.at(-1)?.end ?? 0n)) kept.push(segment);
  return kept;
}

/** Notes up to the first that is cut off: names and contents are padded to four bytes. */
function notesIn(bytes: Uint8Array): readonly CoreNote[] {
  const notes: CoreNote[] = [];
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const padded = (size: number): number => Math.ceil(size / 4) * 4;
  for (let at = 0; at + 12 <= view.length;) {
    const content = at + 12 + padded(view.readUInt32LE(at));
    const size = view.readUInt32LE(at + 4);
    if (content + size > view.length) break;
    notes.push({ type: view.readUInt32LE(at + 8), content: bytes.subarray(content, content + size) });
    at = content + padded(size);
  }
  return notes;
}
