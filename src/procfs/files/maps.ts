import type { Mapping } from "../../checkpoint/index.ts";
import type { Difference, ProcFile, Task } from "../model.ts";
import { mmOf } from "../task-facts.ts";
import { hex, octal } from "../text.ts";

/** Column at which a mapping's name begins: 25 + 6 × 8 (`fs/proc/task_mmu.c: show_vma_header_prefix`). */
const NAME_COLUMN = 73;

export const MAPS_DIFFERENCES: readonly Difference[] = [
  {
    field: "device and inode",
    frozen: "`00:00 0`",
    why: "CRIU keeps a mapped file by its path; neither its device nor its inode is dumped.",
    pattern: /^(\S+-\S+ \S{4} \S+) \S+ \d+ */gm,
    becomes: "$1 * ",
  },
  {
    field: "[vvar_vclock]",
    frozen: "part of `[vvar]`",
    why: "CRIU dumps the pages that the kernel lends for reading clocks as one mapping.",
    pattern: /^([0-9a-f]+)-[0-9a-f]+ (.*\[vvar\])\n(?:[A-Z].*\n)*[0-9a-f]+-([0-9a-f]+) .*\[vvar_vclock\]$/gm,
    becomes: "$1-$3 $2",
  },
  {
    field: "[anon:NAME]",
    frozen: "no name",
    why: "Names given to anonymous memory by prctl(2) are not dumped.",
    pattern: / *\[anon(?:_shmem)?:[^\]\n]*\]$/gm,
    becomes: " ",
  },
];

/** `fs/proc/task_mmu.c: show_map_vma`. */
export const maps: ProcFile = {
  name: "maps",
  perThread: true,
  write: async (task) => {
    const headers = await mapHeaders(task);
    return headers.map(([, header]) => header);
  },
  differences: MAPS_DIFFERENCES,
};

/** Every mapping with its line in `maps`. */
export async function mapHeaders(task: Task): Promise<readonly (readonly [Mapping, string])[]> {
  if (task.process.state === "zombie") return [];
  const { value } = await task.checkpoint.memoryMap(task.process.pid);
  const sysv = await sysvNames(task);
  return value.map((mapping) => [mapping, header(mapping, sysv)] as const);
}

function header(mapping: Mapping, sysv: ReadonlyMap<bigint, string>): string {
  const { start, end, permissions, offset } = mapping;
  const shown = hasOffset(mapping) ? offset : 0n;
  const prefix = `${hex(start, 8)}-${hex(end, 8)} ${permissions} ${hex(shown, 8)} 00:00 0 `;
  const name = nameOf(mapping, sysv);
  return name === "" ? `${prefix}\n` : `${prefix.padEnd(NAME_COLUMN)}${octal(name, "\n")}\n`;
}

const hasOffset = ({ kind }: Mapping): boolean => kind === "file" || kind === "memfd" || kind === "shared";

/** Kinds that the kernel names otherwise than by their file. */
const NAMES: Partial<Record<Mapping["kind"], string>> = {
  shared: "/dev/zero (deleted)",
  aio: "/[aio] (deleted)",
  sysv: "/SYSV00000000 (deleted)",
  socket: "socket:[0]",
};

function nameOf({ kind, name, start }: Mapping, sysv: ReadonlyMap<bigint, string>): string {
  return sysv.get(start) ?? (name?.startsWith("/") ? name : undefined) ?? NAMES[kind] ?? name ?? "";
}

const VMA_AREA_SYSVIPC = 0x400;

/** Names of attached SysV segments by the start of their mapping: `/SYSV00001234 (deleted)`, after the segment's key. */
async function sysvNames(task: Task): Promise<ReadonlyMap<bigint, string>> {
  const names = new Map<bigint, string>();
  const attached = (await mmOf(task))?.vmas.filter((vma) => (vma.status & VMA_AREA_SYSVIPC) !== 0) ?? [];
  if (attached.length === 0) return names;
  const keys = new Map<bigint, number>();
  for (const file of task.images.names(/^ipcns-shm-\d{1,10}\.img$/))
    for (const { desc } of await task.images.all(file, "ipc_shm_entry")) keys.set(BigInt(desc.id), desc.key);
  for (const { start, shmid } of attached) {
    const key = keys.get(shmid);
    if (key !== undefined) names.set(start, `/SYSV${hex(key, 8)} (deleted)`);
  }
  return names;
}
