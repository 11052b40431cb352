// A core file as CRIU would have written the process: the same facts in CRIU's images, made in memory, so that all that
// reads checkpoints reads cores.
import type { ByteSource } from "../../bytes/index.ts";
import { encodeImage } from "../../criu/index.ts";
import { NT, readBuildId, readElfHeader } from "../../memory/index.ts";
import { Cursor } from "../elf/cursor.ts";
import { corefileErrors } from "../errors.ts";
import type { CoreFile, CoreMapping, CoreSegment } from "./core-file.ts";
import type { CoreMappedFile, CoreProcess, CoreThread } from "./core-process.ts";
import { findInitialStack } from "./initial-stack.ts";
import type { InitialStack } from "./initial-stack.ts";
import { registersImage } from "./thread-registers.ts";

/** Bits of vma_entry.status (`criu/include/image.h`). */
const STATUS = { regular: 1, filePrivate: 1 << 6, fileShared: 1 << 7, anonPrivate: 1 << 9 } as const;
const KINDS = { stack: 2, vsyscall: 4, vdso: 8, heap: 32, vvar: 1 << 12 } as const;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_ANONYMOUS = 0x20;
/** pagemap_entry.flags: pages that are in the pages file, and pages that the dump left where they were. */
const PAGES = { lazy: 2, present: 4 } as const;
const AT_PAGESZ = 6n;
const AT_SYSINFO_EHDR = 33n;

/** A stretch of pages of a segment: in the core file, or not. */
interface Stretch {
  readonly start: bigint;
  readonly pages: number;
  readonly isStored: boolean;
}

export interface CoreImages {
  /** By name, but for the pages. */
  readonly images: ReadonlyMap<string, Uint8Array>;
  /** The pages of pages-1.img: parts of the core file, in order. */
  readonly parts: readonly { readonly offset: number; readonly length: number }[];
}

/** Throws `corefile.unreadable` when there is no thread. */
export async function imagesOfCore(
  source: ByteSource,
  core: CoreFile,
  process: CoreProcess,
): Promise<CoreImages> {
  const [leader] = process.threads;
  if (leader === undefined) throw corefileErrors.unreadable("its notes, which name the threads, are missing");
  const page = pageSizeOf(process, core);
  const stretches = core.segments.flatMap((segment) => stretchesOf(segment, process, page, source.size));
  const stack = await findInitialStack(source, core, process);
  const files = await filesOf(source, core, process);
  const { pid, ppid, pgid, sid } = process;
  const tids = new Set([pid, ...process.threads.map(({ tid }) => tid)]);
  const images: Record<string, object> = {
    inventory: imageOf("INVENTORY", [{ img_version: 2, fdinfo_per_id: true, ns_per_id: true }]),
    pstree: imageOf("PSTREE", [{ pid, ppid, pgid, sid, threads: [...tids] }]),
    files: imageOf("FILES", files.entries),
    [`mm-${pid}`]: imageOf("MM", [mmOf(core, process, stack, files.ids)]),
    [`pagemap-${pid}`]: imageOf("PAGEMAP", [
      { pages_id: 1 },
      ...stretches.map(({ start, pages, isStored }) => ({
        vaddr: hex(start),
        compat_nr_pages: 0,
        nr_pages: pages,
        flags: isStored ? PAGES.present : PAGES.lazy,
      })),
    ]),
  };
  for (const tid of tids) {
    const thread = process.threads.find((each) => each.tid === tid) ?? leader;
    images[`core-${tid}`] = imageOf("CORE", [coreOf(process, thread, tid === pid)]);
  }
  return {
    images: new Map(
      Object.entries(images).map(([name, image]) => [
        `${name}.img`,
        Buffer.concat([...encodeImage(JSON.stringify(image))]),
      ]),
    ),
    parts: core.segments.flatMap((segment) => partOf(segment, page, source.size)),
  };
}

const imageOf = (magic: string, entries: readonly object[]): object => ({ magic, entries });
const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** Bytes of a page: what the auxiliary vector says, where all segments are whole pages of it. */
export function pageSizeOf({ auxiliary }: CoreProcess, { segments }: CoreFile): bigint {
  const told = auxiliary.find(([type]) => type === AT_PAGESZ)?.[1] ?? 0n;
  const isPower = told >= 4096n && told <= 65_536n && (told & (told - 1n)) === 0n;
  const fits = (): boolean => segments.every(({ start, end }) => start % told === 0n && end % told === 0n);
  return isPower && fits() ? told : 4096n;
}

