// A minidump's header, directory and streams, as far as a process of Linux has them. The format is Microsoft's
// (`minidumpapiset.h`: MINIDUMP_HEADER and what it leads to); the streams 0x4767…. are Breakpad's for Linux.
import { readExactly } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { Cursor } from "../elf/cursor.ts";
import { corefileErrors } from "../errors.ts";

/** Memory of the process: `length` bytes from `start` on, at `offset` of the file. */
export interface MinidumpRange {
  readonly start: bigint;
  readonly length: number;
  readonly offset: number;
}

/** Where something of a minidump is: MINIDUMP_LOCATION_DESCRIPTOR. */
export interface Location {
  readonly size: number;
  readonly offset: number;
}

export interface MinidumpThread {
  readonly tid: number;
  /** Crashpad puts the base of the thread's own storage here, Breakpad and lldb nothing. */
  readonly teb: bigint;
  readonly context: Uint8Array;
}

export interface MinidumpModule {
  readonly start: bigint;
  readonly end: bigint;
  readonly path: string;
  /** The program header's build id in hexadecimal; undefined when the record has none, or only a part of it. */
  readonly buildId: string | undefined;
}

/** A stretch of the address space as MINIDUMP_MEMORY_INFO has it. */
export interface MinidumpRegion {
  readonly start: bigint;
  readonly end: bigint;
  /** PAGE_READWRITE 4 … */
  readonly protection: number;
}

export interface Minidump {
  /** PROCESSOR_ARCHITECTURE_AMD64 9 … */
  readonly architecture: number;
  readonly pid: number | undefined;
  readonly threads: readonly MinidumpThread[];
  /** Id of the thread that crashed, and its registers when it did. */
  readonly crashed: { readonly tid: number; readonly context: Uint8Array } | undefined;
  readonly modules: readonly MinidumpModule[];
  readonly memory: readonly MinidumpRange[];
  readonly regions: readonly MinidumpRegion[];
  /** /proc/PID/status, maps and auxv, as the kernel wrote them; empty where they are missing. */
  readonly status: string;
  readonly maps: string;
  readonly auxiliary: Uint8Array;
}

const STREAMS = {
  threads: 3,
  modules: 4,
  memory: 5,
  exception: 6,
  system: 7,
  memory64: 9,
  misc: 15,
  regions: 16,
  status: 0x4767_0004,
  auxiliary: 0x4767_0008,
  maps: 0x4767_0009,
} as const;

const SIGNATURE = "MDMP";
const VERSION = 0xa793;
const MAX_STREAMS = 65_536;
/** A million mappings of /proc/PID/maps need about this much; all other streams are smaller. */
const MAX_STREAM = 256 * 1024 * 1024;
/** CONTEXT of the 64-bit PC has 1232 bytes, others fewer. */
const MAX_CONTEXT = 16_384;
const MAX_PATH = 65_536;
/** Linux 0x8201, Android 0x8203. */
const PLATFORMS: ReadonlySet<number> = new Set([0x8201, 0x8203]);
const MEM_FREE = 0x10000;
const ADDRESS_END = 1n << 64n;
/** `BpEL`: the build id follows as it is. In a PDB 7.0 record there are but 16 bytes of it, turned about. */
const BUILD_ID_RECORD = 0x4270_454c;

/** Whether a file begins as a minidump does. */
export async function isMinidump(source: ByteSource): Promise<boolean> {
  const head = Buffer.from(await source.read(0, 8));
  return (
    head.length === 8 &&
    head.toString("latin1", 0, 4) === SIGNATURE &&
    // The other half is the writer's own.
    head.readUInt16LE(4) === VERSION
  );
}

/** Reads a minidump of a process of Linux but for its memory. Throws `corefile.badMinidump` and `bytes.truncated`. */
export async function readMinidump(source: ByteSource): Promise<Minidump> {
  const streams = await directoryOf(source);
  const read = async (type: number): Promise<Uint8Array> => {
    const place = streams.get(type);
    if (place === undefined) return new Uint8Array(0);
    if (place.size > MAX_STREAM)
      throw corefileErrors.badMinidump(`its stream ${type} has ${place.size} bytes`);
    return source.read(place.offset, place.size);
  };
  const system = await read(STREAMS.system);
  if (system.length < 24) throw corefileErrors.badMinidump("it doesn't say of which system it is");
  const [architecture, platform] = [new Cursor(system, true).u16(), new Cursor(system, true, 20).u32()];
  if (!PLATFORMS.has(platform)) throw corefileErrors.otherSystem();
  const { threads, stacks } = await threadsOf(source, await read(STREAMS.threads));
  const text = async (type: number): Promise<string> => Buffer.from(await read(type)).toString();
  return {
    architecture,
    pid: pidOf(await read(STREAMS.misc)),
    threads,
    crashed: await crashedOf(source, await read(STREAMS.exception)),
    modules: await modulesOf(source, await read(STREAMS.modules)),
    memory: [
      ...rangesOf(await read(STREAMS.memory)),
      ...largeRangesOf(await read(STREAMS.memory64)),
      ...stacks,
    ],
    regions: regionsOf(await read(STREAMS.regions)),
    status: await text(STREAMS.status),
    maps: await text(STREAMS.maps),
    auxiliary: await read(STREAMS.auxiliary),
  };
}

/** The streams by type: of two of one type, the first. */
async function directoryOf(source: ByteSource): Promise<ReadonlyMap<number, Location>> {
  const head = new Cursor(await readExactly(source, 0, 32), true, 8);
  const count = head.u32();
  const at = head.u32();
  if (count > MAX_STREAMS) throw corefileErrors.badMinidump(`${count} streams are more than one has`);
  const table = new Cursor(await readExactly(source, at, count * 12), true);
  const streams = new Map<number, Location>();
  for (let index = 0; index < count; index++) {
    const type = table.u32();
    const place = locationAt(table);
    if (!streams.has(type)) streams.set(type, place);
  }
  return streams;
}

