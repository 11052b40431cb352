import { openTree } from "../archive/index.ts";
import { openCheckpoint } from "../checkpoint/index.ts";
import { openMemory } from "../memory/index.ts";
import type { CheckpointMemory } from "../memory/index.ts";
import { openSealedLayer, openSealedTree, sealErrors } from "../seal/index.ts";
import type { LayerSeal } from "../seal/index.ts";
import { KEY_OPTIONS } from "./arguments.ts";
import { cliErrors } from "./errors.ts";
import { loadKeys, sealOptions } from "./keys.ts";
import type { KeyFiles } from "./keys.ts";

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
  const closers: (() => Promise<void> | void)[] = [];
  const seals: LayerSeal[] = [];
  try {
    const keys = await loadKeys(target);
    const sysroot = target.sysroot === undefined ? undefined : await openTree(target.sysroot);
    if (sysroot) closers.push(() => sysroot.close());
    const tree = await openSealedTree(path, keys, sealOptions(target));
    closers.push(() => tree.close());
    const checkpoint = await openCheckpoint(tree, {
      sealFor: async ({ tree: layer, folder, cipherPath }) => {
        const seal = await openSealedLayer(layer, folder, keys);
        if (seal === undefined) throw sealErrors.keyNeeded(cipherPath);
        seals.push(seal);
        return seal;
      },
    });
    closers.push(() => checkpoint.close());
    const memory = openMemory(checkpoint, { sysroot });
    closers.push(() => memory.close());
    return await use(memory);
  } finally {
    for (const close of closers.reverse()) await close();
    for (const seal of seals) seal.dispose();
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
