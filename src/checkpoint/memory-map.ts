import type { MessageMap } from "../criu/index.ts";
import type { FileTable } from "./files.ts";
import type { Mapping, MappingKind } from "./model.ts";

type Vma = MessageMap["vma_entry"];
type Mm = MessageMap["mm_entry"];

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
/** Kinds whose `shmid` is the id of a file in files.img. */
const WITH_FILE: ReadonlySet<MappingKind> = new Set(["file", "memfd"]);

/** The VMAs of a process as /proc/PID/maps lists them. Files are named from `table`. */
export function memoryMapOf(mm: Mm, table: FileTable): readonly Mapping[] {
  return mm.vmas.map((vma) => mapping(vma, mm, table));
}

function mapping(vma: Vma, mm: Mm, table: FileTable): Mapping {
  const row = STATUS.find(([bit]) => (vma.status & bit) !== 0);
  const isAnonymous = row?.[1] === "anonymous";
  const special = isAnonymous ? heapOrStack(vma, mm) : undefined;
  const stated = special ?? row?.[1] ?? "other";
  const fileId = WITH_FILE.has(stated) ? Number(vma.shmid) : undefined;
  const kind = fileId !== undefined && table.isSharedAnonymous(fileId) ? "shared" : stated;
  return {
    start: vma.start,
    end: vma.end,
    permissions: permissionsOf(vma),
    kind,
    name: fileId === undefined ? (special ? `[${special}]` : row?.[2]) : fileName(fileId, table),
    offset: vma.pgoff,
    fileId,
  };
}

/** CRIU stores no name for them; the kernel goes by the same bounds (`fs/proc/task_mmu.c`). */
function heapOrStack(vma: Vma, mm: Mm): "heap" | "stack" | undefined {
  if (vma.start <= mm.mm_brk && vma.end >= mm.mm_start_brk && mm.mm_brk > mm.mm_start_brk) return "heap";
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
