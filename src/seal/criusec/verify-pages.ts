import { setImmediate } from "node:timers/promises";
import { joinPath, type FileTree, type TreeEntry } from "../../archive/index.ts";
import { readEntries } from "../../criu/index.ts";
import type { LayerSeal } from "./layer-seal.ts";
import { openPagemap, withImage } from "./pagemaps.ts";
import type { Pagemap } from "./pagemaps.ts";

/** Whether the pages of a layer are those that were dumped. */
export type PagesVerdict =
  | {
      readonly state: "verified";
      readonly pages: number;
      /** The pages of SysV shared memory aren't covered: CRIU dumps them in another process (a defect of its). */
      readonly uncovered: number;
    }
  | { readonly state: "notVerifiable"; readonly why: string }
  | { readonly state: "broken"; readonly pages: number };

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  /** Bytes done, of all. */
  readonly progress?: (done: number, total: number) => void;
}

/** Pages hashed before others get their turn: a few milliseconds. */
const SLICE = 256;
const DIGEST = 32;

/**
 * Compares the XOR over the HMAC of all pages with `hmac_digest` of cipher.img (`criu/tls.c` of CRIU PR 2297). Reads
 * every page of the layer, a slice at a time; memory stays the same whatever its size. Throws what reading throws, and
 * the signal's reason.
 */
export async function verifyPages(
  tree: FileTree,
  folder: string,
  seal: LayerSeal,
  { signal, progress }: VerifyOptions = {},
): Promise<PagesVerdict> {
  const files = (await tree.list(folder)).filter(({ kind }) => kind === "file");
  const impossible = whyNot(files, seal);
  if (impossible !== undefined) return { state: "notVerifiable", why: impossible };
  const { pageSize = 4096 } = seal;
  const total = files.filter(({ name }) => /^pages-/.test(name)).reduce((sum, { size }) => sum + size, 0);
  const ofShm = await sysvPagemaps(tree, folder, files, seal);
  const covered = { digest: Buffer.alloc(DIGEST), pages: 0 };
  const shm = { digest: Buffer.alloc(DIGEST), pages: 0 };
  let punched = 0;
  let done = 0;
  for (const { name } of files.filter((file) => /^pagemap-.*\.img$/.test(file.name))) {
    const pagemap = await openPagemap(tree, folder, name, seal);
    const sum = ofShm.has(name) ? shm : covered;
    for await (const { page, address } of pagesOf(tree, folder, pagemap, pageSize)) {
      if (sum.pages % SLICE === 0) {
        signal?.throwIfAborted();
        progress?.(done, total);
        await setImmediate();
      }
      if (page === undefined) return { state: "broken", pages: covered.pages + shm.pages };
      if (isZero(page)) punched++;
      xor(sum.digest, seal.pageDigest(page, address));
      sum.pages++;
      done += page.length;
    }
  }
  const pages = covered.pages + shm.pages;
  const stored = Buffer.from(seal.pagesDigest ?? []);
  if (stored.equals(covered.digest)) return { state: "verified", pages, uncovered: shm.pages };
  xor(covered.digest, shm.digest);
  if (stored.equals(covered.digest)) return { state: "verified", pages, uncovered: 0 };
  if (punched > 0)
    return {
      state: "notVerifiable",
      why: `${punched === 1 ? "1 page was" : `${punched} pages were`} punched out after the dump (dedup), so the digest can't be made again`,
    };
  return { state: "broken", pages };
}

function whyNot(files: readonly TreeEntry[], { pagesDigest }: LayerSeal): string | undefined {
  if (pagesDigest === undefined) return "cipher.img has no digest of the pages";
  if (pagesDigest.length !== DIGEST) return "the digest in cipher.img is not 32 bytes long";
  // `criu pre-dump` has memory alone, and writes cipher.img before the pages.
  if (!files.some(({ name }) => name === "pstree.img"))
    return "this is a pre-dump, whose digest CRIU writes before it has seen the pages";
  return undefined;
}

/** The pagemaps of SysV shared memory that is kept in pages: `pagemap-shmem-ID.img` by the ids in ipcns-shm. */
async function sysvPagemaps(
  tree: FileTree,
  folder: string,
  files: readonly TreeEntry[],
  seal: LayerSeal,
): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (const { name } of files.filter((file) => /^ipcns-shm-.*\.img$/.test(file.name)))
    await withImage(tree, folder, name, seal, async (image) => {
      for await (const { desc, in_pagemaps } of readEntries(image, "ipc_shm_entry"))
        if (in_pagemaps === true) names.add(`pagemap-shmem-${desc.id}.img`);
    });
  return names;
}

/** The pages of a pagemap with their addresses; `page` undefined where the pages file ends too early. */
async function* pagesOf(
  tree: FileTree,
  folder: string,
  { pagesFile, present }: Pagemap,
  pageSize: number,
): AsyncGenerator<{ page: Uint8Array | undefined; address: bigint }> {
  if (pagesFile === undefined) return;
  const path = joinPath(folder, pagesFile);
  if ((await tree.stat(path))?.kind !== "file") {
    for await (const { vaddr } of present()) {
      yield { page: undefined, address: vaddr };
      return;
    }
    return;
  }
  const source = await tree.open(path);
  try {
    let offset = 0;
    for await (const { vaddr, pages } of present())
      for (let page = 0n; page < pages; page += BigInt(SLICE)) {
        const count = Math.min(SLICE, Number(pages - page));
        const bytes = await source.read(offset, count * pageSize);
        offset += count * pageSize;
        for (let at = 0; at < count; at++) {
          const one = bytes.subarray(at * pageSize, (at + 1) * pageSize);
          const address = vaddr + (page + BigInt(at)) * BigInt(pageSize);
          yield { page: one.length === pageSize ? one : undefined, address };
          if (one.length < pageSize) return;
        }
      }
  } finally {
    await source.close?.();
  }
}

function xor(sum: Uint8Array, digest: Uint8Array): void {
  for (let at = 0; at < DIGEST; at++) sum[at] = (sum[at] ?? 0) ^ (digest[at] ?? 0);
}

function isZero(page: Uint8Array): boolean {
  for (const byte of page) if (byte !== 0) return false;
  return true;
}
