import { offsetOf } from "../../checkpoint/index.ts";
import type { Pagemap, PageStore, StoredPages } from "../../checkpoint/index.ts";
import type { AddressSpace } from "../space/address-space.ts";
import type { Run } from "../space/runs.ts";
import { FROM, PIECE_COLUMNS, STRETCH_COLUMNS } from "./messages.ts";
import type { Job } from "./messages.ts";
import type { MatchEnd } from "./pattern.ts";

/** Places of a job that are not content: what lies around each stretch. */
const AROUND_BYTES = 4 * 1024 * 1024;
/** Bytes that go with a job at most, because they are in no file as they are: memory is for a few jobs at a time. */
const ATTACHED_BYTES = 4 * 1024 * 1024;
/** Of those so many are read at once. */
const ATTACHED_STEP = 1024 * 1024;
/** Bytes before a stretch that `^`, `\b` and look-behinds may see. */
const LEAD = 64;
const ALIGN = 16;

/** Where a match is. */
export interface MatchPlace {
  readonly space: AddressSpace;
  readonly address: bigint;
}

/** What is known of the pages behind a run. */
export interface Gap {
  /** So many have no content of their own; 0: unknown. */
  readonly gap: number;
  /** They read as zero; else they can't be had. */
  readonly gapIsZero: boolean;
}

interface PagesFile {
  readonly descriptor: number;
  readonly start: number;
  readonly size: number;
}

/** A job, and where in the address spaces its stretches are. */
export class BuiltJob {
  readonly job: Job;
  /** Bytes of content. */
  readonly bytes: number;
  /** Whether its first stretch goes on where the last one of the job before ended. */
  readonly continues: boolean;
  /** By stretch: its space, and the page that it begins with. */
  readonly #spaces: readonly AddressSpace[];
  readonly #pages: readonly number[];

  constructor(
    job: Job,
    bytes: number,
    continues: boolean,
    spaces: readonly AddressSpace[],
    pages: readonly number[],
  ) {
    this.job = job;
    this.bytes = bytes;
    this.continues = continues;
    this.#spaces = spaces;
    this.#pages = pages;
  }

  /** Of a place in a stretch, the address; undefined for a stretch that the job doesn't have. */
  find(stretch: number, place: number): MatchPlace | undefined {
    const space = this.#spaces[stretch];
    const start = this.job.stretches[stretch * STRETCH_COLUMNS + 1];
    if (space === undefined || start === undefined) return undefined;
    const page = BigInt(this.#pages[stretch] ?? 0) * BigInt(space.pageSize);
    return { space, address: page + BigInt(place - start) };
  }
}

/** How large jobs are. */
export interface JobSize {
  /** Bytes of content. */
  readonly content: number;
  /** Places of the whole job: of content, and of what lies around each stretch. */
  readonly places: number;
}

export const jobSize = (content: number, around = AROUND_BYTES): JobSize => ({
  content,
  places: content + around,
});

/**
 * Gathers runs of pages into jobs. `reach` is how far behind its begin a match may go; `endsInZeros`: whether it may end in
 * memory that reads as zero.
 */
export class JobBuilder {
  readonly #reach: number;
  readonly #endsInZeros: boolean;
  readonly #size: JobSize;
  #pieces: number[] = [];
  #stretches: number[] = [];
  #spaces: AddressSpace[] = [];
  #pages: number[] = [];
  #continues = false;
  #attached: Uint8Array[] = [];
  #attachedSize = 0;
  #place = 0;
  #bytes = 0;
  /** Where the pages files of pagemaps lie; null where they can't be read directly. */
  #files = new Map<Pagemap, PagesFile | null>();

  constructor({ reach, endsInZeros }: MatchEnd, size: JobSize) {
    this.#reach = reach;
    this.#endsInZeros = endsInZeros;
    this.#size = size;
  }

