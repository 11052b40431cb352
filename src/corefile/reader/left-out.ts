// Mappings of files that a core has no segment of. gdb's gcore leaves out what the filter of core(5) leaves out, where the
// kernel writes an empty segment; the note NT_FILE lists them all the same, but not how they are protected.
import type { ByteSource } from "../../bytes/index.ts";
import { PF, PT, readBuildId, readElfHeader } from "../../memory/index.ts";
import type { ElfHeader } from "../../memory/index.ts";
import { MAX_SEGMENTS } from "./core-file.ts";
import type { CoreFile, CoreSegment } from "./core-file.ts";
import type { CoreMappedFile } from "./core-process.ts";

/** An ELF file as it begins in the core: `size` bytes of addresses from `start` on are its. */
interface Loaded {
  readonly start: bigint;
  readonly size: bigint;
  readonly header: ElfHeader;
  readonly buildId: string | undefined;
}

/**
 * The core with an empty segment for each part of a mapped file that no segment covers. Its protection is that of the
 * program header of the file whose part it is, by address and offset, as the core has the file's first page. It is the
 * file's where that isn't writable; other parts, and those of files whose header isn't in the core, can't be checked: they
 * are readable, and their bytes can't be had. `files` are in order of address.
 */
export async function withLeftOut(
  source: ByteSource,
  core: CoreFile,
  files: readonly CoreMappedFile[],
  page: bigint,
): Promise<CoreFile> {
  const stored = new Map(core.segments.map((segment) => [segment.start, segment]));
  const loaded = new Map<string, Loaded>();
  /** What stands in files.img of a path: the build id of its first mapping, `null` where no header is. */
  const noted = new Map<string, string | undefined | null>();
  const found: CoreSegment[] = [];
  for (const [file, start, end] of gapsOf(core.segments, files, page)) {
    const { path } = file;
    const known = loaded.get(path);
    const isPart = known !== undefined && file.start < known.start + known.size;
    const segment = stored.get(file.start);
    const fresh = !isPart && file.offset === 0n && segment && (await loadedAt(source, segment, page));
    if (fresh) loaded.set(path, fresh);
    if (!noted.has(path)) noted.set(path, fresh ? fresh.buildId : null);
    if (start === end) continue;
    const whole = loaded.get(path);
    const flags = whole && flagsOf(whole, { ...file, start, offset: file.offset + start - file.start }, page);
    const isFile = flags !== undefined && (flags & PF.w) === 0 && noted.get(path) === whole?.buildId;
    found.push({ start, end, offset: 0, stored: 0, flags: flags ?? PF.r, isFile });
    if (found.length + core.segments.length >= MAX_SEGMENTS) break;
  }
  if (found.length === 0) return core;
  const segments = [...core.segments, ...found].sort((a, b) => (a.start < b.start ? -1 : 1));
  return { ...core, segments };
}

/** Each mapped file with the parts of it that no segment and no mapping before it covers; without any, an empty one. */
function* gapsOf(
  segments: readonly CoreSegment[],
  files: readonly CoreMappedFile[],
  page: bigint,
): Generator<readonly [CoreMappedFile, bigint, bigint]> {
  let index = 0;
  let at = 0n;
  for (const file of files) {
    const { start, end } = file;
    if (end <= start || start % page !== 0n || end % page !== 0n) continue;
    yield [file, start, start];
    if (start > at) at = start;
    while (at < end) {
      while ((segments[index]?.end ?? end) <= at && index < segments.length) index++;
      const next = segments[index];
      const to = next === undefined || next.start > end ? end : next.start;
      if (to > at) yield [file, at, to];
      at = to >= end ? end : (next?.end ?? end);
    }
  }
}

/** The ELF file that begins a segment; undefined when none does, or a broken one. */
async function loadedAt(
  source: ByteSource,
  { start, offset, stored }: CoreSegment,
  page: bigint,
): Promise<Loaded | undefined> {
  if (stored === 0) return undefined;
  const inside: ByteSource = {
    size: stored,
    read: (from, length) => source.read(offset + from, Math.max(0, Math.min(length, stored - from))),
  };
  try {
    const header = await readElfHeader(inside);
    const parts = header?.segments.filter(({ type }) => type === PT.load) ?? [];
    const [first] = parts;
    const last = parts.at(-1);
    if (!header || !first || !last) return undefined;
    const size = last.address + last.memorySize - floor(first.address, page);
    return { start, size, header, buildId: await readBuildId(inside, header) };
  } catch {
    return undefined;
  }
}

/** Bits of the program header that a mapping is of; undefined when it is of none. */
function flagsOf(
  { start, header }: Loaded,
  mapping: { readonly start: bigint; readonly offset: bigint },
  page: bigint,
): number | undefined {
  const parts = header.segments.filter(({ type }) => type === PT.load);
  const base = floor(parts[0]?.address ?? 0n, page);
  const address = mapping.start - start + base;
  const part = parts.find(
    (each) => floor(each.address, page) <= address && address < each.address + BigInt(each.fileSize),
  );
  if (part === undefined) return undefined;
  const shift = floor(part.address, page) - floor(BigInt(part.offset), page);
  return address - mapping.offset === shift ? part.flags & 7 : undefined;
}

const floor = (value: bigint, page: bigint): bigint => value - (value % page);
