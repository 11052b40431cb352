import { bufferSource, isCancelled } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { openImage } from "../../criu/index.ts";
import { checkpointErrors } from "../errors.ts";
import { pathInLayer } from "../layers.ts";
import type { Layer } from "../layers.ts";
import { asProblem, orReport } from "../problems.ts";
import type { Report } from "../problems.ts";
import { ENTRY } from "./entry-flags.ts";
import { BlockReader } from "./blocks.ts";
import type { StoredPages } from "./chain.ts";
import { readPagemap } from "./pagemap.ts";
import type { Pagemap } from "./pagemap.ts";

/** Pages files that are kept open: descriptors are few. */
const MAX_OPEN = 16;
/** Pagemaps that are kept: the processes of a whole container would be too much to keep at once. */
const MAX_KEPT = 64;

/** Where stored pages are in their pages file, when they are plain. */
export interface PagesPlace {
  readonly source: ByteSource;
  readonly offset: number;
}

/** The pages of all layers of a checkpoint. Has descriptors open: close it. */
export interface PageStore {
  /** Bytes. */
  readonly pageSize: number;
  /**
   * The pagemaps of `pagemap-NAME.img`, one a layer, the newest first; those of parents are read only where the newest
   * refers to them. Empty when the newest layer has none.
   */
  pagemaps(name: string): Promise<readonly (Pagemap | undefined)[]>;
  /**
   * `length` bytes of stored pages, from byte `from` of page `first` on; fewer, and reported, when the file ends before
   * or a block is broken. `length` is the caller's to bound.
   */
  read(run: StoredPages, first: number, from: number, length: number): Promise<Uint8Array>;
  /**
   * Where page `first` of stored pages is; undefined when it is compressed or the file is missing. The pages file stays
   * open until `unpin`.
   */
  place(run: StoredPages, first: number): Promise<PagesPlace | undefined>;
  /** How many pages files `place` keeps open. */
  readonly pinned: number;
  unpin(): void;
  close(): Promise<void>;
}

/** Opens the pages of `layers`. What is wrong with them is told to `report` as it is found, each thing once. */
export function openPageStore(layers: readonly Layer[], pageSize: number, tell: Report): PageStore {
  const report = onceEach(tell);
  const sources = new Map<string, Promise<ByteSource>>();
  const pinned = new Set<string>();
  const chains = new Map<string, Promise<readonly (Pagemap | undefined)[]>>();
  const blocks = new BlockReader();

  /** How often a source was asked for. */
  let asked = 0;
  /** The pages file that was read last, which is the newest in `sources`: pages are mostly read near each other. */
  let last: { readonly map: Pagemap; readonly layer: number; readonly source: ByteSource } | undefined;

  const keyOf = ({ layer, map }: StoredPages): string => `${layer}/${map.pagesFile}`;

  function sourceOf(run: StoredPages): Promise<ByteSource> {
    last = undefined;
    asked++;
    const key = keyOf(run);
    const known = sources.get(key);
    if (known) sources.delete(key);
    const opened = known ?? openPages(layers[run.layer], run.map, report);
    sources.set(key, opened);
    closeOld();
    return opened;
  }

  /** The ones that were used longest ago, but for those that somebody reads in their own way. */
  function closeOld(): void {
    for (const [key, source] of sources) {
      if (sources.size - pinned.size <= MAX_OPEN) return;
      if (pinned.has(key)) continue;
      sources.delete(key);
      void closeLater(source);
    }
  }

  async function readFrom(
    source: ByteSource,
    run: StoredPages,
    inEntry: number,
    length: number,
  ): Promise<Uint8Array> {
    const { map, entry, layer } = run;
    const file = (): string => pathIn(layers[layer], map.pagesFile);
    const isPlain = map.blocks === undefined || (map.blocks.first[entry] ?? -1) < 0;
    let bytes: Uint8Array = new Uint8Array(0);
    try {
      bytes = isPlain
        ? await source.read((map.offset[entry] ?? 0) + inEntry, length)
        : await blocks.read(source, file(), run, inEntry, length, report);
    } catch (error) {
      if (isCancelled(error)) throw error;
      report(asProblem(error, file()));
    }
    if (bytes.length < length && isPlain) report(asProblem(checkpointErrors.pagesFileShort(file())));
    return bytes;
  }

  return {
    pageSize,
    pagemaps(name) {
      const known = chains.get(name);
      if (known) return known;
      const chain = readChain(layers, name, pageSize, report);
      chains.set(name, chain);
      const [oldest] = chains.keys();
      if (chains.size > MAX_KEPT && oldest !== undefined) chains.delete(oldest);
      chain.catch(() => chains.delete(name));
      return chain;
    },
    async read(run, first, from, length) {
      const { map, entry, layer } = run;
      const inEntry = (first - (map.first[entry] ?? 0)) * map.pageSize + from;
      if (last?.map === map && last.layer === layer) return readFrom(last.source, run, inEntry, length);
      const before = asked;
      const source = await sourceOf(run);
      // Else others were opened meanwhile, and this one is no longer the newest.
      if (asked === before + 1) last = { map, layer, source };
      return readFrom(source, run, inEntry, length);
    },
    async place(run, first) {
      const offset = offsetOf(run, first);
      if (offset === undefined) return undefined;
      pinned.add(keyOf(run));
      return { source: await sourceOf(run), offset };
    },
    get pinned() {
      return pinned.size;
    },
    unpin() {
      pinned.clear();
      closeOld();
    },
    async close() {
      pinned.clear();
      last = undefined;
      asked++;
      const open = [...sources.values()];
      sources.clear();
      chains.clear();
      for (const source of open) await closeLater(source);
    },
  };
}

