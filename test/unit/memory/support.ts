// What the tests of memory share: opening the memory of a fixture, and reading it.
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import type { FileTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { SealFor } from "../../../src/checkpoint/index.ts";
import { openMemory } from "../../../src/memory/index.ts";
import type { AddressSpace, CheckpointMemory } from "../../../src/memory/index.ts";
import { fixture } from "../fixtures.ts";

export * from "./made-dump.ts";

export const PAGE = 4096;

export interface Opening {
  readonly sysroot?: string;
  readonly sealFor?: SealFor;
}

/** Runs `use` on the memory of the checkpoint at `path` in a fixture, and closes it. */
export async function withMemory<T>(
  name: string,
  path: string,
  use: (memory: CheckpointMemory, folder: string) => Promise<T>,
  { sysroot, sealFor }: Opening = {},
): Promise<T> {
  const folder = await fixture(name);
  const root = sysroot === undefined ? undefined : await openTree(join(folder, sysroot));
  try {
    return await withMemoryOf(join(folder, path), (memory) => use(memory, folder), { root, sealFor });
  } finally {
    await root?.close();
  }
}

interface InTree {
  readonly root?: FileTree | undefined;
  readonly sealFor?: SealFor | undefined;
}

export async function withMemoryOf<T>(
  path: string,
  use: (memory: CheckpointMemory) => Promise<T>,
  options: InTree = {},
): Promise<T> {
  return withMemoryIn(await openTree(path), use, options);
}

/** Runs `use` on the memory of the checkpoint in a tree, and closes that too. */
export async function withMemoryIn<T>(
  tree: FileTree,
  use: (memory: CheckpointMemory) => Promise<T>,
  { root, sealFor }: InTree = {},
): Promise<T> {
  const checkpoint = await openCheckpoint(tree, { ...(sealFor && { sealFor }) });
  const memory = openMemory(checkpoint, { sysroot: root });
  try {
    return await use(memory);
  } finally {
    await memory.close();
    await checkpoint.close();
    await tree.close();
  }
}

/** All bytes of a range; what can't be had is dots. */
export async function bytesAt(space: AddressSpace, address: bigint, length: number): Promise<Buffer> {
  const pieces = await space.read(address, length);
  return Buffer.concat(pieces.map(({ bytes, length: size }) => bytes ?? Buffer.alloc(size, ".")));
}

export async function textAt(space: AddressSpace, address: bigint, length: number): Promise<string> {
  return (await bytesAt(space, address, length)).toString("latin1").replace(/\0+$/, "");
}

/** Where each piece of a range comes from, in a word. */
export async function originsAt(space: AddressSpace, address: bigint, length: number): Promise<string[]> {
  const pieces = await space.read(address, length);
  return pieces.map(({ origin }) =>
    origin.kind === "layer"
      ? `layer ${origin.layer}`
      : origin.kind === "unavailable"
        ? origin.why
        : origin.kind,
  );
}
