import { pathInLayer, readMm } from "../../checkpoint/index.ts";
import type { Checkpoint, Mapping, MmImage } from "../../checkpoint/index.ts";
import { pageSizeOf } from "../../criu/index.ts";
import type { MessageMap, Problem } from "../../criu/index.ts";
import type { BackingFiles, FoundFile, NoFile } from "../files/backing.ts";
import { memoryErrors } from "../errors.ts";

/** What the pages of an area are that its process's own pagemap doesn't have. */
export type Backing =
  | { readonly kind: "zero" }
  /** A shared memory object: `pagemap-shmem-ID.img`. */
  | { readonly kind: "object"; readonly id: string }
  | { readonly kind: "file"; readonly found: FoundFile | NoFile }
  /** The kernel's: vvar, vsyscall, rings of packet sockets. */
  | { readonly kind: "kernel" };

/** One VMA of an address space. */
export interface Area extends Mapping {
  /** `start` and `end` as page numbers. */
  readonly first: number;
  readonly last: number;
  readonly backing: Backing;
  /** Pages of 2 MiB or 1 GiB; CRIU stores them as ordinary ones. */
  readonly hugetlb: boolean;
}

/** Page numbers `[first, last)` that end the process when they are touched (`MADV_GUARD_INSTALL`). */
export interface Guard {
  readonly first: number;
  readonly last: number;
}

export interface Areas {
  readonly pageSize: number;
  /** By address; they don't overlap. */
  readonly areas: readonly Area[];
  readonly guards: readonly Guard[];
  readonly mm: MmImage;
}

type Vma = MessageMap["vma_entry"];
type Tell = (problem: Problem) => void;

/** Bits of vma_entry.status and .flags (`criu/include/image.h`, `mman.h`). */
const STATUS_GUARD = 1 << 16;
const MAP_HUGETLB = 0x40000;
/** The kernel's own limit is 65530 unless someone raised it (`vm.max_map_count`). */
const MAX_AREAS = 1_048_576;
const KERNEL_KINDS: ReadonlySet<string> = new Set(["vvar", "vdso", "vsyscall", "socket"]);
const OBJECT_KINDS: ReadonlySet<string> = new Set(["shared", "sysv"]);

/**
 * The areas of a process. Guard regions, which CRIU lists as VMAs over others, are apart. Throws `memory.noProcess` and
 * `memory.none` (a zombie).
 */
export async function readAreas(
  checkpoint: Checkpoint,
  pid: number,
  files: BackingFiles,
  tell: Tell,
): Promise<Areas> {
  const [layer] = checkpoint.layers;
  if (checkpoint.process(pid) === undefined || layer === undefined) throw memoryErrors.noProcess(pid);
  const name = `mm-${pid}.img`;
  // A process that had ended has none, which is no fault of the dump's.
  const mm = layer.files.get(name)?.kind === "file" ? await readMm(layer, pid, tell) : undefined;
  if (mm === undefined) throw memoryErrors.noMemory(pid);
  const file = pathInLayer(layer, name);
  const vmas = await mm.vmas(tell);
  if (vmas.length > MAX_AREAS) throw memoryErrors.tooManyMappings(vmas.length, { file });
  const pageSize = pageSizeOf(mm, vmas);
  const { value: mappings } = await checkpoint.memoryMap(pid);
  /** Made for lists that don't go together only: a second list of 100,000 costs memory. */
  let byStart: ReadonlyMap<bigint, Mapping> | undefined;
  const page = BigInt(pageSize);
  const guards: Guard[] = [];
  const areas: Area[] = [];
  for (const [index, vma] of vmas.entries()) {
    const range = { first: Number(vma.start / page), last: Number((vma.end + page - 1n) / page) };
    if ((vma.status & STATUS_GUARD) !== 0) {
      guards.push(range);
      continue;
    }
    const listed = mappings[index];
    byStart ??= listed?.start === vma.start ? undefined : new Map(mappings.map((each) => [each.start, each]));
    const mapping = listed?.start === vma.start ? listed : byStart?.get(vma.start);
    if (mapping === undefined || vma.end <= vma.start) continue;
    const backing = await backingOf(mapping, vma, files);
    areas.push(areaOf(mapping, range, backing, (vma.flags & MAP_HUGETLB) !== 0));
  }
  const sorted = apart(areas, page, (overlapping) => {
    tell({
      code: "memory.overlap",
      message: `Mappings that lie over others were cut where they do: ${overlapping}.`,
      severity: "warning",
      file,
    });
  });
  return { pageSize, mm, areas: sorted, guards: guards.toSorted((a, b) => a.first - b.first) };
}

/** Written out, not spread: there may be 100,000, and V8 keeps spread objects of this size as hash tables. */
function areaOf(mapping: Mapping, { first, last }: Guard, backing: Backing, hugetlb: boolean): Area {
  return {
    start: mapping.start,
    end: mapping.end,
    kind: mapping.kind,
    name: mapping.name,
    offset: mapping.offset,
    fileId: mapping.fileId,
    shmid: mapping.shmid,
    permissions: mapping.permissions,
    flags: mapping.flags,
    advice: mapping.advice,
    vmFlags: mapping.vmFlags,
    openFlags: mapping.openFlags,
    first,
    last,
    backing,
    hugetlb,
  };
}

const ZERO: Backing = { kind: "zero" };
const KERNEL: Backing = { kind: "kernel" };

async function backingOf(mapping: Mapping, vma: Vma, files: BackingFiles): Promise<Backing> {
  const { kind, fileId } = mapping;
  if (fileId !== undefined) {
    const file = await files.get(fileId);
    if (file?.kind === "memfd") return { kind: "object", id: String(file.shmid) };
    return { kind: "file", found: await files.find(fileId) };
  }
  if (OBJECT_KINDS.has(kind)) return { kind: "object", id: String(vma.shmid) };
  return KERNEL_KINDS.has(kind) ? KERNEL : ZERO;
}

/** In order of address. Of two that overlap, which no process can have, the later one loses what they share. */
function apart(areas: readonly Area[], page: bigint, tell: (count: number) => void): readonly Area[] {
  const sorted = areas.toSorted((a, b) => a.first - b.first);
  const kept: Area[] = [];
  let overlapping = 0;
  let end = 0;
  for (const area of sorted) {
    if (area.first < end) overlapping++;
    const first = Math.max(area.first, end);
    if (first >= area.last) continue;
    const cut = BigInt(first - area.first) * page;
    kept.push(cut === 0n ? area : { ...area, first, start: area.start + cut, offset: area.offset + cut });
    end = area.last;
  }
  if (overlapping > 0) tell(overlapping);
  return kept;
}