function locationAt(cursor: Cursor): Location {
  const size = cursor.u32();
  return { size, offset: cursor.u32() };
}

/**
 * Cursors at the entries of a list: behind their number, or four bytes later, where a writer aligned them. A list that was
 * cut off ends early.
 */
function* entriesOf(stream: Uint8Array, size: number): Generator<Cursor> {
  if (stream.length < 4) return;
  const count = new Cursor(stream, true).u32();
  const first = stream.length === 8 + count * size ? 8 : 4;
  for (let index = 0; index < count && first + (index + 1) * size <= stream.length; index++)
    yield new Cursor(stream, true, first + index * size);
}

async function threadsOf(
  source: ByteSource,
  stream: Uint8Array,
): Promise<{ readonly threads: readonly MinidumpThread[]; readonly stacks: readonly MinidumpRange[] }> {
  const threads: MinidumpThread[] = [];
  const stacks: MinidumpRange[] = [];
  for (const entry of entriesOf(stream, 48)) {
    const tid = entry.u32();
    // Counts and priorities, which are Windows'.
    entry.skip(12);
    const teb = entry.u64();
    stacks.push(rangeAt(entry));
    threads.push({ tid, teb, context: await contextAt(source, locationAt(entry)) });
  }
  return { threads, stacks };
}

const contextAt = (source: ByteSource, { size, offset }: Location): Promise<Uint8Array> =>
  source.read(offset, Math.min(size, MAX_CONTEXT));

/** MINIDUMP_MEMORY_DESCRIPTOR. */
function rangeAt(cursor: Cursor): MinidumpRange {
  const start = cursor.u64();
  const { size, offset } = locationAt(cursor);
  return { start, length: size, offset };
}

const rangesOf = (stream: Uint8Array): readonly MinidumpRange[] =>
  [...entriesOf(stream, 16)].map((entry) => rangeAt(entry));

/** The bytes of Memory64List lie one after the other from one place on. */
function largeRangesOf(stream: Uint8Array): readonly MinidumpRange[] {
  if (stream.length < 16) return [];
  const cursor = new Cursor(stream, true);
  const count = Number(cursor.u64());
  let offset = Number(cursor.u64());
  const ranges: MinidumpRange[] = [];
  for (let index = 0; index < count && cursor.offset + 16 <= stream.length; index++) {
    const start = cursor.u64();
    const length = Number(cursor.u64());
    // Behind a place that no file has, none has one either.
    if (!Number.isSafeInteger(offset + length)) break;
    ranges.push({ start, length, offset });
    offset += length;
  }
  return ranges;
}

async function crashedOf(source: ByteSource, stream: Uint8Array): Promise<Minidump["crashed"]> {
  if (stream.length < 168) return undefined;
  const tid = new Cursor(stream, true).u32();
  return { tid, context: await contextAt(source, locationAt(new Cursor(stream, true, 160))) };
}

async function modulesOf(source: ByteSource, stream: Uint8Array): Promise<readonly MinidumpModule[]> {
  const modules: MinidumpModule[] = [];
  for (const entry of entriesOf(stream, 108)) {
    const start = entry.u64();
    const end = start + BigInt(entry.u32());
    entry.skip(8);
    const path = await stringAt(source, entry.u32());
    // VS_FIXEDFILEINFO, which is Windows'.
    entry.skip(52);
    modules.push({ start, end, path, buildId: await buildIdAt(source, locationAt(entry)) });
  }
  return modules;
}

/** MINIDUMP_STRING: bytes of UTF-16 behind their number. */
async function stringAt(source: ByteSource, offset: number): Promise<string> {
  const head = await source.read(offset, 4);
  if (head.length < 4) return "";
  const size = Math.min(new Cursor(head, true).u32(), MAX_PATH);
  return Buffer.from(await source.read(offset + 4, size)).toString("utf16le");
}

async function buildIdAt(source: ByteSource, { size, offset }: Location): Promise<string | undefined> {
  if (size < 8 || size > 4 + 64) return undefined;
  const record = await source.read(offset, size);
  if (record.length < size || new Cursor(record, true).u32() !== BUILD_ID_RECORD) return undefined;
  return Buffer.from(record.subarray(4)).toString("hex");
}

/** MINIDUMP_MEMORY_INFO_LIST: the sizes of its head and of an entry, and how many there are. */
function regionsOf(stream: Uint8Array): readonly MinidumpRegion[] {
  if (stream.length < 16) return [];
  const head = new Cursor(stream, true);
  const [first, size, count] = [head.u32(), head.u32(), Number(head.u64())];
  const regions: MinidumpRegion[] = [];
  for (let at = first; size >= 48 && regions.length < count && at + size <= stream.length; at += size) {
    const entry = new Cursor(stream, true, at);
    const start = entry.u64();
    entry.skip(16);
    const end = start + entry.u64();
    const state = entry.u32();
    const protection = entry.u32();
    if (state !== MEM_FREE && end > start && end <= ADDRESS_END) regions.push({ start, end, protection });
  }
  return regions;
}

/** MINIDUMP_MISC_INFO: the first bit of its flags says that it has the process's id. */
function pidOf(stream: Uint8Array): number | undefined {
  if (stream.length < 12) return undefined;
  const cursor = new Cursor(stream, true, 4);
  return (cursor.u32() & 1) === 0 ? undefined : cursor.u32();
}
