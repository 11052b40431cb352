// From a run of pages in a pagemap to its bytes in the pages file, which are in the order of the entries and have no index.
import { setImmediate } from "node:timers/promises";
import type { FieldNode, FieldValue, Image, MessageNode } from "../model.ts";
import { numberField } from "../fields.ts";
import { imageIds } from "../image-lookup.ts";
import { pageSizeOf } from "../page-size.ts";
import { PAGEMAP_FLAGS, pagemapRange } from "../pagemap.ts";
import { readEntry } from "../plain-object.ts";
import type { ImageSet } from "./find.ts";

/** Bytes of a pages file. */
export interface PagesPlace {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** Bytes of a page where nothing tells them. */
const PAGE = 4096;
const OTHER_PAGES = [16384, 65536];
const SIZES = new Set(["block_sizes", "region_sizes", "compressed_size"]);
/** Entries gone through before others get their turn. */
const TURN = 4096;

/**
 * Where the pages of the entry at `path` of a pagemap lie, or those of one block for the path of its size. undefined for
 * other images and rows, for runs whose pages are not in this layer, and where there is no pages file.
 */
export async function findPages(
  image: Image,
  path: string,
  images: ImageSet,
  signal?: AbortSignal,
): Promise<PagesPlace | undefined> {
  const index = Number(/^entries\[(\d{1,15})\]/.exec(path)?.[1] ?? 0);
  if (image.type?.headMessage !== "pagemap_head" || index === 0 || index >= image.entryCount)
    return undefined;
  const id = numberField((await image.entry(0)).message, 1);
  const file = `pages-${String(id)}.img`;
  if (id === undefined || !images.names.includes(file)) return undefined;

  const known = await pageSizeBeside(image, images);
  const page = known ?? PAGE;
  let [offset, pagesBefore, allPages] = [0, 0, 0];
  let isCompressed = false;
  let found: { readonly start: number; readonly pages: number; readonly message: MessageNode } | undefined;
  for await (const { index: at, message } of image.entries(1)) {
    if (at % TURN === 0) await setImmediate();
    signal?.throwIfAborted();
    const { pages, flags } = pagemapRange(message);
    const isPresent = (flags & PAGEMAP_FLAGS.present) !== 0;
    if (at === index && !isPresent) return undefined;
    if (!isPresent) continue;
    const blocks = blocksOf(message, page);
    if ((flags & PAGEMAP_FLAGS.payloadAligned) !== 0) {
      isCompressed = true;
      offset = roundUp(offset, page);
    }
    if (at === index) found = { start: offset, pages: Number(pages), message };
    if (at < index) pagesBefore += Number(pages);
    allPages += Number(pages);
    if (blocks.sizes.length > 0) isCompressed = true;
    offset += blocks.sizes.length > 0 ? storedBytes(blocks) : Number(pages) * page;
    // Compressed pages tell nothing of the size of one.
    if (isCompressed && found) break;
  }
  if (!found) return undefined;
  const size = await images.use(file, (pagesImage) => Promise.resolve(pagesImage.source.size));
  if (isCompressed)
    return withinFile(
      file,
      size,
      compressedPlace(blocksOf(found.message, page), found.start, found.pages, path),
    );
  const each = known ?? OTHER_PAGES.find((other) => other * allPages === size) ?? PAGE;
  return withinFile(file, size, [pagesBefore * each, (pagesBefore + found.pages) * each]);
}

/**
 * Bytes of a page, which a pagemap doesn't tell: they are in the auxiliary vector of its process, or of any other of the same
 * machine for shared memory. undefined where there is no mm image that can be read.
 */
async function pageSizeBeside({ name, type }: Image, images: ImageSet): Promise<number | undefined> {
  const own = `mm-${String(type && imageIds(type, name)[0])}.img`;
  const found = images.names.includes(own) ? own : images.names.find((each) => /^mm-\d+\.img$/.test(each));
  if (found === undefined) return undefined;
  try {
    const mm = await images.use(found, (image) => readEntry(image, "mm_entry"));
    return mm && pageSizeOf(mm, mm.vmas);
  } catch {
    // A broken one says nothing; the pages may be whole.
    return undefined;
  }
}

interface Blocks {
  readonly sizes: readonly FieldNode[];
  readonly isPadded: boolean;
  /** Bytes of a page. */
  readonly page: number;
}

function blocksOf(message: MessageNode, page: number): Blocks {
  const nested = message.fields.findLast(({ name }) => name === "blocks" || name === "regions")?.value;
  const holder = nested !== undefined && isMessage(nested) ? nested : message;
  const padded = holder.fields.findLast(({ name }) => name === "payload_padded")?.value;
  return { sizes: holder.fields.filter(({ name }) => SIZES.has(name)), isPadded: padded === true, page };
}

function storedBytes({ sizes, isPadded, page }: Blocks): number {
  return sizes.reduce((sum, { value }) => sum + (isPadded ? roundUp(Number(value), page) : Number(value)), 0);
}

function compressedPlace(blocks: Blocks, start: number, pages: number, path: string): [number, number] {
  const { sizes } = blocks;
  if (sizes.length === 0) return [start, start + pages * blocks.page];
  const element = /\.(block_sizes|region_sizes|compressed_size)\[(\d{1,9})\]$/.exec(path)?.[2];
  if (element === undefined) return [start, start + storedBytes(blocks)];
  const first = start + storedBytes({ ...blocks, sizes: sizes.slice(0, Number(element)) });
  return [first, first + Number(sizes[Number(element)]?.value ?? 0)];
}

/** Nothing for a block of zeros, which has no bytes, and beyond the end of a file that was cut. */
function withinFile(file: string, size: number, [start, end]: [number, number]): PagesPlace | undefined {
  return start < Math.min(end, size) ? { file, start, end: Math.min(end, size) } : undefined;
}

function roundUp(offset: number, page: number): number {
  return Math.ceil(offset / page) * page;
}

function isMessage(value: FieldValue): value is MessageNode {
  return typeof value === "object" && "kind" in value;
}
