import { setImmediate } from "node:timers/promises";
import { bufferSource } from "../../bytes/index.ts";
import { PT } from "../../memory/index.ts";
import { Cursor } from "../elf/cursor.ts";
import type { ElfFile } from "../elf/elf-file.ts";
import { commonEntry, encodedAddress, entryAt, functionEntry, rangeOf } from "./frame-entry.ts";
import type { CommonEntry, EntryHead, FrameSection, FunctionEntry } from "./frame-entry.ts";

/** Call frame information of one file: how to unwind out of each of its functions. */
export interface CallFrames {
  /** The entry of the function that has `address`, as the linker gave it; undefined when there is none. */
  at(address: bigint): Promise<FunctionEntry | undefined>;
}

const DATAREL_SDATA4 = 0x3b;
/** Of a program of 200 MiB it has some 20 MiB. */
const MAX_SECTION = 64 * 1024 * 1024;
const MAX_ENTRIES = 4_000_000;

/**
 * The call frames of a file: by the sorted table of `.eh_frame_hdr`, which is in memory too, else from the sections.
 * What is damaged of them counts as absent.
 */
export function openCallFrames(elf: ElfFile): CallFrames {
  let index: Promise<readonly SectionIndex[]> | undefined;
  return {
    async at(address) {
      const found = await bySortedTable(elf, address).catch(() => undefined);
      if (found) return found;
      index ??= indexSections(elf);
      for (const { section, starts, ends, offsets } of await index) {
        const at = starts.findIndex(
          (start, nth) => Number(address) >= start && Number(address) < (ends[nth] ?? 0),
        );
        const offset = offsets[at];
        const entry = offset === undefined ? undefined : await read(section, offset).catch(() => undefined);
        if (entry && address >= entry.start && address < entry.end) return entry;
      }
      return undefined;
    },
  };
}

async function read(section: FrameSection, offset: number): Promise<FunctionEntry | undefined> {
  const head = await entryAt(section, offset);
  if (head?.common === undefined) return undefined;
  const common = await entryAt(section, head.common);
  if (common === undefined || common.common !== undefined) return undefined;
  return functionEntry(section, head, commonEntry(section, common));
}

/** `.eh_frame_hdr` (LSB, 10.6.2): pairs of a function's start and its entry's address, by start. */
async function bySortedTable(elf: ElfFile, address: bigint): Promise<FunctionEntry | undefined> {
  const { header } = elf;
  const segment = header.segments.find(({ type }) => type === PT.gnuEhFrame);
  if (segment === undefined) return undefined;
  const base = segment.address;
  const { littleEndian } = header;
  const addressSize = header.is64 ? 8 : 4;
  const cursor = new Cursor(await elf.readAt(base, 20), littleEndian, 1);
  const [frameEncoding, countEncoding, tableEncoding] = [cursor.u8(), cursor.u8(), cursor.u8()];
  if (tableEncoding !== DATAREL_SDATA4) return undefined;
  const decode = (encoding: number): bigint =>
    encodedAddress(cursor, encoding, { at: base + BigInt(cursor.offset), data: base, addressSize });
  const frames = decode(frameEncoding);
  const count = Number(decode(countEncoding));
  const table = base + BigInt(cursor.offset);
  const pairAt = async (nth: number): Promise<readonly [bigint, bigint]> => {
    const pair = new Cursor(await elf.readAt(table + BigInt(nth) * 8n, 8), littleEndian);
    return [base + pair.signed(4), base + pair.signed(4)];
  };
  let low = 0;
  let high = Math.min(count, MAX_ENTRIES);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((await pairAt(middle))[0] > address) high = middle;
    else low = middle + 1;
  }
  if (low === 0) return undefined;
  const [, entryAddress] = await pairAt(low - 1);
  const section: FrameSection = {
    ...{ kind: "eh_frame", address: frames, littleEndian, addressSize },
    read: (offset, length) => elf.readAt(frames + BigInt(offset), length),
  };
  const entry = await read(section, Number(entryAddress - frames));
  return entry && address >= entry.start && address < entry.end ? entry : undefined;
}

interface SectionIndex {
  readonly section: FrameSection;
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly offsets: Float64Array;
}

async function indexSections(elf: ElfFile): Promise<readonly SectionIndex[]> {
  const found: SectionIndex[] = [];
  for (const kind of ["eh_frame", "debug_frame"] as const) {
    const section = elf.section(`.${kind}`);
    const bytes = section && (await elf.content(section, MAX_SECTION).catch(() => undefined));
    if (section === undefined || bytes === undefined) continue;
    const source = bufferSource(bytes);
    found.push(
      await indexOf({
        ...{ kind, address: section.address, littleEndian: elf.header.littleEndian },
        addressSize: elf.header.is64 ? 8 : 4,
        read: (offset, length) => source.read(offset, length),
      }),
    );
  }
  return found;
}

/** Where each function's entry is. Ends at the first that is damaged. */
async function indexOf(section: FrameSection): Promise<SectionIndex> {
  const found: { readonly start: number; readonly end: number; readonly offset: number }[] = [];
  const commons = new Map<number, CommonEntry>();
  const commonOf = async (offset: number): Promise<CommonEntry | undefined> => {
    const known = commons.get(offset);
    if (known) return known;
    const head = await entryAt(section, offset);
    if (head === undefined || head.common !== undefined) return undefined;
    const common = commonEntry(section, head);
    commons.set(offset, common);
    return common;
  };
  const add = async (head: EntryHead): Promise<void> => {
    const common = head.common === undefined ? undefined : await commonOf(head.common);
    if (common === undefined) return;
    const { start, end } = rangeOf(section, head, common);
    found.push({ start: Number(start), end: Number(end), offset: head.offset });
  };
  try {
    for (let offset = 0; found.length < MAX_ENTRIES;) {
      const head = await entryAt(section, offset);
      if (head === undefined) break;
      await add(head);
      offset = head.end;
      if (found.length % 1024 === 0) await setImmediate();
    }
  } catch {
    // What was found up to here is sound.
  }
  return {
    section,
    starts: Float64Array.from(found, ({ start }) => start),
    ends: Float64Array.from(found, ({ end }) => end),
    offsets: Float64Array.from(found, ({ offset }) => offset),
  };
}
