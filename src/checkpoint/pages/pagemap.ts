import { setImmediate } from "node:timers/promises";
import type { ByteSource } from "../../bytes/index.ts";
import { readEntry } from "../../criu/index.ts";
import type { Image, Problem } from "../../criu/index.ts";
import { pathInLayer } from "../layers.ts";
import type { Layer } from "../layers.ts";
import type { Report } from "../problems.ts";
import { orReport } from "../problems.ts";
import { withImage } from "../records.ts";
import { ENTRY } from "./entry-flags.ts";
import { inOrder, PagemapBuilder } from "./pagemap-builder.ts";
import type { EntryShape } from "./pagemap-builder.ts";

/**
 * The pagemap of one process or shared memory object in one layer: columns of numbers, by page, not overlapping. A page
 * number is an address (or offset in the object) divided by the page size, and so always exact.
 */
export interface Pagemap {
  readonly pageSize: number;
  /** `pages-1.img`, in the same layer. */
  readonly pagesFile: string;
  readonly count: number;
  /** First page of each entry. */
  readonly first: Float64Array;
  readonly pages: Float64Array;
  /** Byte in the pages file where the entry's first page or block is; meaningful where it is present. */
  readonly offset: Float64Array;
  /** Bits of `ENTRY`. */
  readonly flags: Uint8Array;
  /** Blocks of compressed entries; undefined when all pages are plain. */
  readonly blocks: BlockTable | undefined;
}

/** Compressed blocks, those of one entry after the other. */
export interface BlockTable {
  /** By entry: its first block, -1 for plain pages. */
  readonly first: Float64Array;
  readonly pagesPerBlock: Uint32Array;
  /** By block. */
  readonly sizes: Uint32Array;
  /** By block: byte in the pages file. */
  readonly offsets: Float64Array;
}

/** More entries than a sound dump has; about 25 bytes each. */
const MAX_ENTRIES = 4_000_000;
const CHUNK = 256 * 1024;
/** The bytes of one entry with all its blocks. */
const MAX_ENTRY = 64 * 1024 * 1024;
/** The thread is given back at least so often. */
const TURN_MS = 8;

/**
 * Reads `pagemap-NAME.img` of a layer (NAME is a pid, or `shmem-ID`); undefined when it is absent or has no head.
 * Offsets follow `criu/pagemap.c`: only present entries take room in the pages file.
 */
export async function readPagemap(
  layer: Layer,
  name: string,
  pageSize: number,
  report: Report,
): Promise<Pagemap | undefined> {
  const file = `pagemap-${name}.img`;
  if (layer.files.get(file)?.kind !== "file") return undefined;
  const path = pathInLayer(layer, file);
  const tell: Report = (problem) => {
    report({ ...problem, file: path });
  };
  return orReport<Pagemap | undefined>(report, path, undefined, () =>
    withImage(layer.tree, path, layer.seal, async (image) => {
      image.problems.forEach(tell);
      const head = await readEntry(image, "pagemap_head", tell);
      if (head === undefined) return undefined;
      const builder = new PagemapBuilder(pageSize);
      await addEntries(image, builder, tell);
      const pagesFile = `pages-${head.pages_id}.img`;
      return inOrder(builder.done(pagesFile), tell);
    }),
  );
}

async function addEntries(image: Image, builder: PagemapBuilder, tell: Report): Promise<void> {
  const count = Math.min(image.entryCount, MAX_ENTRIES + 1);
  if (count < 2) return;
  if (image.entryCount > count)
    tell({
      code: "checkpoint.tooManyEntries",
      message: `The image has ${image.entryCount} entries; the first ${count} are read.`,
      severity: "warning",
    });
  const start = image.entrySpan(1).start;
  const end = image.entrySpan(count - 1).end;
  const shape: EntryShape = { tail: image.seal?.tailLength ?? 0, bigEndian: image.bigEndian === true };
  let turn = performance.now();
  for (let at = start; at < end;) {
    const bytes = await image.plain.read(at, Math.min(CHUNK, end - at));
    const taken = builder.addAll(bytes, shape);
    if (taken === 0) {
      const whole = await readLarge(image.plain, at, end, shape);
      if (whole === undefined || builder.addAll(whole, shape) === 0) {
        tell(tooLarge(at));
        break;
      }
      at += whole.length;
    } else at += taken;
    if (performance.now() - turn > TURN_MS) {
      await setImmediate();
      turn = performance.now();
    }
  }
  builder.problems().forEach(tell);
}

const tooLarge = (at: number): Problem => ({
  code: "checkpoint.pagemapUnread",
  message: `The entry at byte ${at} is larger than any that CRIU writes; it and those behind it are not read.`,
  severity: "error",
  offset: at,
});

/** One entry that is larger than a chunk. */
async function readLarge(
  source: ByteSource,
  at: number,
  end: number,
  { tail, bigEndian }: EntryShape,
): Promise<Uint8Array | undefined> {
  const head = await source.read(at, 4);
  if (head.length < 4) return undefined;
  const size = 4 + new DataView(head.buffer, head.byteOffset, 4).getUint32(0, !bigEndian) + tail;
  return size > MAX_ENTRY || at + size > end ? undefined : source.read(at, size);
}

/** Index of the first entry that ends after `page`. */
export function entryAfter({ first, pages, count }: Pagemap, page: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((first[middle] ?? 0) + (pages[middle] ?? 0) > page) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether the pages of an entry lie in the pages file of its own layer, as they are. */
export function isPlainEntry({ flags, blocks }: Pagemap, entry: number): boolean {
  const kinds = ENTRY.present | ENTRY.parent | ENTRY.badBlocks;
  return (
    ((flags[entry] ?? 0) & kinds) === ENTRY.present &&
    (blocks === undefined || (blocks.first[entry] ?? -1) < 0)
  );
}
