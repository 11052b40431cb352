import type { CheckpointMemory } from "../memory/index.ts";
import { withMemory } from "./memory-target.ts";
import type { MemoryTarget } from "./memory-target.ts";

/** Opens the memory of several checkpoints for `use`, and closes all of them behind it. */
export function openMemories<T>(
  paths: readonly string[],
  target: MemoryTarget,
  use: (memories: readonly CheckpointMemory[]) => Promise<T>,
  opened: readonly CheckpointMemory[] = [],
): Promise<T> {
  const [path, ...others] = paths;
  if (path === undefined) return use(opened);
  return withMemory(path, target, (memory) => openMemories(others, target, use, [...opened, memory]));
}
