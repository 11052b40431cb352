import type { PageStore } from "../../checkpoint/index.ts";
import type { AddressSpace } from "../space/address-space.ts";
import type { Run } from "../space/runs.ts";
import { FROM } from "./messages.ts";
import type { Job } from "./messages.ts";

/** Bytes of content in a job: enough to make handing it over cheap, little enough to keep memory low. */
export const JOB_BYTES = 4 * 1024 * 1024;
/** Places in a worker's memory that a job may use: content with what lies around each stretch. */
export const JOB_MEMORY = JOB_BYTES + 4 * 1024 * 1024;
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

export interface BuiltJob {
  readonly job: Job;
  readonly places: readonly StretchPlace[];
  /** Bytes of content. */
  readonly bytes: number;
}

/** Gathers runs of pages into jobs. `reach` is how far behind its begin a match may go. */
export class JobBuilder {
  readonly #reach: number;
  #pieces: number[] = [];
  #stretches: number[] = [];
  #places: StretchPlace[] = [];
  #attached: Uint8Array[] = [];
  #attachedSize = 0;
  #place = 0;
  #bytes = 0;

  constructor(reach: number) {
    this.#reach = reach;
  }

  get isFull(): boolean {
    return (
      this.#bytes >= JOB_BYTES || this.#place + this.#reach + LEAD + 2 * ALIGN >= JOB_MEMORY - JOB_BYTES / 64
    );
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Bytes of content that still go in. */
  get room(): number {
    return Math.min(JOB_BYTES - this.#bytes, JOB_MEMORY - this.#place - this.#reach - LEAD - 2 * ALIGN);
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

  /** Adds `length` bytes of a run, from byte `offset` of it on, to the open stretch. */
  async add(store: PageStore, run: Run, offset: number, length: number): Promise<void> {
    this.#bytes += length;
    await this.#addBytes(store, run, offset, length);
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
      await this.#addBytes(store, run, Number(from - start), size);
    }
  }

  async #addBytes(store: PageStore, run: Run, offset: number, length: number): Promise<void> {
    const { where } = run;
    if (where.kind === "none") this.#addPiece(FROM.zeros, 0, length);
    else if (where.kind === "file") {
      const { region } = where.file.source;
      if (region && where.offset + offset + length <= where.file.source.size)
        this.#addPiece(region.descriptor, region.offset + where.offset + offset, length);
      else this.#attach(await where.file.source.read(where.offset + offset, length), length);
    } else {
      const place = await store.place(where.stored, where.page);
      const region = place?.source.region;
      // Behind the end of a pages file there is something else in an archive.
      if (place && region && place.offset + offset + length <= place.source.size)
        this.#addPiece(region.descriptor, region.offset + place.offset + offset, length);
      else this.#attach(await store.read(where.stored, where.page, offset, length), length);
    }
  }

  #attach(bytes: Uint8Array, length: number): void {
    this.#addPiece(FROM.attached, this.#attachedSize, bytes.length);
    this.#attached.push(bytes);
    this.#attachedSize += bytes.length;
    // What is missing was reported; zeros keep the addresses right.
    if (bytes.length < length) this.#addPiece(FROM.zeros, 0, length - bytes.length);
  }

  #addPiece(source: number, offset: number, length: number): void {
    const last = this.#pieces.length - 4;
    const [lastSource, lastOffset = 0, lastLength = 0, lastPlace = 0] = this.#pieces.slice(-4);
    const joins = lastOffset + lastLength === offset && lastPlace + lastLength === this.#place;
    if (last >= 0 && source >= 0 && lastSource === source && joins)
      this.#pieces[last + 2] = lastLength + length;
    else this.#pieces.push(source, offset, length, this.#place);
    this.#place += length;
  }
}
