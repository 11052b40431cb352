import { CORE_OFFSETS, NT } from "../../memory/index.ts";
import { Cursor } from "../elf/cursor.ts";
import { MACHINES } from "../machines/index.ts";
import type { CoreFile, CoreNote } from "./core-file.ts";

/** A thread of a core file. */
export interface CoreThread {
  readonly tid: number;
  /** By the names of `Machine.general`; undefined for machines that aren't known here. */
  readonly general: Readonly<Record<string, bigint>> | undefined;
  /** Its notes by their types, the first of each. */
  readonly notes: ReadonlyMap<number, Uint8Array>;
  /** The number of the signal that it got; the kernel gives all threads that of the one which ended the process. */
  readonly signal: number;
  /** Bits of the signals that it blocks. */
  readonly blocked: bigint;
}

/** A file that was mapped: addresses, and the byte of the file that `start` is. */
export interface CoreMappedFile {
  readonly start: bigint;
  readonly end: bigint;
  readonly offset: bigint;
  readonly path: string;
  /** In hexadecimal, where something told it; else it is looked for in the first page. */
  readonly buildId?: string | undefined;
}

/** What the notes of a core file say. */
export interface CoreProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  readonly uid: number;
  readonly gid: number;
  readonly nice: number;
  /** `PF_…` of the kernel's task. */
  readonly flags: number;
  /** The program's name, 15 bytes at most. */
  readonly comm: string;
  /** The arguments, joined by spaces, 79 bytes at most. */
  readonly arguments: string;
  /** The name of the machine in CRIU's images; undefined for one that isn't known here. */
  readonly architecture: string | undefined;
  /** The one that was current (that got the signal) first. */
  readonly threads: readonly CoreThread[];
  /** Pairs of type and value of the auxiliary vector, without its end. */
  readonly auxiliary: readonly (readonly [type: bigint, value: bigint])[];
  /** The bytes of the auxiliary vector, as the process has them on its stack. */
  readonly auxiliaryBytes: Uint8Array;
  /** In order of address. */
  readonly files: readonly CoreMappedFile[];
}

const NICE_AT = 3;
const MAX_FILES = 1_048_576;

/** Reads the notes of a core file. A note that is cut off counts as absent. */
export function readCoreProcess({ notes, word, machine }: CoreFile): CoreProcess {
  const [name, described] =
    Object.entries(MACHINES).find(([, each]) => each.elfMachine === machine && each.word === word) ?? [];
  const threads: CoreThread[] = [];
  const own: Map<number, Uint8Array>[] = [];
  let ids: readonly number[] = [];
  for (const { type, content } of notes) {
    if (type === NT.prstatus && content.length >= CORE_OFFSETS[word].registers) {
      const cursor = new Cursor(content, true, CORE_OFFSETS[word].ids - word);
      const blocked = cursor.unsigned(word);
      const thread = [cursor.u32(), cursor.u32(), cursor.u32(), cursor.u32()];
      if (threads.length === 0) ids = thread;
      const general = described && registersOf(content, described.general, word);
      const signal = new Cursor(content, true, CORE_OFFSETS[word].currentSignal).u16();
      own.push(new Map());
      threads.push({ tid: thread[0] ?? 0, general, blocked, signal, notes: own.at(-1) ?? new Map() });
    }
    const last = own.at(-1);
    if (last && !last.has(type)) last.set(type, content);
  }
  // Where the parts of all threads' extended state are stands behind the last of them.
  const layout = noteOf(notes, NT.x86XstateLayout);
  if (layout) for (const each of own) each.set(NT.x86XstateLayout, layout);
  const info = psinfoOf(noteOf(notes, NT.prpsinfo), word, described?.hasShortIds ?? word === 4);
  const auxiliaryBytes = noteOf(notes, NT.auxv) ?? new Uint8Array(0);
  const [tid = 1, ppid = 0, pgid = 0, sid = 0] = ids;
  return {
    ...{ pid: info.pid ?? tid, ppid, pgid, sid },
    ...{ uid: info.uid, gid: info.gid, nice: info.nice, flags: info.flags },
    ...{ comm: info.comm, arguments: info.arguments },
    ...{ architecture: name, threads, auxiliary: auxiliaryOf(auxiliaryBytes, word), auxiliaryBytes },
    files: filesOf(noteOf(notes, NT.file), word),
  };
}

const noteOf = (notes: readonly CoreNote[], type: number): Uint8Array | undefined =>
  notes.find((note) => note.type === type)?.content;

function registersOf(
  content: Uint8Array,
  names: readonly string[],
  word: 4 | 8,
): Readonly<Record<string, bigint>> | undefined {
  const at = CORE_OFFSETS[word].registers;
  if (content.length < at + names.length * word) return undefined;
  const cursor = new Cursor(content, true, at);
  return Object.fromEntries(names.map((name) => [name, cursor.unsigned(word)]));
}

/** `elf_prpsinfo` (`include/linux/elfcore.h`). */
function psinfoOf(
  content: Uint8Array | undefined,
  word: 4 | 8,
  hasShortIds: boolean,
): Pick<CoreProcess, "uid" | "gid" | "nice" | "flags" | "comm" | "arguments"> & {
  readonly pid: number | undefined;
} {
  const nothing = { pid: undefined, uid: 0, gid: 0, nice: 0, flags: 0, comm: "", arguments: "" };
  const size = hasShortIds ? 2 : 4;
  if (content === undefined || content.length < CORE_OFFSETS[word].uid + size * 2 + 16 + 16 + 80)
    return nothing;
  const cursor = new Cursor(content, true, NICE_AT);
  const nice = Number(cursor.signed(1));
  cursor.skip(CORE_OFFSETS[word].uid - word - cursor.offset);
  const flags = Number(BigInt.asUintN(32, cursor.unsigned(word)));
  const uid = Number(cursor.unsigned(size));
  const gid = Number(cursor.unsigned(size));
  const pid = cursor.u32();
  cursor.skip(12);
  const text = (length: number): string => Buffer.from(cursor.take(length)).toString().replace(/\0.*$/s, "");
  return { pid, uid, gid, nice, flags, comm: text(16), arguments: text(80).trimEnd() };
}

/** The auxiliary vector up to its end. */
export function auxiliaryOf(bytes: Uint8Array, word: 4 | 8): CoreProcess["auxiliary"] {
  const cursor = new Cursor(bytes, true);
  const pairs: (readonly [bigint, bigint])[] = [];
  while (cursor.offset + 2 * word <= bytes.length) {
    const type = cursor.unsigned(word);
    const value = cursor.unsigned(word);
    if (type === 0n) break;
    pairs.push([type, value]);
  }
  return pairs;
}

/** Count and page size, then start, end and offset in pages of each, then their names. */
function filesOf(content: Uint8Array | undefined, word: 4 | 8): readonly CoreMappedFile[] {
  if (content === undefined || content.length < 2 * word) return [];
  const cursor = new Cursor(content, true);
  const count = Number(cursor.unsigned(word));
  const page = cursor.unsigned(word);
  if (count > MAX_FILES || (2 + 3 * count) * word > content.length) return [];
  const places = Array.from({ length: count }, () => ({
    start: cursor.unsigned(word),
    end: cursor.unsigned(word),
    offset: cursor.unsigned(word) * page,
  }));
  const names = Buffer.from(content.subarray(cursor.offset)).toString().split("\0");
  return places
    .map((place, index) => ({ ...place, path: names[index] ?? "" }))
    .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
}
