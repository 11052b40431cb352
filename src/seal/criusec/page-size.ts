import { joinPath, type FileTree } from "../../archive/index.ts";
import type { ImageSeal } from "../../criu/index.ts";
import { openPagemap } from "./pagemaps.ts";

/** Sizes of Linux's pages: 4 KiB on x86, up to 64 KiB on arm64 and ppc64. */
const PAGE_SIZES = [4096, 8192, 16384, 32768, 65536];
/** A pagemap this small is read in a moment. */
const SMALL = 256 * 1024;
const MAX_TRIED = 4;

/**
 * Bytes of a page on the machine that was dumped: a pages file divided by the number of pages that its pagemap counts.
 * undefined when no small pagemap tells.
 */
export async function findPageSize(
  tree: FileTree,
  folder: string,
  seal: ImageSeal | undefined,
): Promise<number | undefined> {
  const pagemaps = (await tree.list(folder))
    .filter(({ kind, name, size }) => kind === "file" && /^pagemap-.*\.img$/.test(name) && size <= SMALL)
    .sort((a, b) => a.size - b.size);
  for (const { name } of pagemaps.slice(0, MAX_TRIED)) {
    const { pagesFile, present } = await openPagemap(tree, folder, name, seal);
    const size = pagesFile && (await tree.stat(joinPath(folder, pagesFile)))?.size;
    if (size === undefined || size === "" || size === 0) continue;
    let pages = 0;
    for await (const range of present()) pages += Number(range.pages);
    const pageSize = size / pages;
    if (PAGE_SIZES.includes(pageSize)) return pageSize;
  }
  return undefined;
}
