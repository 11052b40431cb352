import type { ByteSource } from "../../bytes/index.ts";
import { checkpointErrors } from "../errors.ts";
import { asProblem } from "../problems.ts";
import type { Report } from "../problems.ts";
import type { StoredPages } from "./chain.ts";
import { decodeLz4Block } from "./lz4.ts";
import type { Pagemap } from "./pagemap.ts";

/** Bytes of decoded blocks that are kept. A block has 4 MiB at most in a sound dump. */
const KEPT = 8 * 1024 * 1024;

/**
 * Reads compressed pages. Per block: size 0 is all zero, the full size is stored as it is, anything else is an LZ4
 * block that must give the full size (`criu/page-xfer.c`, development version of 4.3).
 */
export class BlockReader {
  readonly #kept = new Map<string, Uint8Array>();
  #size = 0;

  /** `length` bytes from byte `from` of the entry on; fewer when a block is broken, which is reported. */
  async read(
    source: ByteSource,
    file: string,
    run: StoredPages,
    from: number,
    length: number,
    report: Report,
  ): Promise<Uint8Array> {
    const { map, entry, layer } = run;
    const pages = map.pages[entry] ?? 0;
    const each = (map.blocks?.pagesPerBlock[entry] ?? 1) * map.pageSize;
    const end = Math.min(from + length, pages * map.pageSize);
    const joined = new Uint8Array(Math.max(0, end - from));
    for (let at = from; at < end;) {
      const index = Math.floor(at / each);
      const full = Math.min(each, pages * map.pageSize - index * each);
      const block = await this.#block(source, map, layer, (map.blocks?.first[entry] ?? 0) + index, full);
      if (block === undefined) {
        const offset = map.blocks?.offsets[(map.blocks.first[entry] ?? 0) + index] ?? 0;
        report(asProblem(checkpointErrors.brokenBlock({ file, offset })));
        return joined.subarray(0, at - from);
      }
      const part = block.subarray(at - index * each, Math.min(full, end - index * each));
      joined.set(part, at - from);
      at += part.length;
    }
    return joined;
  }

  async #block(
    source: ByteSource,
    map: Pagemap,
    layer: number,
    index: number,
    full: number,
  ): Promise<Uint8Array | undefined> {
    const size = map.blocks?.sizes[index] ?? 0;
    if (size === 0) return new Uint8Array(full);
    // A block that is no smaller than what it holds would have been stored plain.
    if (size > full) return undefined;
    const key = `${layer}/${map.pagesFile}/${index}/${map.blocks?.offsets[index] ?? 0}`;
    const known = this.#kept.get(key);
    if (known) return known;
    const stored = await source.read(map.blocks?.offsets[index] ?? 0, size);
    if (stored.length < size) return undefined;
    const block = size === full ? stored : decodeLz4Block(stored, full);
    if (block) this.#keep(key, block);
    return block;
  }

  #keep(key: string, block: Uint8Array): void {
    this.#kept.set(key, block);
    this.#size += block.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#size <= KEPT) break;
      this.#kept.delete(oldest);
      this.#size -= length;
    }
  }
}