/** Whole pages of a segment that the core file has: the last may be cut off with the file. */
const storedPages = ({ offset, stored }: CoreSegment, page: bigint, size: number): number =>
  Math.floor(Math.max(0, Math.min(stored, size - offset)) / Number(page));

/**
 * What a core lacks of a mapped file is the file's. What it lacks of other memory was left out by the kernel's filter
 * (`coredump_filter` of core(5)), or never touched: nobody can tell, so it isn't called zero.
 */
function stretchesOf(
  segment: CoreSegment,
  { files }: CoreProcess,
  page: bigint,
  size: number,
): readonly Stretch[] {
  const { start, end, stored } = segment;
  const here = storedPages(segment, page, size);
  const border = start + BigInt(here) * page;
  const isFile = segment.isFile ?? fileAt(files, segment) !== undefined;
  const meant = isFile ? start + ((BigInt(stored) + page - 1n) / page) * page : end;
  const missing = Number((meant - border) / page);
  return [
    ...(here > 0 ? [{ start, pages: here, isStored: true }] : []),
    ...(missing > 0 ? [{ start: border, pages: missing, isStored: false }] : []),
  ];
}

function partOf(segment: CoreSegment, page: bigint, size: number): CoreImages["parts"] {
  const length = storedPages(segment, page, size) * Number(page);
  return length > 0 ? [{ offset: segment.offset, length }] : [];
}

/** `files` are in order of address. */
const fileAt = (
  files: readonly CoreMappedFile[],
  { start, end }: { readonly start: bigint; readonly end: bigint },
): CoreMappedFile | undefined => {
  let low = 0;
  let high = files.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((files[middle]?.start ?? 0n) <= start) low = middle + 1;
    else high = middle;
  }
  const file = files[low - 1];
  return file && file.end >= end ? file : undefined;
};

function mmOf(
  { segments, mappings = segments.map(mappingOf), word }: CoreFile,
  process: CoreProcess,
  stack: InitialStack | undefined,
  ids: ReadonlyMap<string, number>,
): object {
  const { auxiliary, auxiliaryBytes, files, threads } = process;
  const pointer = stack?.start ?? threads[0]?.general?.["sp"] ?? 0n;
  const vdso = auxiliary.find(([type]) => type === AT_SYSINFO_EHDR)?.[1];
  const cursor = new Cursor(auxiliaryBytes, true);
  const auxv: string[] = [];
  while (cursor.offset + word <= auxiliaryBytes.length) auxv.push(String(cursor.unsigned(word)));
  const zero = "0x0";
  const heap = mappings.find(({ kind }) => kind === "heap");
  return {
    ...{ mm_start_code: zero, mm_end_code: zero, mm_start_data: zero, mm_end_data: zero },
    ...{ mm_start_brk: hex(heap?.start ?? 0n), mm_brk: hex(heap?.end ?? 0n) },
    exe_file_id: ids.get(files[0]?.path ?? "") ?? 0,
    mm_start_stack: hex(pointer),
    mm_arg_start: hex(stack?.argumentsStart ?? 0n),
    mm_arg_end: hex(stack?.environmentStart ?? 0n),
    mm_env_start: hex(stack?.environmentStart ?? 0n),
    mm_env_end: hex(stack?.environmentEnd ?? 0n),
    mm_saved_auxv: auxv,
    vmas: mappings.map((mapping) => {
      const file = fileAt(files, mapping);
      const special = mapping.kind ?? (file === undefined && mapping.start === vdso ? "vdso" : undefined);
      const anonymous = STATUS.anonPrivate | (special ? KINDS[special] : 0);
      const kind = file ? (mapping.shared ? STATUS.fileShared : STATUS.filePrivate) : anonymous;
      return {
        start: hex(mapping.start),
        end: hex(mapping.end),
        pgoff: String(file ? file.offset + (mapping.start - file.start) : 0n),
        shmid: file ? (ids.get(file.path) ?? 0) : 0,
        // PF_R is 4 and PROT_READ 1, the other way round.
        prot: (mapping.flags & 2) | ((mapping.flags & 4) >> 2) | ((mapping.flags & 1) << 2),
        flags: (mapping.shared ? MAP_SHARED : MAP_PRIVATE) | (file ? 0 : MAP_ANONYMOUS),
        status: STATUS.regular | kind,
        ...{ fd: -1, fdflags: zero },
      };
    }),
    dumpable: 1,
  };
}

