import { read } from "node:fs";
import { promisify } from "node:util";
import type { PageStore } from "../../checkpoint/index.ts";
import type { AddressSpace } from "../space/address-space.ts";
import type { Run } from "../space/runs.ts";
import type { ScanRegion } from "./regions.ts";

const readFile = promisify(read);
const STEP = 256 * 1024;
/** Pages files that stay open from one region to the next. */
const MAX_PINNED = 64;

/**
 * The bytes of a region, in a buffer that has room for them; what can't be had is zero. Pages that lie in a file as they
 * are go right into it: pieces of their own would be memory that waits for the garbage collector.
 */
export async function regionBytes(
  space: AddressSpace,
  store: PageStore,
  { address, length }: ScanRegion,
  buffer: ArrayBuffer,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(buffer, 0, length);
  const page = BigInt(space.pageSize);
  const end = address + BigInt(length);
  for (const run of space.runs(address, end)) {
    const start = BigInt(run.first) * page;
    const last = BigInt(run.last) * page;
    const from = start > address ? start : address;
    const at = Number(from - address);
    const size = Number((last < end ? last : end) - from);
    const part = bytes.subarray(at, at + size);
    const got = await readDirectly(store, run, Number(from - start), part);
    if (got < size) await readPieces(space, from + BigInt(got), part.subarray(got));
  }
  if (store.pinned > MAX_PINNED) store.unpin();
  return bytes;
}

/** How many bytes were read, from the run's byte `offset` on; 0 where they lie in no file as they are. */
async function readDirectly(
  store: PageStore,
  { where }: Run,
  offset: number,
  into: Uint8Array,
): Promise<number> {
  if (where.kind !== "pages") return 0;
  const place = await store.place(where.stored, where.page);
  const region = place?.source.region;
  if (place === undefined || region === undefined) return 0;
  const from = place.offset + offset;
  const length = Math.min(into.length, Math.max(0, place.source.size - from));
  let got = 0;
  while (got < length) {
    const { bytesRead } = await readFile(
      region.descriptor,
      into,
      got,
      length - got,
      region.offset + from + got,
    );
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}

async function readPieces(space: AddressSpace, address: bigint, into: Uint8Array): Promise<void> {
  into.fill(0);
  for (let at = 0; at < into.length; at += STEP)
    for (const piece of await space.read(address + BigInt(at), Math.min(STEP, into.length - at)))
      if (piece.bytes) into.set(piece.bytes, Number(piece.address - address));
}
