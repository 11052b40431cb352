import { stat } from "node:fs/promises";

/** Tells whether a file is still the one it was, by what the file system knows of it. */
export interface Stamp {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

/** The stamp of a file; undefined when there is none. */
export async function stampOf(path: string): Promise<Stamp | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && { dev: found.dev, ino: found.ino, size: found.size, mtimeNs: found.mtimeNs };
}

export function sameStamp(a: Stamp | undefined, b: Stamp | undefined): boolean {
  return a !== undefined && b !== undefined && sameFile(a, b) && a.size === b.size && a.mtimeNs === b.mtimeNs;
}

/** Whether it is the same file, whatever was written to it since. */
export function sameFile(a: Stamp | undefined, b: Stamp | undefined): boolean {
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}
