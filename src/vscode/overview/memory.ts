import { openMemory } from "../../memory/index.ts";
import type { CheckpointMemory, Region } from "../../memory/index.ts";
import type { Checkpoint, MappingKind } from "../../checkpoint/index.ts";
import { isCancelled } from "../../bytes/index.ts";
import type { OverviewKind, OverviewMemory, OverviewMemoryKind } from "../../protocol/index.ts";

/** A page has room for a few colours: the kinds of mappings in six families. */
const FAMILY: Partial<Record<MappingKind, OverviewMemoryKind>> = {
  heap: "heap",
  stack: "stack",
  anonymous: "anonymous",
  file: "file",
  shared: "shared",
  memfd: "shared",
  sysv: "shared",
};

/** Bytes of each process that are in the images, by kind. Processes whose memory can't be read have none. */
export async function frozenMemory(
  checkpoint: Checkpoint,
  signal: AbortSignal,
): Promise<readonly OverviewMemory[]> {
  const memory = openMemory(checkpoint);
  try {
    const all: OverviewMemory[] = [];
    for (const pid of memory.pids) {
      signal.throwIfAborted();
      const comm = checkpoint.process(pid)?.comm ?? "";
      all.push({ pid, comm, kinds: await kindsOf(pid, memory, signal) });
    }
    return all;
  } finally {
    await memory.close();
  }
}

async function kindsOf(
  pid: number,
  memory: CheckpointMemory,
  signal: AbortSignal,
): Promise<readonly OverviewKind[]> {
  try {
    const space = await memory.space(pid);
    return byKind(pid, await space.regions(signal));
  } catch (error) {
    if (isCancelled(error)) throw error;
    return [];
  }
}

/** Sums of regions, each kind with its largest mapping. */
function byKind(pid: number, regions: readonly Region[]): readonly OverviewKind[] {
  const kinds = new Map<OverviewMemoryKind, { bytes: number; most: number; start: bigint }>();
  for (const { area, origins } of regions) {
    const bytes = origins
      .filter(({ origin }) => origin.kind === "dumped" || origin.kind === "layer")
      .reduce((sum, each) => sum + each.bytes, 0);
    if (bytes === 0) continue;
    const kind = FAMILY[area.kind] ?? "other";
    const known = kinds.get(kind) ?? { bytes: 0, most: 0, start: area.start };
    known.bytes += bytes;
    if (bytes > known.most) Object.assign(known, { most: bytes, start: area.start });
    kinds.set(kind, known);
  }
  return [...kinds].map(([kind, { bytes, start }]) => ({
    kind,
    bytes,
    largest: { kind: "mapping", pid, start: start.toString(16) },
  }));
}
