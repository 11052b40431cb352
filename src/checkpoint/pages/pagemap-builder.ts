import type { Problem } from "../../criu/index.ts";
import type { Report } from "../problems.ts";
import { emptyFields, readEntryFields } from "./entry-fields.ts";
import type { EntryFields } from "./entry-fields.ts";
import { NumberList } from "./numbers.ts";
import { ENTRY } from "./entry-flags.ts";
import type { Pagemap } from "./pagemap.ts";

const floats = () => new NumberList((length) => new Float64Array(length));

/** Larger blocks than CRIU makes (4 MiB): nobody's, and not to be allocated. */
const MAX_BLOCK = 16 * 1024 * 1024;
/** Addresses have 64 bits. */
const ADDRESS_END = 2 ** 64;

/** How the entries of an image lie: a size in the machine's byte order, the entry, and what follows it. */
export interface EntryShape {
  /** Bytes that follow a sealed entry. */
  readonly tail: number;
  readonly bigEndian: boolean;
}

/** Takes entries one after the other and keeps them as columns. */
export class PagemapBuilder {
  readonly #pageSize: number;
  readonly #fields: EntryFields = emptyFields();
  readonly #first = floats();
  readonly #pages = floats();
  readonly #offset = floats();
  readonly #flags = new NumberList((length) => new Uint8Array(length));
  readonly #firstBlock = floats();
  readonly #pagesPerBlock = new NumberList((length) => new Uint32Array(length));
  readonly #sizes = new NumberList((length) => new Uint32Array(length));
  readonly #blockOffsets = floats();
  /** Where in the pages file the next present entry is. */
  #at = 0;
  #broken = 0;
  #badBlocks = 0;

  constructor(pageSize: number) {
    this.#pageSize = pageSize;
  }

  /** Adds the whole entries that `bytes` begin with; gives how many bytes those are. */
  addAll(bytes: Uint8Array, { tail, bigEndian }: EntryShape): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (at + 4 <= bytes.length) {
      const size = view.getUint32(at, !bigEndian);
      const end = at + 4 + size + (size > 0 ? tail : 0);
      if (end > bytes.length) break;
      this.#add(bytes.subarray(at + 4, at + 4 + size));
      at = end;
    }
    return at;
  }

  #add(bytes: Uint8Array): void {
    const fields = this.#fields;
    readEntryFields(bytes, fields);
    // `criu/pagemap.c: init_compat_pagemap_entry`.
    const pages = fields.pages ?? fields.compatPages ?? 0;
    const known = fields.flags ?? (fields.inParent ? 0 : ENTRY.present);
    const flags = (known & 15) | (fields.inParent ? ENTRY.parent : 0);
    const end = fields.vaddr + pages * this.#pageSize;
    if (fields.isBroken || fields.vaddr % this.#pageSize !== 0 || end > ADDRESS_END) {
      this.#broken++;
      return;
    }
    const isPresent = (flags & ENTRY.present) !== 0;
    if (isPresent && (flags & ENTRY.payloadAligned) !== 0) this.#at = this.#roundUp(this.#at);
    this.#first.push(fields.vaddr / this.#pageSize);
    this.#pages.push(pages);
    this.#offset.push(this.#at);
    if (!isPresent) {
      this.#noBlocks(flags);
    } else if (fields.blockSizes.length === 0) {
      this.#noBlocks(flags);
      this.#at += pages * this.#pageSize;
    } else this.#addBlocks(fields, pages, flags);
  }

  #noBlocks(flags: number): void {
    this.#flags.push(flags);
    this.#firstBlock.push(-1);
    this.#pagesPerBlock.push(0);
  }

  #addBlocks({ blockSizes, pagesPerBlock, padded }: EntryFields, pages: number, flags: number): void {
    const each = Math.max(1, pagesPerBlock);
    const full = each * this.#pageSize;
    const fits = blockSizes.length === Math.ceil(pages / each) && full <= MAX_BLOCK;
    this.#flags.push(flags | (padded ? ENTRY.padded : 0) | (fits ? 0 : ENTRY.badBlocks));
    if (!fits) this.#badBlocks++;
    this.#firstBlock.push(this.#sizes.length);
    this.#pagesPerBlock.push(each);
    for (const size of blockSizes) {
      if (fits) {
        this.#sizes.push(size);
        this.#blockOffsets.push(this.#at);
      }
      this.#at += padded ? this.#roundUp(size) : size;
    }
  }

  #roundUp(value: number): number {
    return Math.ceil(value / this.#pageSize) * this.#pageSize;
  }

  problems(): readonly Problem[] {
    const problems: Problem[] = [];
    if (this.#broken > 0)
      problems.push({
        code: "checkpoint.brokenEntries",
        message: `Entries that make no sense were left out: ${this.#broken}.`,
        severity: "error",
      });
    if (this.#badBlocks > 0)
      problems.push({
        code: "checkpoint.badBlocks",
        message: `Entries whose blocks don't fit their pages: ${this.#badBlocks}; their pages can't be read.`,
        severity: "error",
      });
    return problems;
  }

  done(pagesFile: string): Pagemap {
    const hasBlocks = this.#sizes.length > 0;
    return {
      pageSize: this.#pageSize,
      pagesFile,
      count: this.#first.length,
      first: this.#first.done(),
      pages: this.#pages.done(),
      offset: this.#offset.done(),
      flags: this.#flags.done(),
      blocks: hasBlocks
        ? {
            first: this.#firstBlock.done(),
            pagesPerBlock: this.#pagesPerBlock.done(),
            sizes: this.#sizes.done(),
            offsets: this.#blockOffsets.done(),
          }
        : undefined,
    };
  }
}

/** CRIU writes entries by address. A hostile image need not: then the first of two that overlap wins. */
export function inOrder(map: Pagemap, tell: Report): Pagemap {
  if (isInOrder(map)) return map;
  const order = Array.from({ length: map.count }, (_, index) => index).sort(
    (a, b) => (map.first[a] ?? 0) - (map.first[b] ?? 0) || a - b,
  );
  let end = 0;
  const kept = order.filter((index) => {
    const first = map.first[index] ?? 0;
    const fits = first >= end && (map.pages[index] ?? 0) > 0;
    if (fits) end = first + (map.pages[index] ?? 0);
    return fits;
  });
  tell({
    code: "checkpoint.pagemapOrder",
    message: `The entries are not in order, or overlap; of ${map.count} ${kept.length} are used.`,
    severity: "warning",
  });
  const pick = <A extends Float64Array | Uint32Array | Uint8Array>(values: A, make: (n: number) => A): A => {
    const picked = make(kept.length);
    kept.forEach((index, at) => {
      picked[at] = values[index] ?? 0;
    });
    return picked;
  };
  const doubles = (values: Float64Array) => pick<Float64Array>(values, (length) => new Float64Array(length));
  const { blocks } = map;
  return {
    ...map,
    count: kept.length,
    first: doubles(map.first),
    pages: doubles(map.pages),
    offset: doubles(map.offset),
    flags: pick<Uint8Array>(map.flags, (length) => new Uint8Array(length)),
    blocks: blocks && {
      ...blocks,
      first: doubles(blocks.first),
      pagesPerBlock: pick<Uint32Array>(blocks.pagesPerBlock, (length) => new Uint32Array(length)),
    },
  };
}

function isInOrder({ first, pages, count }: Pagemap): boolean {
  let end = 0;
  for (let index = 0; index < count; index++) {
    if ((first[index] ?? 0) < end || (pages[index] ?? 0) === 0) return false;
    end = (first[index] ?? 0) + (pages[index] ?? 0);
  }
  return true;
}