const mappingOf = ({ start, end, flags }: CoreSegment): CoreMapping => ({
  ...{ start, end, flags },
  kind: undefined,
  shared: false,
});

interface CoreFiles {
  readonly entries: readonly object[];
  /** Ids in files.img by path. */
  readonly ids: ReadonlyMap<string, number>;
}

/** The mapped files, each with the build id that its first page in the core has. */
async function filesOf(
  source: ByteSource,
  { segments }: CoreFile,
  { files }: CoreProcess,
): Promise<CoreFiles> {
  const ids = new Map<string, number>();
  const entries: object[] = [];
  for (const file of files) {
    if (ids.has(file.path)) continue;
    const id = ids.size + 1;
    ids.set(file.path, id);
    const segment = segments.find(({ start, stored }) => start === file.start && stored > 0);
    const found = segment && file.offset === 0n ? await buildIdIn(source, segment) : undefined;
    const buildId = found ?? file.buildId;
    const fown = { uid: 0, euid: 0, signum: 0, pid_type: 0, pid: 0 };
    const words = buildId === undefined ? [] : wordsOf(buildId);
    entries.push({
      type: "REG",
      id,
      reg: { id, flags: 0, pos: 0, fown, name: file.path, ...(words.length > 0 && { build_id: words }) },
    });
  }
  return { entries, ids };
}

/** Broken ones have none. */
async function buildIdIn(source: ByteSource, { offset, stored }: CoreSegment): Promise<string | undefined> {
  const inside: ByteSource = {
    size: stored,
    read: (from, length) => source.read(offset + from, Math.max(0, Math.min(length, stored - from))),
  };
  try {
    const header = await readElfHeader(inside);
    return header && (await readBuildId(inside, header));
  } catch {
    return undefined;
  }
}

/** CRIU keeps the bytes of a build id as words of the machine; one that isn't whole words can't be kept. */
function wordsOf(buildId: string): readonly number[] {
  const bytes = Buffer.from(buildId, "hex");
  if (bytes.length % 4 !== 0) return [];
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32LE(index * 4));
}

function coreOf(process: CoreProcess, thread: CoreThread | undefined, isLeader: boolean): object {
  const { architecture, comm, uid, gid } = process;
  const ids = { uid, gid, euid: uid, egid: gid, suid: uid, sgid: gid, fsuid: uid, fsgid: gid };
  const none = [0, 0];
  // The first thread is the one that was current.
  const signals = signalsOf(thread, thread === process.threads[0]);
  return {
    mtype: architecture ?? "UNKNOWN",
    ...registersImage(architecture, thread),
    ...(isLeader && {
      tc: {
        task_state: "Alive",
        exit_code: 0,
        personality: 0,
        flags: process.flags,
        blk_sigset: hex(thread?.blocked ?? 0n),
        comm,
      },
    }),
    thread_core: {
      ...{ futex_rla: 0, futex_rla_len: 0, sched_nice: process.nice, sched_policy: 0 },
      blk_sigset: hex(thread?.blocked ?? 0n),
      creds: { ...ids, cap_inh: none, cap_prm: none, cap_eff: none, cap_bnd: none, secbits: 0 },
      ...(isLeader && { comm }),
      ...(signals.length > 0 && { signals_p: { signals } }),
    },
  };
}

const SIGINFO = 128;

/** The signal that a thread got, as one that is on its way. What the core has no siginfo of has its number alone. */
function signalsOf(thread: CoreThread | undefined, isCurrent: boolean): readonly { siginfo: string }[] {
  const told = thread?.notes.get(NT.siginfo);
  const whole = told?.length === SIGINFO && new Cursor(told, true).u32() > 0 ? Buffer.from(told) : undefined;
  const signal = isCurrent ? (thread?.signal ?? 0) : 0;
  if (whole === undefined && signal === 0) return [];
  const alone = Buffer.alloc(SIGINFO);
  alone.writeUInt32LE(signal);
  return [{ siginfo: (whole ?? alone).toString("base64") }];
}
