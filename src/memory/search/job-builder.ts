import { offsetOf } from "../../checkpoint/index.ts";
import type { Pagemap, PageStore, StoredPages } from "../../checkpoint/index.ts";
import type { AddressSpace } from "../space/address-space.ts";
import type { Run } from "../space/runs.ts";
import { FROM, PIECE_COLUMNS } from "./messages.ts";
import type { Job } from "./messages.ts";

/** Places of a job that are not content: what lies around each stretch. */
const AROUND_BYTES = 4 * 1024 * 1024;
/** Bytes that go with a job at most, because they are in no file as they are: memory is for a few jobs at a time. */
const ATTACHED_BYTES = 4 * 1024 * 1024;
/** Of those so many are read at once. */
const ATTACHED_STEP = 1024 * 1024;
/** Bytes before a stretch that `^`, `\b` and look-behinds may see. */
const LEAD = 64;
const ALIGN = 16;

/** Where a stretch of a job is in an address space. */
export interface StretchPlace {
  readonly space: AddressSpace;
  /** Address of `from`. */
  readonly address: bigint;
  readonly from: number;
  /** Whether it goes on where the stretch before it, in the job before, ended. */
  readonly continues: boolean;
}

interface PagesFile {
  readonly descriptor: number;
  readonly start: number;
  readonly size: number;
}

export interface BuiltJob {
  readonly job: Job;
  readonly places: readonly StretchPlace[];
  /** Bytes of content. */
  readonly bytes: number;
}

/** How large jobs are. */
export interface JobSize {
  /** Bytes of content. */
  readonly content: number;
  /** Places of the whole job: of content, and of what lies around each stretch. */
  readonly places: number;
}

export const jobSize = (content: number): JobSize => ({ content, places: content + AROUND_BYTES });

/** Gathers runs of pages into jobs. `reach` is how far behind its begin a match may go. */
export class JobBuilder {
  readonly #reach: number;
  readonly #size: JobSize;
  #pieces: number[] = [];
  #stretches: number[] = [];
  #places: StretchPlace[] = [];
  #attached: Uint8Array[] = [];
  #attachedSize = 0;
  #place = 0;
  #bytes = 0;
  /** Where the pages files of pagemaps lie; null where they can't be read directly. */
  #files = new Map<Pagemap, PagesFile | null>();

  constructor(reach: number, size: JobSize) {
    this.#reach = reach;
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

  /** Begins a stretch at `address`; `lead` bytes before it are mapped, and a match may look at them. */
  async open(space: AddressSpace, store: PageStore, address: bigint, continues: boolean): Promise<void> {
    this.#place = Math.ceil(this.#place / ALIGN) * ALIGN;
    const from = this.#place;
    const lead = continues ? LEAD : 0;
    if (lead > 0) await this.#addAround(space, store, address - BigInt(lead), lead);
    // Bytes before the stretch that can't be had leave their place to it, still aligned.
    const got = this.#place - from === lead ? lead : 0;
    this.#place = from + got;
    this.#places.push({ space, address: address - BigInt(got), from, continues });
    this.#stretches.push(from, this.#place);
  }

  /** Adds `length` bytes of a run, from byte `offset` of it on, to the open stretch, or fewer; gives how many. */
  async add(store: PageStore, run: Run, offset: number, length: number): Promise<number> {
    if (this.#addDirectly(run, offset, length)) {
      this.#bytes += length;
      return length;
    }
    const part = Math.min(length, ATTACHED_STEP);
    this.#bytes += part;
    await this.#addBytes(store, run, offset, part);
    return part;
  }

  /** Ends the open stretch at `address`, with what lies behind it for matches to end in. */
  async close(space: AddressSpace, store: PageStore, address: bigint): Promise<void> {
    this.#stretches.push(this.#place);
    if (this.#reach > 1) await this.#addAround(space, store, address, this.#reach - 1);
    this.#stretches.push(this.#place);
  }

  /** The job, and an empty builder. */
  take(id: number, limit: number): BuiltJob {
    const attached = this.#attached.length === 0 ? undefined : new Uint8Array(Buffer.concat(this.#attached));
    const job: Job = {
      id,
      pieces: Float64Array.from(this.#pieces),
      stretches: Float64Array.from(this.#stretches),
      attached,
      limit,
    };
    const built = { job, places: this.#places, bytes: this.#bytes };
    this.#pieces = [];
    this.#stretches = [];
    this.#places = [];
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
