import { openTree } from "../archive/index.ts";
import { openMemory } from "../memory/index.ts";
import type { CheckpointMemory } from "../memory/index.ts";
import { KEY_OPTIONS } from "./arguments.ts";
import { cliErrors } from "./errors.ts";
import type { KeyFiles } from "./keys.ts";
import { withCheckpoint } from "./with-checkpoint.ts";

/** Options of every command that looks into memory. */
export const MEMORY_OPTIONS = {
  ...KEY_OPTIONS,
  sysroot: { type: "string" },
  json: { type: "boolean" },
} as const;

/** What opens the memory of a checkpoint. */
export interface MemoryTarget extends KeyFiles {
  readonly sysroot?: string | undefined;
}

/**
 * Opens the checkpoint at `path` and its memory for `use`, and closes all behind it. Throws what opening the tree, the
 * keys, the seals and the checkpoint throw.
 */
export async function withMemory<T>(
  path: string,
  target: MemoryTarget,
  use: (memory: CheckpointMemory) => Promise<T>,
): Promise<T> {
  const sysroot = target.sysroot === undefined ? undefined : await openTree(target.sysroot);
  try {
    return await withCheckpoint(path, target, async (checkpoint) => {
      const memory = openMemory(checkpoint, { sysroot });
      try {
        return await use(memory);
      } finally {
        await memory.close();
      }
    });
  } finally {
    await sysroot?.close();
  }
}

/** An address or a number of bytes as people write it: `0x7f00`, `4096`. Throws `cli.usage`. */
export function parseAddress(text: string, option: string, command: string): bigint {
  if (!/^(0x[0-9a-f]{1,16}|[0-9]{1,20})$/i.test(text))
    throw cliErrors.usage(`${option} takes a number, such as 0x7f00 or 4096, not "${text}".`, command);
  return BigInt(text);
}

/** A whole number that isn't below `least`. Throws `cli.usage`. */
export function parseCount(text: string, option: string, command: string, least = 0): number {
  const value = Number(parseAddress(text, option, command));
  if (value < least || !Number.isSafeInteger(value))
    throw cliErrors.usage(`${option} takes a number from ${least} on, not "${text}".`, command);
  return value;
}

export const hex = (value: bigint): string => `0x${value.toString(16)}`;
