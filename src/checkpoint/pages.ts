import type { Layer } from "./layers.ts";
import { pageRuns } from "./pages/chain.ts";
import { openPageStore } from "./pages/store.ts";
import type { Report } from "./problems.ts";

/** A stretch of memory that was asked for. */
export interface MemoryPiece {
  readonly address: bigint;
  readonly length: number;
  /** Undefined where no layer has the page: never dumped, so zero or as in the mapped file. */
  readonly bytes: Uint8Array | undefined;
}

/**
 * Reads `[address, address + length)` of a process's private memory as `layers` (newest first) have it: what opening a
 * checkpoint needs to show command lines. Shared and unmodified file memory is not in a process's own pagemap and comes
 * back as pieces without bytes; the `memory` floor has all of it. `length` is the caller's to bound.
 */
export async function readPages(
  layers: readonly Layer[],
  name: string,
  address: bigint,
  length: number,
  pageSize: number,
  report: Report,
): Promise<readonly MemoryPiece[]> {
  if (length <= 0) return [{ address, length, bytes: undefined }];
  const store = openPageStore(layers, pageSize, report);
  try {
    const maps = await store.pagemaps(name);
    const page = BigInt(pageSize);
    const end = address + BigInt(length);
    const pieces: MemoryPiece[] = [];
    for (const run of pageRuns(maps, Number(address / page), Number((end + page - 1n) / page))) {
      const start = atLeast(BigInt(run.first) * page, address);
      const stop = BigInt(run.end) * page;
      const size = Number((stop < end ? stop : end) - start);
      const from = Number(start - BigInt(run.first) * page);
      const bytes = run.kind === "stored" ? await store.read(run, run.first, from, size) : undefined;
      const got = bytes?.length ?? 0;
      if (got > 0) pieces.push({ address: start, length: got, bytes });
      if (got < size) pieces.push({ address: start + BigInt(got), length: size - got, bytes: undefined });
    }
    return pieces;
  } finally {
    await store.close();
  }
}

const atLeast = (value: bigint, least: bigint): bigint => (value > least ? value : least);
