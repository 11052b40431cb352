import type { MessageMap } from "../criu/index.ts";
import type { FileTable } from "./files/table.ts";
import { flagNames } from "./names.ts";
import { pacer } from "./pace.ts";

/** What memory is for, by the bits of `vma_entry.status`. */
export type MappingKind =
  | "file"
  | "anonymous"
  | "shared"
  | "memfd"
  | "heap"
  | "stack"
  | "vdso"
  | "vvar"
  | "vsyscall"
  | "sysv"
  | "socket"
  | "aio"
  | "other";

/** One VMA: the addresses `[start, end)`. */
export interface Mapping {
  readonly start: bigint;
  readonly end: bigint;
  /** As in /proc/PID/maps: `r-xp`. */
  readonly permissions: string;
  readonly kind: MappingKind;
  /** Path of the mapped file, or `[heap]`, `[stack]`, `[vdso]` …; undefined for anonymous memory. */
  readonly name: string | undefined;
  /** Offset in the mapped file, bytes. */
  readonly offset: bigint;
  /** Id in files.img of the mapped file. */
  readonly fileId: number | undefined;
  /** Of shared memory without a file: ID of `pagemap-shmem-ID.img`. Of files the same as `fileId`. */
  readonly shmid: bigint;
  /** Of mmap(2): `MAP_PRIVATE`, `MAP_ANON` … */
  readonly flags: readonly string[];
  /** What madvise(2) was told: `MADV_DONTFORK` … */
  readonly advice: readonly string[];
  /** Letters of VmFlags in /proc/PID/smaps, of those that images know: `rd`, `ex` … */
  readonly vmFlags: readonly string[];
  /** Open flags of the mapped file, as a number. */
  readonly openFlags: number | undefined;
}

type Vma = MessageMap["vma_entry"];
type Mm = Omit<MessageMap["mm_entry"], "vmas">;

const PROT = [
  [1, "r"],
  [2, "w"],
  [4, "x"],
] as const;
const MAP_SHARED = 1;

/** Bits of vma_entry.status (`criu/include/image.h`), the telling ones first. */
const STATUS: readonly (readonly [bit: number, kind: MappingKind, name: string | undefined])[] = [
  [1 << 2, "vsyscall", "[vsyscall]"],
  [1 << 3, "vdso", "[vdso]"],
  [1 << 12, "vvar", "[vvar]"],
  [1 << 13, "aio", "[aio]"],
  [1 << 10, "sysv", "[sysv shm]"],
  [1 << 11, "socket", "[socket]"],
  [1 << 14, "memfd", undefined],
  [1 << 6, "file", undefined],
  [1 << 7, "file", undefined],
  [1 << 1, "stack", "[stack]"],
  [1 << 5, "heap", "[heap]"],
  [1 << 8, "shared", "[shared]"],
  [1 << 9, "anonymous", undefined],
];
/** `VMA_AREA_GUARD`: no mapping, but pages of others where MADV_GUARD_INSTALL was asked for (CRIU 4.2, behind all mappings). */
const GUARD = 1 << 16;
/** Kinds whose `shmid` is the id of a file in files.img. */
const WITH_FILE: ReadonlySet<MappingKind> = new Set(["file", "memfd"]);

/** The VMAs of a process as /proc/PID/maps lists them. Files are named from `table`. */
export async function memoryMapOf(
  mm: Mm,
  vmas: readonly Vma[],
  table: FileTable,
): Promise<readonly Mapping[]> {
  const pause = pacer();
  const words = wordsOf();
  const map: Mapping[] = [];
  for (const vma of vmas) {
    await pause();
    if ((vma.status & GUARD) !== 0) continue;
    map.push(mapping(vma, mm, table, words));
  }
  return map;
}

function mapping(vma: Vma, mm: Mm, table: FileTable, words: (vma: Vma) => Words): Mapping {
  const row = STATUS.find(([bit]) => (vma.status & bit) !== 0);
  const isAnonymous = row?.[1] === "anonymous";
  const special = isAnonymous ? heapOrStack(vma, mm) : undefined;
  const stated = special ?? row?.[1] ?? "other";
  const fileId = WITH_FILE.has(stated) ? Number(vma.shmid) : undefined;
  const kind = fileId !== undefined && table.isSharedAnonymous(fileId) ? "shared" : stated;
  return {
    start: vma.start,
    end: vma.end,
    kind,
    name: fileId === undefined ? (special ? `[${special}]` : row?.[2]) : fileName(fileId, table),
    offset: vma.pgoff,
    fileId,
    shmid: vma.shmid,
    ...words(vma),
    openFlags: vma.fdflags,
  };
}

type Words = Pick<Mapping, "permissions" | "flags" | "advice" | "vmFlags">;

/** Finds the words for a VMA's bits. There are few combinations however many VMAs, and each is put into words once. */
function wordsOf(): (vma: Vma) => Words {
  const known = new Map<string, Words>();
  return (vma) => {
    const key = `${vma.prot} ${vma.flags} ${vma.madv ?? 0n} ${vma.status}`;
    let words = known.get(key);
    if (words === undefined) {
      words = {
        permissions: permissionsOf(vma),
        flags: flagNames("vma.flags", vma.flags),
        advice: flagNames("vma.madv", vma.madv ?? 0n),
        vmFlags: vmFlags(vma),
      };
      known.set(key, words);
    }
    return words;
  };
}

/** CRIU stores no name for them; the kernel goes by the same bounds (`fs/proc/task_mmu.c`). */
function heapOrStack(vma: Vma, mm: Mm): "heap" | "stack" | undefined {
  if (vma.start < mm.mm_brk && vma.end > mm.mm_start_brk) return "heap";
  if (vma.start <= mm.mm_start_stack && vma.end >= mm.mm_start_stack) return "stack";
  return undefined;
}

function fileName(id: number, table: FileTable): string | undefined {
  const name = table.pathOf(id);
  if (name === undefined) return undefined;
  return table.isDeleted(id) ? `${name} (deleted)` : name;
}

function permissionsOf(vma: Vma): string {
  const access = PROT.map(([bit, letter]) => ((vma.prot & bit) === 0 ? "-" : letter)).join("");
  return access + ((vma.flags & MAP_SHARED) === 0 ? "p" : "s");
}

/**
 * The two letters that /proc/PID/smaps has for what the image tells of a VMA (`fs/proc/task_mmu.c: show_smap_vma_flags`), in
 * its order. Those that are not of the image (`mr`, `mw`, `me`, `ac`, `sd`) are left out.
 */
function vmFlags({ prot, flags, madv = 0n, status }: Vma): readonly string[] {
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const advised = (bit: bigint): boolean => (madv & bit) !== 0n;
  const letters: readonly (readonly [string, boolean])[] = [
    ["rd", (prot & 1) !== 0],
    ["wr", (prot & 2) !== 0],
    ["ex", (prot & 4) !== 0],
    ["sh", has(MAP_SHARED)],
    ["gd", has(0x100)],
    ["lo", has(0x2000)],
    ["sr", advised(0x4n)],
    ["rr", advised(0x2n)],
    ["dc", advised(0x400n)],
    ["nr", has(0x4000)],
    ["ht", has(0x40000)],
    ["wf", advised(0x40000n)],
    ["dd", advised(0x10000n)],
    ["hg", advised(0x4000n)],
    ["nh", advised(0x8000n)],
    ["mg", advised(0x1000n)],
    ["ss", (status & (1 << 15)) !== 0],
  ];
  return letters.filter(([, isSet]) => isSet).map(([name]) => name);
}