  get isFull(): boolean {
    const { content, places } = this.#size;
    return (
      this.#bytes >= content ||
      this.#attachedSize >= ATTACHED_BYTES ||
      this.#place + this.#reach + LEAD + 2 * ALIGN >= places - 64 * 1024
    );
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Bytes of content that still go in. */
  get room(): number {
    const { content, places } = this.#size;
    return Math.min(content - this.#bytes, places - this.#place - this.#reach - LEAD - 2 * ALIGN);
  }

  /** Begins a stretch at a page. */
  open(space: AddressSpace, page: number): void {
    this.#place = Math.ceil(this.#place / ALIGN) * ALIGN;
    this.#begin(space, page, this.#place);
  }

  /** Begins a stretch that goes on where the one that the last job ended with did: a match may look at what is before it. */
  async openNext(space: AddressSpace, store: PageStore, page: number): Promise<void> {
    this.#continues = true;
    await this.#addAround(space, store, BigInt(page) * BigInt(space.pageSize) - BigInt(LEAD), LEAD);
    // Bytes before the stretch that can't be had leave their place to it, still aligned.
    if (this.#place !== LEAD) this.#place = 0;
    this.#begin(space, page, 0);
  }

  #begin(space: AddressSpace, page: number, from: number): void {
    this.#spaces.push(space);
    this.#pages.push(page);
    this.#stretches.push(from, this.#place);
  }

  /** Adds `length` bytes of a run, from byte `offset` of it on, to the open stretch, or fewer; gives how many. */
  add(store: PageStore, run: Run, offset: number, length: number): number | Promise<number> {
    if (!this.#addDirectly(run, offset, length)) return this.#addLater(store, run, offset, length);
    this.#bytes += length;
    return length;
  }

  async #addLater(store: PageStore, run: Run, offset: number, length: number): Promise<number> {
    const part = Math.min(length, ATTACHED_STEP);
    this.#bytes += part;
    await this.#addBytes(store, run, offset, part);
    return part;
  }

  /**
   * Ends the open stretch at a page, with what lies behind it for matches to end in. Without waiting where `gap` says all
   * that matters of it: there can be a hundred thousand stretches.
   */
  close(space: AddressSpace, store: PageStore, page: number, gap: Gap): Promise<void> | undefined {
    const behind = this.#reach - 1;
    if (behind <= gap.gap * space.pageSize) {
      this.#stretches.push(this.#place);
      if (behind > 0 && gap.gapIsZero && this.#endsInZeros) this.#addPiece(FROM.zeros, 0, behind);
      this.#stretches.push(this.#place);
      return undefined;
    }
    return this.#closeWith(space, store, BigInt(page) * BigInt(space.pageSize), behind);
  }

  async #closeWith(space: AddressSpace, store: PageStore, address: bigint, behind: number): Promise<void> {
    this.#stretches.push(this.#place);
    await this.#addAround(space, store, address, behind);
    this.#stretches.push(this.#place);
  }

  /** The job, and an empty builder. */
  take(id: number, limit: number): BuiltJob {
    const attached = this.#attached.length === 0 ? undefined : new Uint8Array(Buffer.concat(this.#attached));
    const job: Job = {
      id,
      pieces: new Float64Array(this.#pieces),
      stretches: new Float64Array(this.#stretches),
      attached,
      limit,
    };
    const built = new BuiltJob(job, this.#bytes, this.#continues, this.#spaces, this.#pages);
    this.#pieces = [];
    this.#stretches = [];
    this.#spaces = [];
    this.#pages = [];
    this.#continues = false;
    this.#attached = [];
    this.#attachedSize = 0;
    this.#place = 0;
    this.#bytes = 0;
    return built;
  }

  /** Bytes that matches may look at or end in, up to the first that can't be had. */
  async #addAround(space: AddressSpace, store: PageStore, address: bigint, length: number): Promise<void> {
    if (address < 0n) return;
    const page = BigInt(space.pageSize);
    const end = address + BigInt(length);
    for (const run of space.runs(address, end)) {
      if (run.origin.kind === "unavailable") return;
      const start = BigInt(run.first) * page;
      const from = start > address ? start : address;
      const last = BigInt(run.last) * page;
      const size = Number((last < end ? last : end) - from);
      const offset = Number(from - start);
      if (!this.#addDirectly(run, offset, size)) await this.#addBytes(store, run, offset, size);
    }
  }

  /** Without waiting where it can, which is nearly always; false when it can't. */
  #addDirectly({ where }: Run, offset: number, length: number): boolean {
    if (where.kind === "none") {
      this.#addPiece(FROM.zeros, 0, length);
      return true;
    }
    if (where.kind !== "pages") return false;
    const file = this.#files.get(where.stored.map);
    const at = offsetOf(where.stored, where.page);
    if (!file || at === undefined || at + offset + length > file.size) return false;
    this.#addPiece(file.descriptor, file.start + at + offset, length);
    return true;
  }

  async #addBytes(store: PageStore, run: Run, offset: number, length: number): Promise<void> {
    const { where } = run;
    if (where.kind === "none") return;
    if (where.kind === "file") {
      const { region } = where.file.source;
      if (region && where.offset + offset + length <= where.file.source.size)
        this.#addPiece(region.descriptor, region.offset + where.offset + offset, length);
      else this.#attach(await where.file.source.read(where.offset + offset, length), length);
    } else {
      const { stored, page } = where;
      const file = this.#files.get(stored.map) ?? (await this.#open(store, stored, page));
      const at = (offsetOf(stored, page) ?? Infinity) + offset;
      // Behind the end of a pages file there is something else in an archive.
      if (file && at + length <= file.size) this.#addPiece(file.descriptor, file.start + at, length);
      else this.#attach(await store.read(stored, page, offset, length), length);
    }
  }

  /** Asked once for each pagemap: there may be a hundred thousand pieces. */
  async #open(store: PageStore, stored: StoredPages, page: number): Promise<PagesFile | null> {
    const known = this.#files.get(stored.map);
    if (known !== undefined) return known;
    const place = await store.place(stored, page);
    // Of a compressed entry nothing is learnt for the others.
    if (place === undefined) return null;
    const { size, region } = place.source;
    const file = region ? { descriptor: region.descriptor, start: region.offset, size } : null;
    this.#files.set(stored.map, file);
    return file;
  }

  /** To be called when the pages files may have been closed. */
  forget(): void {
    this.#files.clear();
  }

  #attach(bytes: Uint8Array, length: number): void {
    this.#addPiece(FROM.attached, this.#attachedSize, bytes.length);
    this.#attached.push(bytes);
    this.#attachedSize += bytes.length;
    // What is missing was reported; zeros keep the addresses right.
    if (bytes.length < length) this.#addPiece(FROM.zeros, 0, length - bytes.length);
  }

  #addPiece(source: number, offset: number, length: number): void {
    const pieces = this.#pieces;
    const last = pieces.length - PIECE_COLUMNS;
    const lastLength = pieces[last + 2] ?? 0;
    const joins =
      source >= 0 &&
      pieces[last] === source &&
      (pieces[last + 1] ?? 0) + lastLength === offset &&
      (pieces[last + 3] ?? 0) + lastLength === this.#place;
    if (joins) pieces[last + 2] = lastLength + length;
    else pieces.push(source, offset, length, this.#place);
    this.#place += length;
  }
}
