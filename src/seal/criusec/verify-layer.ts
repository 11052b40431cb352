import { setImmediate } from "node:timers/promises";
import { joinPath, type FileTree } from "../../archive/index.ts";
import { readChunks } from "../../bytes/index.ts";
import { openImage } from "../../criu/index.ts";
import type { ImageSeal, Problem } from "../../criu/index.ts";
import { CIPHER_IMAGE } from "./cipher-image.ts";
import type { LayerSeal } from "./layer-seal.ts";
import { verifyPages } from "./verify-pages.ts";
import type { PagesVerdict, VerifyOptions } from "./verify-pages.ts";
import { framingProblems } from "./framing-problems.ts";
import { watchRecords } from "./watch-records.ts";

/** A place in a layer that is not as it was dumped. */
export interface BrokenRecord {
  readonly file: string;
  /** Index of the entry; undefined for images without entries, or where no entry begins any more. */
  readonly entry: number | undefined;
  readonly offset: number | undefined;
  /** In words, without the place. */
  readonly why: string;
}

export interface LayerVerdict {
  /** Records that are authentic. */
  readonly records: number;
  /** The first 1000 that aren't, by file. */
  readonly broken: readonly BrokenRecord[];
  readonly pages: PagesVerdict;
}

const NOT_AUTHENTIC = "This record is not authentic.";
const MAX_BROKEN = 1000;
const CHUNK = 1 << 20;

/**
 * Reads a whole layer and says which of its records are authentic, and whether its pages are. To be run in the
 * background: it works in slices and can be cancelled. Throws what reading throws, and the signal's reason.
 */
export async function verifyLayer(
  tree: FileTree,
  folder: string,
  seal: LayerSeal,
  options: VerifyOptions = {},
): Promise<LayerVerdict> {
  const { signal } = options;
  const broken: BrokenRecord[] = [];
  let records = 0;
  const note = (one: BrokenRecord): void => void (broken.length < MAX_BROKEN && broken.push(one));
  for (const { name, kind } of await tree.list(folder)) {
    if (kind !== "file" || name === CIPHER_IMAGE || !mayBeSealed(name)) continue;
    signal?.throwIfAborted();
    const found = await verifyImage(tree, folder, name, seal, signal);
    records += found.authentic;
    found.broken.forEach(note);
    await setImmediate();
  }
  return { records, broken, pages: await verifyPages(tree, folder, seal, options) };
}

/** Logs and the engine's own files are in clear; what else there is, is found out by opening it. */
const mayBeSealed = (name: string): boolean => /\.img$|^irmap-cache$/.test(name);

async function verifyImage(
  tree: FileTree,
  folder: string,
  name: string,
  seal: ImageSeal,
  signal: AbortSignal | undefined,
): Promise<{ authentic: number; broken: readonly BrokenRecord[] }> {
  const watched = watchRecords(seal);
  const source = await tree.open(joinPath(folder, name));
  try {
    const image = await openImage(name, source, { seal: watched.seal });
    if (image.seal === undefined || /^pages-/.test(name)) return { authentic: 0, broken: [] };
    // Reading the plaintext opens every record once.
    for await (const _ of readChunks(image.plain, { chunk: CHUNK, ...(signal && { signal }) }))
      await setImmediate();
    const broken: BrokenRecord[] = watched
      .broken()
      .map((at) => ({ file: name, entry: image.entryAt(at), offset: at, why: NOT_AUTHENTIC }));
    const problem = ({ message, offset }: Problem): BrokenRecord => ({
      file: name,
      entry: offset === undefined ? undefined : image.entryAt(offset),
      offset,
      why: message,
    });
    broken.push(...image.problems.map(problem));
    for await (const found of framingProblems(image))
      if (broken.length < MAX_BROKEN) broken.push(problem(found));
    return { authentic: watched.authentic, broken };
  } finally {
    await source.close?.();
  }
}
