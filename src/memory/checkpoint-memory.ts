import type { FileTree } from "../archive/index.ts";
import { onceEach, openPageStore } from "../checkpoint/index.ts";
import type { Checkpoint, Pagemap, PageStore } from "../checkpoint/index.ts";
import type { Problem } from "../criu/index.ts";
import { openBackingFiles } from "./files/backing.ts";
import type { BackingFiles } from "./files/backing.ts";
import { addressSpace } from "./space/address-space.ts";
import type { AddressSpace } from "./space/address-space.ts";
import type { Area } from "./space/areas.ts";
import { readAreas } from "./space/areas.ts";

export interface MemoryOptions {
  /** A root folder or container image that has the files which were mapped and not dumped. Stays the caller's. */
  readonly sysroot?: FileTree | undefined;
}

/** The memory of all processes of a checkpoint. Has descriptors open: close it before the checkpoint. */
export interface CheckpointMemory {
  readonly checkpoint: Checkpoint;
  readonly files: BackingFiles;
  /** What was found to be wrong so far. */
  readonly problems: readonly Problem[];
  /** Pids of the processes that have memory: zombies don't. */
  readonly pids: readonly number[];
  /** Throws `memory.noProcess` and `memory.none`. */
  space(pid: number): Promise<AddressSpace>;
  /** The pages of the layers, for readers with an order of their own. */
  store(pageSize: number): PageStore;
  close(): Promise<void>;
}

/** Dumped pages that no mapping covers. */
function pagesOutside(areas: readonly Area[], map: Pagemap | undefined): number {
  let pages = 0;
  let index = 0;
  for (let entry = 0; map && entry < map.count; entry++) {
    let at = map.first[entry] ?? 0;
    const end = at + (map.pages[entry] ?? 0);
    while (at < end) {
      while ((areas[index]?.last ?? Infinity) <= at) index++;
      const from = Math.min(areas[index]?.first ?? end, end);
      pages += Math.max(0, from - at);
      at = Math.max(at, Math.min(areas[index]?.last ?? end, end));
    }
  }
  return pages;
}

const outsideMappings = (pid: number, pages: number): Problem => ({
  code: "memory.outsideMappings",
  message: `Dumped pages of process ${pid} that no mapping covers: ${pages}.`,
  severity: "warning",
  file: `pagemap-${pid}.img`,
});

/** Why a chain of layers ends early. */
const LAYER_LOST: ReadonlySet<string> = new Set([
  "checkpoint.parentMissing",
  "checkpoint.parentCycle",
  "checkpoint.tooManyLayers",
]);

export function openMemory(checkpoint: Checkpoint, options: MemoryOptions = {}): CheckpointMemory {
  const problems: Problem[] = [];
  const tell = onceEach((problem) => problems.push(problem));
  // Whoever asks memory would take what a lost layer had for what was never there.
  checkpoint.problems.filter(({ code }) => LAYER_LOST.has(code)).forEach(tell);
  const files = openBackingFiles(checkpoint, options.sysroot, tell);
  const stores = new Map<number, PageStore>();
  const spaces = new Map<number, Promise<AddressSpace>>();

  const store = (pageSize: number): PageStore => {
    const opened = stores.get(pageSize) ?? openPageStore(checkpoint.layers, pageSize, tell);
    stores.set(pageSize, opened);
    return opened;
  };

  async function open(pid: number): Promise<AddressSpace> {
    const { mm, ...areas } = await readAreas(checkpoint, pid, files, tell);
    const pages = store(areas.pageSize);
    const objects = new Map<string, readonly (Pagemap | undefined)[]>();
    for (const { backing } of areas.areas)
      if (backing.kind === "object" && !objects.has(backing.id))
        objects.set(backing.id, await pages.pagemaps(`shmem-${backing.id}`));
    const own = await pages.pagemaps(String(pid));
    const outside = pagesOutside(areas.areas, own[0]);
    if (outside > 0) tell(outsideMappings(pid, outside));
    const layout = { ...areas, objects, own };
    return addressSpace(pid, layout, mm, pages);
  }

  return {
    checkpoint,
    files,
    get problems() {
      return problems;
    },
    pids: checkpoint.processes.filter(({ state }) => state !== "zombie").map(({ pid }) => pid),
    space(pid) {
      const known = spaces.get(pid) ?? open(pid);
      // One process after the other is the usual way; more than a few at once would be many pagemaps.
      spaces.delete(pid);
      spaces.set(pid, known);
      const [oldest] = spaces.keys();
      if (spaces.size > 8 && oldest !== undefined) spaces.delete(oldest);
      known.catch(() => spaces.delete(pid));
      return known;
    },
    store,
    async close() {
      spaces.clear();
      await files.close();
      for (const each of stores.values()) await each.close();
      stores.clear();
    },
  };
}
