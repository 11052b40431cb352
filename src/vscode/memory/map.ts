import type { Checkpoint } from "../../checkpoint/index.ts";
import type { AddressSpace, CheckpointMemory, Region } from "../../memory/index.ts";
import type { MemoryArea, MemoryMap, MemoryOriginKind, MemoryRange } from "../../protocol/index.ts";
import { hex } from "./address.ts";
import { codeOf } from "./code.ts";

/** A process of a checkpoint, with what its bytes are read from. */
export interface OpenedMemory {
  readonly checkpoint: Checkpoint;
  readonly memory: CheckpointMemory;
  readonly space: AddressSpace;
}

/** The mappings of a process with their residency, and what is known to lie in them. */
export async function memoryMapOf(
  { checkpoint, memory, space }: OpenedMemory,
  go: MemoryRange | undefined,
  signal: AbortSignal,
): Promise<MemoryMap> {
  const { pid, pageSize } = space;
  const pointers = await stackPointers(checkpoint, pid);
  const marks = marksOf(pointers, space);
  const areas: MemoryArea[] = [];
  for (const region of await space.regions(signal))
    areas.push({
      ...areaOf(region, marks, await codeOf(memory, space, region.area, signal)),
      goTo: hex(placeIn(region.area, pointers)),
    });
  const known = areas.find(({ bytes }) => Object.keys(bytes).some((kind) => kind !== "unavailable"));
  const pointer = pointers.find(({ address }) => space.areaAt(address) !== undefined)?.address;
  return {
    process: `${pid} ${checkpoint.process(pid)?.comm ?? ""}`,
    pid,
    pageSize,
    littleEndian: checkpoint.layers[0]?.bigEndian !== true,
    areas,
    go,
    home: pointer === undefined ? (known ?? areas[0])?.start : hex(pointer),
  };
}

type Marks = ReadonlyMap<bigint, readonly string[]>;

/** Where the stack of a thread ends. */
interface StackPointer {
  readonly tid: number;
  readonly comm: string;
  readonly address: bigint;
}

/** Of every thread whose registers are known, the leader first. */
export async function stackPointers(checkpoint: Checkpoint, pid: number): Promise<readonly StackPointer[]> {
  const { value: threads } = await checkpoint.threads(pid);
  return threads.flatMap(({ tid, comm, registers }) =>
    registers ? [{ tid, comm, address: registers.stackPointer }] : [],
  );
}

/** Where to look at an area first: what is below the pointer of a stack is not in use. */
export const placeIn = (
  { start, end }: { readonly start: bigint; readonly end: bigint },
  pointers: readonly StackPointer[],
): bigint => pointers.find(({ address }) => address >= start && address < end)?.address ?? start;

/** By the start of the area: stacks of threads, the program's break, arguments and environment. */
function marksOf(pointers: readonly StackPointer[], space: AddressSpace): Marks {
  const marks = new Map<bigint, string[]>();
  const mark = (address: bigint, words: string): void => {
    const area = space.areaAt(address);
    if (area === undefined) return;
    const known = marks.get(area.start);
    if (known === undefined) marks.set(area.start, [words]);
    else if (!known.includes(words)) known.push(words);
  };
  for (const { tid, comm, address } of pointers) mark(address, `stack of thread ${tid} ${comm}`);
  const { mm_arg_start, mm_env_start, mm_start_brk, mm_brk } = space.mm;
  // Most often the mapping is called so already.
  if (mm_brk > mm_start_brk && space.areaAt(mm_start_brk)?.kind !== "heap") mark(mm_start_brk, "heap");
  mark(mm_arg_start, "arguments");
  mark(mm_env_start, "environment");
  return marks;
}

function areaOf({ area, origins }: Region, marks: Marks, code: MemoryArea["code"]): Omit<MemoryArea, "goTo"> {
  const bytes: Partial<Record<MemoryOriginKind, number>> = {};
  for (const { origin, bytes: more } of origins) bytes[origin.kind] = (bytes[origin.kind] ?? 0) + more;
  const { start, end, permissions, kind, name, offset } = area;
  return {
    start: hex(start),
    end: hex(end),
    permissions,
    kind,
    name: name ?? "",
    offset: hex(offset),
    bytes,
    marks: marks.get(start) ?? [],
    code,
  };
}
