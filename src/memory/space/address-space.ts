import { setImmediate } from "node:timers/promises";
import { entryAfter, isPlainEntry } from "../../checkpoint/index.ts";
import type { PageStore, StoredPages } from "../../checkpoint/index.ts";
import type { MessageMap } from "../../criu/index.ts";
import { memoryErrors } from "../errors.ts";
import type { PageOrigin } from "../origin.ts";
import type { Area } from "./areas.ts";
import { areaAfter, runsOf } from "./runs.ts";
import type { Layout, Run } from "./runs.ts";

/** Memory that was asked for, as far as it comes from one place. */
export interface MemoryPiece {
  readonly address: bigint;
  readonly length: number;
  /** Undefined where the origin is `unavailable`. */
  readonly bytes: Uint8Array | undefined;
  readonly origin: PageOrigin;
}

/** A mapping, and how many bytes of it come from where. */
export interface Region {
  readonly area: Area;
  readonly origins: readonly { readonly origin: PageOrigin; readonly bytes: number }[];
}

/** As much as one call reads; a view asks for a screen, an export for piece after piece. */
const MAX_READ = 64 * 1024 * 1024;
const ADDRESS_END = 1n << 64n;
/** The thread is given back at least so often. */
const TURN_MS = 8;

/** The memory of one frozen process. Immutable; lives as long as the `CheckpointMemory` it came from. */
export interface AddressSpace {
  readonly pid: number;
  /** Bytes; found from the images, not from this machine. */
  readonly pageSize: number;
  /** By address, not overlapping. */
  readonly areas: readonly Area[];
  /** The process's mm image: where its heap, stack, arguments and environment are. */
  readonly mm: Omit<MessageMap["mm_entry"], "vmas">;
  readonly layout: Layout;
  areaAt(address: bigint): Area | undefined;
  /**
   * `[address, address + length)` in pieces: in order, without gap. Throws `memory.outOfRange`, and `memory.tooMuch`
   * beyond 64 MiB.
   */
  read(address: bigint, length: number): Promise<readonly MemoryPiece[]>;
  /** The same bytes in one array, up to the first that can't be had. The caller must not write into it. */
  readBytes(address: bigint, length: number): Promise<Uint8Array>;
  /** Where the pages of `[start, end)` come from, in order, without gap. */
  runs(start: bigint, end: bigint): Iterable<Run>;
  /** Every mapping with its residency. */
  regions(signal?: AbortSignal): Promise<readonly Region[]>;
}

export function addressSpace(
  pid: number,
  layout: Layout,
  mm: AddressSpace["mm"],
  store: PageStore,
): AddressSpace {
  const { pageSize, areas } = layout;
  const pageBytes = BigInt(pageSize);

  const areaAt = (address: bigint): Area | undefined => {
    const number = Number(address / pageBytes);
    const area = areas[areaAfter(areas, number)];
    return area && area.first <= number ? area : undefined;
  };

  const runs = (start: bigint, end: bigint): Iterable<Run> =>
    runsOf(layout, Number(start / pageBytes), Number((end + pageBytes - 1n) / pageBytes));

  async function read(address: bigint, length: number): Promise<readonly MemoryPiece[]> {
    const end = address + BigInt(length);
    if (address < 0n || length < 0 || end > ADDRESS_END) throw memoryErrors.outOfRange(address);
    if (length > MAX_READ) throw memoryErrors.tooMuch(length, MAX_READ);
    const pieces: MemoryPiece[] = [];
    for (const run of length === 0 ? [] : runs(address, end)) {
      const runStart = BigInt(run.first) * pageBytes;
      const start = runStart > address ? runStart : address;
      const runEnd = BigInt(run.last) * pageBytes;
      const size = Number((runEnd < end ? runEnd : end) - start);
      pieces.push(...(await readRun(store, run, start, Number(start - runStart), size)));
    }
    return pieces;
  }

  /** Most of what is asked for lies in one run of the newest layer, and is found there without a list of runs. */
  function oneRun(address: bigint, length: number): StoredBytes | undefined {
    const [map] = layout.own;
    if (map === undefined || layout.guards.length > 0 || address < 0n || length <= 0 || length > MAX_READ)
      return undefined;
    const page = Number(address / pageBytes);
    const from = Number(address % pageBytes);
    const entry = entryAfter(map, page);
    const first = map.first[entry] ?? Infinity;
    const end = (first + (map.pages[entry] ?? 0) - page) * pageSize;
    if (first > page || from + length > end || !isPlainEntry(map, entry)) return undefined;
    return { run: { kind: "stored", layer: 0, map, entry }, page, from };
  }

  return {
    pid,
    pageSize,
    areas,
    mm,
    layout,
    areaAt,
    read,
    runs,
    async readBytes(address, length) {
      const stored = oneRun(address, length);
      if (stored) {
        const bytes = await store.read(stored.run, stored.page, stored.from, length);
        if (bytes.length === length) return bytes;
      }
      const pieces = await read(address, length);
      const [only] = pieces;
      // One page is nearly always one piece, and needs no copy.
      if (pieces.length === 1 && only?.bytes) return only.bytes;
      const missing = pieces.findIndex(({ bytes }) => bytes === undefined);
      const parts = pieces.slice(0, missing < 0 ? undefined : missing).map(({ bytes }) => bytes);
      return Buffer.concat(parts.filter((bytes) => bytes !== undefined));
    },
    async regions(signal) {
      const regions: Region[] = [];
      let turn = performance.now();
      for (const area of areas) {
        const origins = new Map<string, { origin: PageOrigin; bytes: number }>();
        for (const { first, last, origin } of runsOf(layout, area.first, area.last)) {
          const key = JSON.stringify(origin);
          const sum = origins.get(key) ?? { origin, bytes: 0 };
          sum.bytes += (last - first) * pageSize;
          origins.set(key, sum);
          if (performance.now() - turn > TURN_MS) {
            signal?.throwIfAborted();
            await setImmediate();
            turn = performance.now();
          }
        }
        regions.push({ area, origins: [...origins.values()] });
      }
      return regions;
    },
  };
}

/** Bytes from `from` of page `page` on. */
interface StoredBytes {
  readonly run: StoredPages;
  readonly page: number;
  readonly from: number;
}

/** The bytes `[from, from + length)` of a run, at `address`. What is missing of them is a piece of its own. */
async function readRun(
  store: PageStore,
  { origin, where }: Run,
  address: bigint,
  from: number,
  length: number,
): Promise<readonly MemoryPiece[]> {
  if (origin.kind === "unavailable") return [{ address, length, bytes: undefined, origin }];
  if (where.kind === "none") return [{ address, length, bytes: new Uint8Array(length), origin }];
  if (where.kind === "file") {
    const bytes = new Uint8Array(length);
    // Behind the end of the file, its last page is zero.
    bytes.set(await where.file.source.read(where.offset + from, length));
    return [{ address, length, bytes, origin }];
  }
  const bytes = await store.read(where.stored, where.page, from, length);
  const got = bytes.length;
  const pieces: MemoryPiece[] = got > 0 ? [{ address, length: got, bytes, origin }] : [];
  if (got < length)
    pieces.push({
      address: address + BigInt(got),
      length: length - got,
      bytes: undefined,
      origin: { kind: "unavailable", why: "unreadable" },
    });
  return pieces;
}
