import type { ByteKind, ByteSpan, ImageBytes, SpanColumns } from "../../src/protocol/index.ts";

/** Bytes asked for at a time. */
export const PAGE_SIZE = 4096;
const KEPT_PAGES = 96;
/** Dragging the scroll bar over a gigabyte passes many pages; only so many are asked for at once. */
const IN_FLIGHT = 4;

export const KINDS: readonly ByteKind[] = [
  "magic",
  "size",
  "tag",
  "value",
  "payload",
  "padding",
  "seal",
  "unknown",
];

/** What is known about one byte. */
export interface ByteInfo {
  readonly value: number;
  readonly kind: ByteKind;
  /** It is the first of its span. */
  readonly starts: boolean;
  /** It differs from the image as it was opened. */
  readonly edited: boolean;
}

interface LoadedPage {
  readonly bytes: Uint8Array;
  /** Where each span ends, counted from the page's first byte. */
  readonly ends: readonly number[];
  readonly columns: SpanColumns;
  /** Index in KINDS by byte. */
  readonly kinds: Uint8Array;
  /** 1 where a span begins. */
  readonly starts: Uint8Array;
  /** 1 where a byte was edited. */
  readonly edited: Uint8Array;
}

type Page = LoadedPage | { readonly error: string } | "asked";

/** The bytes around what is on the screen. Memory is bounded by the pages kept, not by the image. */
export class HexPages {
  readonly #load: (offset: number, length: number) => Promise<ImageBytes>;
  readonly #changed: () => void;
  #pages = new Map<number, Page>();
  /** Pages of the image before an edit, shown until the new ones are there. */
  #old: ReadonlyMap<number, Page> = new Map();
  #inFlight = 0;
  #version = 0;
  /** The version that each page came with. */
  readonly #stamps = new WeakMap<object, number>();

  constructor(load: (offset: number, length: number) => Promise<ImageBytes>, changed: () => void) {
    this.#load = load;
    this.#changed = changed;
  }

  /** Grows when bytes have come. */
  get version(): number {
    return this.#version;
  }

  /** Changes when the byte may look otherwise: its page has come, or may be asked for now. */
  stampOf(offset: number): number {
    const number = Math.floor(offset / PAGE_SIZE);
    const known = this.#pages.get(number) ?? "asked";
    const page = known === "asked" ? (this.#old.get(number) ?? known) : known;
    return page === "asked" || page !== known ? -this.#version : (this.#stamps.get(page) ?? 0);
  }

  /** The image is another one now: everything is asked for again. */
  reload(): void {
    this.#old = this.#pages;
    this.#pages = new Map();
    this.#inFlight = 0;
    this.#version++;
  }

  /** Bytes that are at hand already: the first page of the image. */
  fill(bytes: ImageBytes): void {
    if (bytes.offset !== 0 || this.#pages.has(0)) return;
    this.#keep(0, loadedPage(bytes));
  }

  /** The byte; "asked" while it is on its way, or why it can't be read. */
  at(offset: number): ByteInfo | "asked" | { readonly error: string } {
    const number = Math.floor(offset / PAGE_SIZE);
    const page = this.#page(number);
    if (page === "asked" || "error" in page) return page;
    const index = offset - number * PAGE_SIZE;
    const value = page.bytes[index];
    const kind = KINDS[page.kinds[index] ?? -1];
    if (value === undefined || !kind) return { error: "The image ends before this byte." };
    return { value, kind, starts: page.starts[index] === 1, edited: page.edited[index] === 1 };
  }

  /** At most `length` bytes from `offset` on: as many as are at hand in one piece. */
  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    for (let index = 0; index < length; index++) {
      const byte = this.at(offset + index);
      if (byte === "asked" || "error" in byte) return bytes.slice(0, index);
      bytes[index] = byte.value;
    }
    return bytes;
  }

  /** The span that holds a byte, if its page is at hand. */
  spanAt(offset: number): ByteSpan | undefined {
    const page = this.#pages.get(Math.floor(offset / PAGE_SIZE));
    if (!page || page === "asked" || "error" in page) return undefined;
    const base = offset - (offset % PAGE_SIZE);
    const at = page.ends.findIndex((end) => offset < base + end);
    const { kinds, paths, names } = page.columns;
    const kind = kinds[at];
    if (kind === undefined) return undefined;
    const start = base + (page.ends[at - 1] ?? 0);
    return { start, end: base + (page.ends[at] ?? 0), kind, path: names[paths[at] ?? -1] ?? "" };
  }

  /** Why the byte can't be read, if it can't. */
  errorAt(offset: number): string | undefined {
    const page = this.#pages.get(Math.floor(offset / PAGE_SIZE));
    return page && page !== "asked" && "error" in page ? page.error : undefined;
  }

  #keep(number: number, page: Exclude<Page, "asked">): void {
    this.#version++;
    this.#stamps.set(page, this.#version);
    this.#pages.set(number, page);
  }

  #page(number: number): Page {
    const known = this.#pages.get(number);
    if (known) {
      // Re-inserted so that the Map's order is the order of last use.
      this.#pages.delete(number);
      this.#pages.set(number, known);
    } else if (this.#inFlight < IN_FLIGHT) this.#ask(number);
    const page = known ?? "asked";
    return page === "asked" ? (this.#old.get(number) ?? page) : page;
  }

  #ask(number: number): void {
    this.#inFlight++;
    const pages = this.#pages;
    pages.set(number, "asked");
    this.#load(number * PAGE_SIZE, PAGE_SIZE)
      .then(loadedPage, (error: unknown): Exclude<Page, "asked"> => {
        return { error: error instanceof Error ? error.message : String(error) };
      })
      .then((page) => {
        // Of an image that was edited meanwhile.
        if (pages !== this.#pages) return;
        this.#inFlight--;
        this.#keep(number, page);
        for (const oldest of this.#pages.keys()) {
          if (this.#pages.size <= KEPT_PAGES) break;
          this.#pages.delete(oldest);
        }
        this.#changed();
      })
      .catch(console.error);
  }
}

function loadedPage({ offset, bytes, spans, edited: ranges }: ImageBytes): LoadedPage {
  const kinds = new Uint8Array(bytes.length).fill(KINDS.indexOf("unknown"));
  const starts = new Uint8Array(bytes.length);
  const ends: number[] = [];
  let at = 0;
  for (const [index, length] of spans.lengths.entries()) {
    kinds.fill(KINDS.indexOf(spans.kinds[index] ?? "unknown"), at, at + length);
    starts[at] = 1;
    at += length;
    ends.push(at);
  }
  const edited = new Uint8Array(bytes.length);
  for (const { start, end } of ranges) edited.fill(1, start - offset, end - offset);
  return { bytes, ends, columns: spans, kinds, starts, edited };
}
