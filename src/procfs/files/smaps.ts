import type { MessageMap } from "../../criu/index.ts";
import type { ProcFile } from "../model.ts";
import { mmOf } from "../task-facts.ts";
import { linesNamed } from "../text.ts";
import { mapHeaders, MAPS_DIFFERENCES } from "./maps.ts";

type Vma = MessageMap["vma_entry"];

/** Letters of `fs/proc/task_mmu.c: show_smap_vma_flags`, for what CRIU keeps of a mapping's flags. */
const FLAGS: readonly (readonly [letters: string, from: "prot" | "flags" | "madv", bit: number])[] = [
  ["rd", "prot", 1],
  ["wr", "prot", 2],
  ["ex", "prot", 4],
  ["sh", "flags", 1],
  ["gd", "flags", 0x100],
  ["lo", "flags", 0x2000],
  ["sr", "madv", 1 << 2],
  ["rr", "madv", 1 << 1],
  ["dc", "madv", 1 << 10],
  ["nr", "flags", 0x4000],
  ["ht", "flags", 0x40000],
  ["wf", "madv", 1 << 18],
  ["dd", "madv", 1 << 16],
  ["hg", "madv", 1 << 14],
  ["nh", "madv", 1 << 15],
  ["mg", "madv", 1 << 12],
];

const VMA_FILE_SHARED = 0x80;
const VMA_AREA_SYSVIPC = 0x400;
const VMA_AREA_GUARD = 1 << 16;
const O_ACCMODE = 3;

function isSet(vma: Vma, [letters, from, bit]: (typeof FLAGS)[number]): boolean {
  // A shared mapping of a file (or segment) that was opened for reading can never be written: for the kernel it is private.
  if (
    letters === "sh" &&
    (vma.status & (VMA_FILE_SHARED | VMA_AREA_SYSVIPC)) !== 0 &&
    ((vma.fdflags ?? O_ACCMODE) & O_ACCMODE) === 0
  )
    return false;
  return (Number(vma[from] ?? 0) & bit) !== 0;
}

/** `fs/proc/task_mmu.c: show_smap`: the lines that a dump knows. */
export const smaps: ProcFile = {
  name: "smaps",
  perThread: true,
  write: async (task) => {
    const mm = await mmOf(task);
    const vmas = new Map(
      mm?.vmas.filter(({ status }) => (status & VMA_AREA_GUARD) === 0).map((vma) => [vma.start, vma]),
    );
    return blocks(await mapHeaders(task), vmas, await task.images.pageSize(task.process.pid));
  },
  differences: [
    ...MAPS_DIFFERENCES,
    {
      field: "Size of [vvar]",
      frozen: "with that of `[vvar_vclock]`",
      why: "CRIU dumps them as one mapping.",
      pattern: /(?<=\[vvar\]\n)Size: .*\n/g,
      becomes: "",
    },
    {
      field: "Rss to Locked, THPeligible, ProtectionKey",
      frozen: "missing",
      why: "A dump holds the pages that have to be kept, not which ones were resident, shared or swapped.",
      pattern: linesNamed(
        "Rss|Pss|Pss_Dirty|Shared_Clean|Shared_Dirty|Private_Clean|Private_Dirty|Referenced|Anonymous|KSM|LazyFree|AnonHugePages|ShmemPmdMapped|FilePmdMapped|Shared_Hugetlb|Private_Hugetlb|Swap|SwapPss|Locked|THPeligible|ProtectionKey",
      ),
      becomes: "",
    },
    {
      field: "VmFlags",
      frozen: "only rd wr ex sh gd lo sr rr dc nr ht wf dd hg nh mg",
      why: "CRIU keeps what it needs to map the same again.",
      pattern: /(?<=^VmFlags:.*) (?:mr|mw|me|ms|pf|io|lf|de|ac|ar|sf|sd|mm|ss|um|uw|ui|pi|gu|sl|dp|nl)\b/gm,
      becomes: "",
    },
  ],
};

function* blocks(
  headers: Awaited<ReturnType<typeof mapHeaders>>,
  vmas: ReadonlyMap<bigint, Vma>,
  pageSize: number,
): Generator<string> {
  const kilobytes = (name: string, bytes: bigint): string =>
    `${`${name}:`.padEnd(15)} ${String(bytes / 1024n).padStart(8)} kB\n`;
  for (const [mapping, header] of headers) {
    const vma = vmas.get(mapping.start);
    const set = vma === undefined ? [] : FLAGS.filter((row) => isSet(vma, row));
    yield (
      header +
      kilobytes("Size", mapping.end - mapping.start) +
      kilobytes("KernelPageSize", BigInt(pageSize)) +
      kilobytes("MMUPageSize", BigInt(pageSize)) +
      `VmFlags: ${set.map(([letters]) => `${letters} `).join("")}\n`
    );
  }
}
