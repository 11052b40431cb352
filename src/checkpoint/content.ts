import { bufferSource, joinedSource, sliceSource } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import { openImage } from "../criu/index.ts";
import type { Image, PayloadNode } from "../criu/index.ts";
import { pathInLayer } from "./layers.ts";
import type { Layer } from "./layers.ts";
import { readPages } from "./pages.ts";
import type { Report } from "./problems.ts";

/** Where bytes lie that a process could have read: `Checkpoint.openContent` opens them. */
export type Content = ImageContent | PagesContent;

/** Bytes in an image of the newest layer: what waits in a pipe, a deleted file … */
export interface ImageContent {
  readonly from: "image";
  /** Name of the image: `pipes-data.img`. */
  readonly file: string;
  readonly size: number;
  /** Which bytes of the image, and where in the content they go; what none covers is zero. In order, not overlapping. */
  readonly pieces: readonly ContentPiece[];
}

export interface ContentPiece {
  readonly start: number;
  readonly end: number;
  /** Offset in the content. */
  readonly at: number;
}

/** Shared memory: `pagemap-shmem-ID.img` and its pages. */
export interface PagesContent {
  readonly from: "pages";
  /** `shmem-16729`. */
  readonly name: string;
  readonly size: number;
}

/** More than anyone will look at in one piece; a pagemap of an attacker may say any size. */
const MAX_SIZE = Number.MAX_SAFE_INTEGER;

export const NO_CONTENT = (file: string): ImageContent => ({ from: "image", file, size: 0, pieces: [] });

/** One payload of an entry as content. */
export const payloadContent = (file: string, payload: PayloadNode | undefined): ImageContent => {
  if (payload === undefined) return NO_CONTENT(file);
  const { start, end } = payload.span;
  return { from: "image", file, size: end - start, pieces: [{ start, end, at: 0 }] };
};

export const pagesContent = (id: number | bigint, size: bigint): PagesContent => ({
  from: "pages",
  name: `shmem-${id}`,
  size: size > BigInt(MAX_SIZE) ? MAX_SIZE : Number(size),
});

/**
 * Opens content for reading. The source belongs to the caller, who closes it. Pages that no layer has read as zeros, as
 * the kernel gives them; what is wrong with the images goes to `report`.
 */
export async function openContent(
  layers: readonly [Layer, ...Layer[]],
  content: Content,
  pageSize: number,
  report: Report,
): Promise<ByteSource> {
  return content.from === "pages"
    ? pagesSource(layers, content, pageSize, report)
    : imageSource(layers[0], content);
}

async function imageSource(layer: Layer, content: ImageContent): Promise<ByteSource> {
  if (content.pieces.length === 0) return zeros(content.size);
  const source = await layer.tree.open(pathInLayer(layer, content.file));
  try {
    const image = await openImage(content.file, source, { seal: layer.seal });
    const joined = joinedSource(partsOf(image, content));
    return { ...joined, close: () => source.close?.() ?? Promise.resolve() };
  } catch (error) {
    await source.close?.();
    throw error;
  }
}

function partsOf(image: Image, { pieces, size }: ImageContent): readonly ByteSource[] {
  const parts: ByteSource[] = [];
  let at = 0;
  for (const piece of pieces) {
    if (piece.at > at) parts.push(zeros(piece.at - at));
    parts.push(sliceSource(image.plain, piece.start, piece.end - piece.start));
    at = piece.at + (piece.end - piece.start);
  }
  if (size > at) parts.push(zeros(size - at));
  return parts;
}

/** Nothing but zeros, of any size. */
function zeros(size: number): ByteSource {
  if (size === 0) return bufferSource(new Uint8Array(0));
  return {
    size,
    read: (offset, length) => Promise.resolve(new Uint8Array(Math.max(0, Math.min(length, size - offset)))),
  };
}

function pagesSource(
  layers: readonly Layer[],
  { name, size }: PagesContent,
  pageSize: number,
  report: Report,
): ByteSource {
  return {
    size,
    async read(offset, length) {
      const wanted = Math.max(0, Math.min(length, size - offset));
      const bytes = new Uint8Array(wanted);
      for (const piece of await readPages(layers, name, BigInt(offset), wanted, pageSize, report))
        if (piece.bytes) bytes.set(piece.bytes, Number(piece.address) - offset);
      return bytes;
    },
  };
}
