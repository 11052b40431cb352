import type { Location } from "../../src/protocol/index.ts";
import type { HexPages } from "./hex-pages.ts";
import { byteWords } from "./words.ts";

/** Paths whose words are kept. */
const MOST_DOCS = 2000;

/** Words about a byte, for the mouse that rests on it and for screen readers: what it is, its field, and the schema's words. */
export class ByteDocs {
  readonly #pages: HexPages;
  readonly #locate: (path: string) => Promise<Location | undefined>;
  /** The schema's words by path. */
  readonly #docs = new Map<string, string>();

  constructor(pages: HexPages, locate: (path: string) => Promise<Location | undefined>) {
    this.#pages = pages;
    this.#locate = locate;
  }

  /** The image is another one now. */
  forget(): void {
    this.#docs.clear();
  }

  /** What is at hand. */
  describe(offset: number): string {
    const span = this.#pages.spanAt(offset);
    return byteWords(offset, span, this.#pages.errorAt(offset), this.#docs.get(span?.path ?? ""));
  }

  /** The same with the schema's words, which the host is asked for. */
  async explain(offset: number): Promise<string> {
    const path = this.#pages.spanAt(offset)?.path ?? "";
    if (path !== "" && !this.#docs.has(path)) {
      const found = await this.#locate(path).catch(() => undefined);
      if (this.#docs.size >= MOST_DOCS) this.#docs.clear();
      this.#docs.set(path, found?.row.doc ?? "");
    }
    return this.describe(offset);
  }
}