/** Byte of the pages file where page `first` of stored pages is; undefined when it is compressed. */
export function offsetOf({ map, entry }: StoredPages, first: number): number | undefined {
  const isPlain = map.blocks === undefined || (map.blocks.first[entry] ?? -1) < 0;
  if (!isPlain || ((map.flags[entry] ?? 0) & ENTRY.badBlocks) !== 0) return undefined;
  return (map.offset[entry] ?? 0) + (first - (map.first[entry] ?? 0)) * map.pageSize;
}

async function closeLater(opened: Promise<ByteSource>): Promise<void> {
  const source = await opened;
  await source.close?.();
}

const pathIn = (layer: Layer | undefined, file: string): string =>
  layer === undefined ? file : pathInLayer(layer, file);

async function readChain(
  layers: readonly Layer[],
  name: string,
  pageSize: number,
  report: Report,
): Promise<readonly (Pagemap | undefined)[]> {
  const maps: (Pagemap | undefined)[] = [];
  for (const layer of layers) {
    const map = await readPagemap(layer, name, pageSize, report);
    if (map === undefined && maps.length === 0) return [];
    maps.push(map);
    if (!map?.flags.some((flags) => (flags & ENTRY.parent) !== 0)) break;
  }
  return maps;
}

/** An absent or unreadable pages file is reported and has no bytes. */
async function openPages(layer: Layer | undefined, map: Pagemap, report: Report): Promise<ByteSource> {
  const empty = bufferSource(new Uint8Array(0));
  const file = pathIn(layer, map.pagesFile);
  if (layer?.files.get(map.pagesFile)?.kind !== "file") {
    report(asProblem(checkpointErrors.noPagesFile(file)));
    return empty;
  }
  return orReport<ByteSource>(report, file, empty, async () => {
    const source = await layer.tree.open(file);
    const { plain } = await openImage(map.pagesFile, source, { seal: layer.seal, pageSize: map.pageSize });
    if (plain === source) return source;
    return { ...plain, close: () => source.close?.() ?? Promise.resolve() };
  });
}

/** The same problem of the same file is told once, however many pages it costs. */
export function onceEach(report: Report): Report {
  const told = new Set<string>();
  return (problem) => {
    const key = `${problem.code} ${problem.file ?? ""} ${problem.offset ?? ""}`;
    if (told.has(key) || told.size > 1000) return;
    told.add(key);
    report(problem);
  };
}
