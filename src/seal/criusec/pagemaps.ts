import { joinPath, type FileTree } from "../../archive/index.ts";
import { openImage, PAGEMAP_FLAGS, pagemapRange, readEntry } from "../../criu/index.ts";
import type { Image, ImageSeal, PagemapRange } from "../../criu/index.ts";

/** A pagemap of a layer, and the pages file that it describes. */
export interface Pagemap {
  /** `pagemap-1.img`. */
  readonly name: string;
  /** `pages-1.img`; undefined when the pagemap has no head that can be read. */
  readonly pagesFile: string | undefined;
  /** The ranges whose pages lie in the pages file, in its order. Opens and closes the image. */
  present(): AsyncGenerator<PagemapRange>;
}

/** Opens an image of the layer for `use`, and closes it. */
export async function withImage<T>(
  tree: FileTree,
  folder: string,
  name: string,
  seal: ImageSeal | undefined,
  use: (image: Image) => Promise<T>,
): Promise<T> {
  const source = await tree.open(joinPath(folder, name));
  try {
    return await use(await openImage(name, source, { seal }));
  } finally {
    await source.close?.();
  }
}

/** Reads the head of `name`, a pagemap of the layer. */
export async function openPagemap(
  tree: FileTree,
  folder: string,
  name: string,
  seal: ImageSeal | undefined,
): Promise<Pagemap> {
  const head = await withImage(tree, folder, name, seal, (image) => readEntry(image, "pagemap_head"));
  return {
    name,
    pagesFile: head && `pages-${head.pages_id}.img`,
    async *present() {
      const source = await tree.open(joinPath(folder, name));
      try {
        const image = await openImage(name, source, { seal });
        for await (const { message } of image.entries(1)) {
          const range = pagemapRange(message);
          const { present, parent } = PAGEMAP_FLAGS;
          if ((range.flags & present) !== 0 && (range.flags & parent) === 0) yield range;
        }
      } finally {
        await source.close?.();
      }
    },
  };
}
